// The assembler against GNU as and against the disassembler; labels, directives and errors by themselves.
import fc from "fast-check";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../test/isa-words.ts";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { hex32, parseU64, u64, ZERO } from "../../word/long.ts";
import { assemble, AssembleError } from "./assemble.ts";
import { disassembleInstruction } from "./disassemble.ts";
import type { InstructionWords } from "./encode.ts";
import type { CpuModel, Row } from "./row.ts";
import { isa } from "./table.ts";

const gnuAs = oracle("powerpc64-linux-gnu-as", "binutils-powerpc64-linux-gnu");
const objcopy = oracle("powerpc64-linux-gnu-objcopy", "binutils-powerpc64-linux-gnu");

/** The words of `.text` that GNU as makes, big-endian. */
function gnuWords(text: string, cpu: CpuModel = "power9"): number[] {
  const folder = mkdtempSync(join(tmpdir(), "farcall-"));
  try {
    const [source, object, flat] = ["a.s", "a.o", "a.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(source, `${text}\n`);
    const made = gnuAs.run([`-m${cpu}`, "-mregnames", "-a64", "-o", object, source]);
    if (made.status !== 0) throw new Error(made.stderr);
    objcopy.run(["-O", "binary", "-j", ".text", object, flat]);
    const bytes = readFileSync(flat);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(4 * i));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Text that GNU as refuses as an invalid form; and mtcrf of one field, for which it makes mtocrf. */
function isNoCommonGround(text: string): boolean {
  return (
    /^lsw[ix]/.test(text) ||
    /^bcctrl?[+-]? +(0|2|8|10|16|18|24|25|26|27),/.test(text) ||
    /^mtcrf +(1|2|4|8|16|32|64|128),/.test(text)
  );
}

/** A number as the target of a relative branch is a displacement for GNU as, an address for us. */
function forGnu(text: string, address: number): string {
  if (!/^b[a-z]*[+-]? /.test(text) || /^b[a-z]*a[+-]? /.test(text)) return text;
  return text.replace(/0x[0-9a-f]+$/, (to) => `.+(${BigInt.asIntN(64, BigInt(to) - BigInt(address))})`);
}

interface Spelled {
  readonly words: InstructionWords;
  readonly text: string;
}

/** Random words of the rows that can be spelled, with their text at address 0. */
function spelledWords(rows: readonly Row[], perRow: number, cpu: CpuModel): Spelled[] {
  return rows
    .flatMap((row) => fc.sample(wordsOf(row, "never"), { numRuns: perRow, seed: 2 }))
    .flatMap((words) => {
      const text = disassembleInstruction(words, ZERO, { cpu });
      return text === undefined ? [] : [{ words, text }];
    });
}

const prefixed = isa.filter(({ prefix }) => prefix !== undefined);

/** Bits of BO that are reserved, which a name such as bdnz cannot show. */
function hasReservedHint([word]: InstructionWords): boolean {
  const BO = (word >>> 21) & 31;
  return word >>> 26 === 16 && ![0, 2, 4, 6, 7, 8, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 27].includes(BO);
}

describeWithOracle("instructions as GNU as makes them", [gnuAs, objcopy], () => {
  it("for text of every row", () => {
    const spelled = spelledWords(isa, 30, "power9").filter(({ text }) => !isNoCommonGround(text));
    const theirs = gnuWords(spelled.map(({ text }) => forGnu(text, 0)).join("\n"));
    expect(theirs.length).toBe(spelled.length);
    const different = spelled.flatMap(({ text }, i) => {
      const [ours = 0] = assemble(text).words;
      return ours === theirs[i] ? [] : [`${text}: ${hex32(ours)} | ${hex32(theirs[i] ?? 0)}`];
    });
    expect(different).toEqual([]);
  });

  it("for text of every prefixed row, with a nop before those that would cross 64 bytes", () => {
    const text = spelledWords(prefixed, 60, "power10").map((spelled) => spelled.text);
    expect(text.length).toBeGreaterThan(300);
    const lines = text.join("\nnop\n");
    const { words } = assemble(lines, { endian: "be" });
    expect(words.map(hex32)).toEqual(gnuWords(lines, "power10").map(hex32));
    expect(words.length).toBeGreaterThan(3 * text.length + 20);
  });

  it.each([
    ["immediates", "paddi 3,4,-1; paddi 3,0,0x1ffffffff; pli 3,-8589934592; psubi 3,4,8; psubi 3,0,8,1"],
    ["bases", "plwz 3,8(4); plwz 3,8(4),0; plwz 3,8; plwz 3,8(0),1; pld 3,-8(0); pla 3,8(4); pla 3,8; pnop"],
    ["labels", "b 1f; 1: pla 3,1b; a: pld 4,a@pcrel; pstd 4,b@pcrel; paddi 3,0,b@pcrel,1; b: plq 4,b-."],
    ["boundaries", `${"nop; ".repeat(15)}a: pli 3,1; b a; ${"nop; ".repeat(13)}c:; pla 4,8; b c`],
  ])("prefixed: %s", (_, text) => {
    const lines = text.replaceAll("; ", "\n");
    const words = assemble(lines, { endian: "be" }).words;
    expect(words.map(hex32)).toEqual(gnuWords(lines, "power10").map(hex32));
  });

  it.each([
    ["registers", "add r3,%r4,5; lwz 3,-8(r1); ld r2,0(%r2); stdu 1,-64(1)"],
    ["immediates", "li 3,-1; lis 4,0xffff; li 3,'A'; li 3,~0; li 3,(1<<4)|3; li 3,-(2-5); li 3,7/2-1"],
    [
      "subtractions",
      "subi 3,4,8; subis 3,4,8; sub 3,4,5; subo. 3,4,5; subc 3,4,5; subic. 3,4,1; subpcis 3,5",
    ],
    ["extract", "extlwi 3,4,5,6; extrwi. 3,4,5,6; extldi 3,4,5,6; extrdi 3,4,5,6; clrlslwi 3,4,6,5"],
    ["insert", "inslwi 3,4,5,6; insrwi 3,4,5,6; insrdi 3,4,5,6; clrlsldi 3,4,6,5"],
    ["rotate", "rotrwi 3,4,5; rotrdi 3,4,5; rotlwi 3,4,5; slwi 3,4,0; srwi 3,4,0; srwi. 3,4,5; srdi 3,4,0"],
    ["compare", "cmpwi 3,5; cmpwi cr7,3,5; cmpldi 7,3,5; cmplw cr1,r3,r4; cmpi 1,1,3,5; cmp 1,1,3,5"],
    [
      "branches",
      "1: beq 1b; beq+ cr7,1b; bnl 1b; bng cr3,1b; bun 1b; bdnzt 4*cr7+eq,1b; bdnzf lt,1b; bc 12,6,1b",
    ],
    ["targets", "b .+8; bl 1f; beqla 0x100; bla 0x100; 1: blr; blrl; bctrl; bnelr+ cr7; bclr 12,2,1; btar"],
    ["traps", "trap; tweq 3,4; tdnei 3,0; twlnl 3,4; tdlngi 3,4; tdi 3,4,5"],
    [
      "moves to and from SPRs",
      "mflr 0; mtspr 26,4; mfsprg0 3; mfsprg 3,1; mtsprg 2,3; mfpvr 3; mftb 3; mttar 4",
    ],
    [
      "CR",
      "crset 4*cr1+eq; crnot 1,2; crmove lt,gt; mcrf cr1,cr7; mtcr 3; mtcrf 0x81,3; mfocrf 3,0x80; mfcr 3,16",
    ],
    ["barriers", "sync; sync 1; lwsync; ptesync; dcbt 3,4; dcbt 3,4,8; dcbf 3,4,1; dcbzl 3,4; lwarx 3,0,5,1"],
    ["halves", ".set s,0x123456789abcdef0; lis 3,s@highest; ori 3,3,s@higher; oris 3,3,s@h; ori 3,3,s@l"],
    [
      "adjusted halves",
      ".set s,0x123456789abcdef0; addis 3,2,s@ha; ld 3,s@l(3); lis 3,s@highesta; li 3,s@highera",
    ],
    [
      "bytes",
      '.byte 1,2,-1; .ascii "a;b#,\\n\\"", "//"; .asciz "x\\101\\377é"; .short 0x1234; .balign 4; nop; .space 5; .p2align 3',
    ],
    [
      "ends of data",
      ".byte 255,-128; .short 65535,-32768; .long 0xffffffff,-0x80000000; .quad -1; .balign 4",
    ],
    ["data", ".long 1,-1; .quad 0x123456789abcdef0; .balign 16; .space 8; .p2align 3"],
  ])("%s", (_, text) => {
    const lines = text.replaceAll("; ", "\n");
    const words = assemble(lines, { endian: "be" }).words;
    expect(words.map(hex32)).toEqual(gnuWords(lines).map(hex32));
  });
});

describe("assemble", () => {
  it("gives back the word of what the disassembler writes", () => {
    const changed = spelledWords(isa, 20, "power10")
      .filter(({ words }) => !hasReservedHint(words))
      .filter(({ words, text }) => String(assemble(text).words) !== String(words))
      .map(({ words, text }) => `${words.map(hex32).join(" ")} ${text}`);
    expect(changed).toEqual([]);
  });

  it("knows labels before and after, numeric ones by direction", () => {
    const { words, symbols } = assemble("start: b end\n1: b 1b\nb 1f\n1: nop\nend: b start", {
      base: u64(0x1000),
    });
    expect(words.map(hex32)).toEqual(["0x48000010", "0x48000000", "0x48000004", "0x60000000", "0x4bfffff0"]);
    expect(symbols.get("end")?.toNumber()).toBe(0x1010);
  });

  it("takes a 64-bit base and symbols from outside", () => {
    const base = parseU64("0xc000000000010000") ?? ZERO;
    const { words, lines } = assemble("nop; bl helper", {
      base,
      symbols: new Map([["helper", base.add(0x100)]]),
    });
    expect(words.map(hex32)).toEqual(["0x60000000", "0x480000fd"]);
    expect(lines[1]?.address.toString(16)).toBe("c000000000010004");
  });

  it("leaves comments out, and keeps the numbers of lines", () => {
    const { lines } = assemble("# one\nnop // two\n/* three\n four */ blr\n");
    expect(lines.map(({ line }) => line)).toEqual([2, 4]);
  });

  it("leaves out what conditions exclude, unread, and reads what they let in", () => {
    const text =
      ".if A\nli 3,1\n.ifdef B\nli 3,2; .else; li 3,3\n.endif\n.else\nfrobnicate\n.if nowhere\n.endif\n.endif";
    const words = (symbols: Record<string, number>): readonly number[] =>
      assemble(text, { symbols: new Map(Object.entries(symbols).map(([k, v]) => [k, u64(v)])) }).words;
    expect(words({ A: 1, B: 0 })).toEqual(assemble("li 3,1; li 3,2").words);
    expect(words({ A: 2 })).toEqual(assemble("li 3,1; li 3,3").words);
    expect(() => words({ A: 0 })).toThrow("line 8: no symbol nowhere");
  });

  it("keeps what directives say of symbols", () => {
    const text =
      ".globl f, g\n.type f,@function\nf: nop; nop\n.localentry f,.-f\nblr\n.size f,.-f\ng: blr\nh: blr\n.size h,4";
    expect([...assemble(text).marks]).toEqual([
      ["f", { isGlobal: true, isFunction: true, sizeBytes: 12, localEntryBytes: 8 }],
      ["g", { isGlobal: true, isFunction: false, sizeBytes: 0, localEntryBytes: 0 }],
      ["h", { isGlobal: false, isFunction: false, sizeBytes: 4, localEntryBytes: 0 }],
    ]);
  });

  it("writes .quad in the order of the machine", () => {
    expect(assemble(".quad 0x1122334455667788").words).toEqual([0x5566_7788, 0x1122_3344]);
    expect(assemble(".quad 0x1122334455667788", { endian: "be" }).words).toEqual([0x1122_3344, 0x5566_7788]);
  });

  it.each([
    ["add 3,4", "line 1: add: 2 operands, not 3"],
    ["nop\nfrobnicate 3", "line 2: no instruction frobnicate"],
    ["addi 3,4,0x8000", "line 1: addi: SI is 32768, not -32768 to 32767"],
    ["ld 3,6(4)", "line 1: ld: DS is 6, not -32768 to 32764, a multiple of 4"],
    ["b nowhere", "line 1: b: no symbol nowhere"],
    ["lwz 3,4", "line 1: lwz: 4 is no displacement(register)"],
    ["add 3,4,r32", "line 1: add: there is no register r32"],
    ["add 3,4,32", "line 1: add: there is no register 32"],
    ["a: nop\na: nop", "line 2: a is defined twice"],
    ["li 3,1+", "line 1: li: an expression is missing"],
    ["li 3,(1", "line 1: li: a parenthesis is not closed"],
    [".byte 1\nnop", "line 2: nop is not at a multiple of 4"],
    [".balign 3", "line 1: .balign 3 is no power of two from 1 to 16777216 bytes"],
    [".p2align 1000", "line 1: .p2align 1000 is no power of two from 1 to 16777216 bytes"],
    [".space 0x7fffffffffffffff", "line 1: .space 0x7fffffffffffffff is no size"],
    [".long 0x1ffffffff", "line 1: .long: 0x00000001ffffffff is not -2147483648 to 4294967295"],
    [".long 1, -0x80000001", "line 1: .long: 0xffffffff7fffffff is not -2147483648 to 4294967295"],
    [".short 65536", "line 1: .short: 0x0000000000010000 is not -32768 to 65535"],
    [".byte 256", "line 1: .byte: 0x0000000000000100 is not -128 to 255"],
    [".byte -129", "line 1: .byte: 0xffffffffffffff7f is not -128 to 255"],
    [".quad 0x1ffffffffffffffff", "line 1: 0x1ffffffffffffffff needs more than 64 bits"],
    [".ascii x", "line 1: x is no string"],
    ["slwi 3,4,32", "line 1: slwi: 32 is not 0 to 31"],
    ["paddi 3,4,8,1", "line 1: paddi: R 1 and RA0 4 are an invalid form"],
    ["pli 3,0x200000000", "line 1: pli: SI is 8589934592, not -8589934592 to 8589934591"],
    [".weird 4", "line 1: unknown directive .weird"],
    ["nop\n.if 1\nnop", "line 2: .if without .endif"],
    ["nop\n.else", "line 2: .else without .if"],
    [".ifdef x\n.else\n.else", "line 3: a second .else"],
    [".if nowhere\n.endif", "line 1: no symbol nowhere"],
    ["f: nop\n.size f,.-g", "line 2: no symbol g"],
    ["beq 0x10000", "line 1: beq: BD is 65536, not -32768 to 32764, a multiple of 4"],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => assemble(text)).toThrow(new AssembleError(Number(message.charAt(5)), message.slice(8)));
  });

  it("takes names for the registers of mfspr and mtspr", () => {
    const { words } = assemble("mfspr 3,SRR0; mfspr 3,sprg3; mfspr 3,CTRL; mtspr CTRL,3; mtspr PTCR,3");
    const numbers = assemble("mfspr 3,26; mfspr 3,275; mfspr 3,136; mtspr 152,3; mtspr 464,3");
    expect(words.map(hex32)).toEqual(numbers.words.map(hex32));
  });

  it("assembles only what the processor has, when one is named", () => {
    expect(() => assemble("modsw 3,4,5", { cpu: "power8" })).toThrow("no instruction modsw on power8");
    expect(assemble("modsw 3,4,5", { cpu: "power9" }).words.map(hex32)).toEqual(["0x7c642e16"]);
  });
});
