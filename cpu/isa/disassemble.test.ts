// The disassembler against GNU objdump, over random words of every row.
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../test/isa-words.ts";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { hex32, parseU64, u64, ZERO } from "../../word/long.ts";
import { disassemble } from "./disassemble.ts";
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
    const words = isa.flatMap((row) => fc.sample(wordsOf(row, "sometimes"), { numRuns: 100, seed: 1 }));
    const ours = words.map((word, i) => disassemble(word, u64(4 * i), { cpu }));
    const theirs = gnuLines(words, cpu);
    expect(theirs.length).toBe(words.length);
    const different = words.flatMap((word, i) =>
      ours[i] === theirs[i] ? [] : [`${hex32(word)}: ${ours[i] ?? ""} | ${theirs[i] ?? ""}`],
    );
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

  it("never throws", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (word) => disassemble(word, ZERO) !== ""),
      { numRuns: 10_000 },
    );
  });
});
