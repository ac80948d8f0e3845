// The disassembler against GNU objdump, over random words of every row.
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../test/isa-words.ts";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { hex32, parseU64, u64, ZERO } from "../../word/long.ts";
import { isPrefix } from "./decode.ts";
import { disassembleAll } from "./disassemble-all.ts";
import { disassemble, disassembleInstruction } from "./disassemble.ts";
import { isa } from "./table.ts";

const objdump = oracle("powerpc64le-linux-gnu-objdump", "binutils-powerpc64le-linux-gnu");

/** The lines of objdump for words at addresses from 0 on. */
function gnuLines(words: readonly number[], cpu: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "farcall-"));
  try {
    const bytes = Buffer.alloc(4 * words.length);
    words.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i));
    const file = join(folder, "words.bin");
    writeFileSync(file, bytes);
    const { stdout } = objdump.run(["-Dz", "-b", "binary", "-m", "powerpc:common64", "-M", cpu, "-EL", file]);
    return stdout
      .toString("latin1")
      .split("\n")
      .filter((line) => /^\s*[0-9a-f]+:\t/.test(line))
      .map((line) => line.split("\t").slice(2).join("\t").trimEnd());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWithOracle("the spelling of every row, as objdump -M power9 has it", [objdump], () => {
  it.each(["power8", "power9", "power10"] as const)("-M %s", (cpu) => {
    const instructions = isa.flatMap((row) =>
      fc.sample(wordsOf(row, "sometimes"), { numRuns: 100, seed: 1 }),
    );
    const words = instructions.flat();
    // such a word is anything where objdump refuses it as a suffix: a vector instruction, say
    const isSuffix = instructions.flatMap((own) => own.map((_, i) => i === 1));
    const theirs = gnuLines(words, cpu);
    expect(theirs.length).toBe(words.length);
    const different = [...disassembleAll(words, ZERO, { cpu })].flatMap(({ address, words: own, text }) => {
      const at = address.low / 4;
      const isOddPair = (n: number): boolean =>
        isPrefix(words[n] ?? 0, cpu) && /p[ls]t?q/.test(theirs[n] ?? "");
      if (own.length === 1 && (isSuffix[at] === true || isOddPair(at))) return [];
      // behind the line of a prefix is one without text for its suffix
      const gnu = theirs.slice(at, at + own.length).join("");
      return text === gnu ? [] : [`${own.map(hex32).join(" ")}: ${text} | ${gnu}`];
    });
    expect(different).toEqual([]);
  });
});

// Lines of objdump 2.40.
describe("disassemble", () => {
  it("writes a branch target as an address, with its name behind", () => {
    expect(disassemble(0x4800_0011, parseU64("0xc000000000001000") ?? ZERO)).toBe(
      "bl      0xc000000000001010",
    );
    expect(disassemble(0x4bff_fff1, u64(0x20), { symbol: (at) => `f+0x${at.toString(16)}` })).toBe(
      "bl      0x10 <f+0x10>",
    );
  });

  it("leaves an optional operand out when all that follow it have their default too", () => {
    expect(disassemble(0x4d82_0020, ZERO)).toBe("beqlr");
    expect(disassemble(0x4d82_0820, ZERO)).toBe("beqlr   cr0,1");
    expect(disassemble(0x7c00_0124, ZERO)).toBe("mtmsr   r0");
  });

  it("writes words that are no instruction as data", () => {
    expect(disassemble(0, ZERO)).toBe(".long 0x0");
    expect(disassemble(0xffff_ffff, ZERO)).toBe(".long 0xffffffff");
  });

  it("knows names and instructions of the processor asked for", () => {
    expect(disassemble(0x7c70_72a6, ZERO, { cpu: "power9" })).toBe("mfspr   r3,464");
    expect(disassemble(0x7c70_72a6, ZERO, { cpu: "power10" })).toBe("mfptcr  r3");
    expect(disassemble(0x7c63_01b6, ZERO, { cpu: "power9" })).toBe(".long 0x7c6301b6");
    expect(disassemble(0x7c63_01b6, ZERO, { cpu: "power10" })).toBe("brh     r3,r3");
  });

  it("writes the address that a prefixed instruction means behind it", () => {
    const cpu = "power10";
    expect(disassembleInstruction([0x0413_ffff, 0xe480_ff78], u64(0xc8), { cpu, symbol: () => "foo" })).toBe(
      "pld     r4,-136\t# 40 <foo>",
    );
    expect(disassembleInstruction([0x0600_0000, 0x3864_0008], ZERO, { cpu })).toBe("paddi   r3,r4,8");
    expect(disassembleInstruction([0x0600_0000, 0x3864_0008], ZERO, { cpu: "power9" })).toBeUndefined();
    expect(disassemble(0x0600_0000, ZERO, { cpu })).toBe(".long 0x6000000");
  });

  it("takes a prefix that has no suffix for it for a word of its own", () => {
    const words = [0x0610_0005, 0x3864_0064, 0x0700_0000, 0, 0x0600_0000];
    expect([...disassembleAll(words, ZERO, { cpu: "power10" })].map(({ text }) => text)).toEqual([
      ".long 0x6100005",
      "addi    r3,r4,100",
      "pnop",
      ".long 0x6000000",
    ]);
  });

  it("never throws", () => {
    const anyWord = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(anyWord, (word) => disassemble(word, ZERO) !== ""),
      { numRuns: 10_000 },
    );
    const prefix = fc.integer({ min: 0x0400_0000, max: 0x07ff_ffff });
    fc.assert(
      fc.property(prefix, anyWord, (first, suffix) => {
        const texts = disassembleAll([first, suffix], ZERO, { cpu: "power10" });
        return [...texts].every(({ text }) => text !== "");
      }),
      { numRuns: 10_000 },
    );
  });
});
