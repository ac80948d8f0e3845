// Every row that problem state can execute, with random operands, on QEMU and on our engines: registers, CR, XER, CTR, LR and memory.
// Left out where the manual leaves a result open and QEMU does otherwise than we: each with its section.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Cpu, type EngineName } from "../cpu/cpu.ts";
import { assemble } from "../cpu/isa/assemble.ts";
import { validBO } from "../cpu/isa/branch-spelling.ts";
import { disassemble } from "../cpu/isa/disassemble.ts";
import { encodeRow } from "../cpu/isa/encode.ts";
import type { Row } from "../cpu/isa/row.ts";
import { isa } from "../cpu/isa/table.ts";
import { hex64, u64, ZERO } from "../word/long.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

type Endian = "le" | "be";
const qemus = { le: oracle("qemu-ppc64le", "qemu-user"), be: oracle("qemu-ppc64", "qemu-user") };

/** One segment holds everything, at the same addresses in QEMU and in our real mode. */
const codeAddress = 0x10_0000;
const inputAddress = 0x60_0000;
const outputAddress = 0x80_0000;
const bufferAddress = 0xa0_0000;
const endAddress = 0xa1_0000;

/** Doublewords: r4 to r9, CR, XER, CTR, and what is in memory. */
const inputWords = 9;
/** Doublewords: r4 to r9, CR, XER, CTR, LR, and 4 of memory. */
const outputWords = 14;
const outputNames = [
  "r4",
  "r5",
  "r6",
  "r7",
  "r8",
  "r9",
  "cr",
  "xer",
  "ctr",
  "lr",
  "m0",
  "m1",
  "m2",
  "m3",
] as const;
type OutputName = (typeof outputNames)[number];

interface Case {
  readonly row: Row;
  readonly fields: Readonly<Record<string, number>>;
  /** Before and after the instruction. */
  readonly setup: readonly string[];
  readonly finish: readonly string[];
  readonly input: readonly bigint[];
}

const notInProblemState = new Set(
  "attn sc scv stop doze nap sleep wait mftb mfmsr mtmsr mtmsrd rfid hrfid rfscv tw twi td tdi mtspr mfspr".split(
    " ",
  ),
);
/** QEMU 7.2 does not know icbt on a server processor, and its stqcx. never stores in user mode. */
const notInQemu = new Set(["icbt", "stqcx."]);
/** The GNU tools and processors want big-endian storage for these [I 3.3.6, 3.3.7]. */
const bigEndianOnly = new Set("lmw stmw lswi lswx stswi stswx".split(" "));

function isProblemState(row: Row): boolean {
  return (
    !notInProblemState.has(row.mnemonic) &&
    !notInQemu.has(row.mnemonic) &&
    !/^(slb|tlb|msg)|cix$/.test(row.mnemonic) &&
    row.until === "power10"
  );
}

const isMemory = (row: Row): boolean =>
  /^(l(?!nia)|st)/.test(row.mnemonic) || /^(dcb[zf]|dcbst$|icbi)/.test(row.mnemonic);
const isUpdate = (row: Row): boolean =>
  /u\.?x?$/.test(row.mnemonic) && row.fields.some(({ name }) => name === "RA");

/** Values at the edges of 32 and 64 bits, and random ones. */
const value: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(
    ...[
      0n,
      1n,
      2n,
      -1n,
      -2n,
      0x7fff_ffffn,
      0x8000_0000n,
      0xffff_ffffn,
      0x1_0000_0000n,
      1n << 63n,
      (1n << 63n) - 1n,
      -0x8000_0000n,
    ],
  ),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.integer({ min: -128, max: 128 }).map(BigInt),
);
const gprNumber = fc.integer({ min: 4, max: 9 });
const bits = (width: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** width - 1 });

/** A field of any row: registers are r4 to r9, and r0 where it reads as 0. */
function fieldArbitrary(row: Row, name: string): fc.Arbitrary<number> {
  const field = [...row.fields, ...row.shape].find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`${row.mnemonic} has no ${name}`);
  if (name === "BO") return fc.constantFrom(...(row.mnemonic === "bcctr" ? [4, 12, 20] : validBO));
  if (name === "CY") return fc.constant(0);
  if (name === "RA0") return fc.oneof(gprNumber, fc.constant(0));
  if (field.kind === "gpr") return gprNumber;
  return bits(field.width).map(
    (n) => (field.signed && n >= 2 ** (field.width - 1) ? n - 2 ** field.width : n) * field.scale,
  );
}

const machineState = fc.tuple(...Array.from({ length: inputWords }, () => value));

function plainCase(row: Row): fc.Arbitrary<Case> {
  const names = [...row.fields, ...row.shape].map(({ name }) => name);
  return fc
    .tuple(machineState, ...names.map((name) => fieldArbitrary(row, name)))
    .map(([input, ...values]) => {
      const fields = Object.fromEntries(names.map((name, i) => [name, values[i] ?? 0]));
      return { row, fields, setup: [], finish: [], input };
    });
}

/** EA in the 32 bytes of the buffer: r4 is the base, r5 the index; data is in r6 to r9. */
function memoryCase(row: Row): fc.Arbitrary<Case> {
  const isQuad = /^(lq|stq)/.test(row.mnemonic);
  const needsAlignment = isQuad || /arx$|cx\.$/.test(row.mnemonic);
  const displacement = row.fields.find(({ name }) => ["D", "DS", "DQ"].includes(name));
  return fc
    .record({
      input: machineState,
      offset: fc.integer({ min: 0, max: 24 }).map((n) => (isQuad ? n & 16 : needsAlignment ? n & 24 : n)),
      data: fc.integer({ min: 6, max: 9 }).map((n) => (isQuad ? n & 14 : n)),
      zeroBase: fc.boolean(),
      shift: fc.integer({ min: -8, max: 7 }).map((n) => 16 * n),
    })
    .map(({ input, offset, data, zeroBase, shift }) => {
      const hasIndex = row.fields.some(({ name }) => name === "RB");
      const noBase = zeroBase && hasIndex && !isUpdate(row);
      const base = displacement === undefined ? (hasIndex ? 0 : offset) : offset - shift;
      const registers = [...input];
      registers[0] = BigInt(bufferAddress + base);
      registers[1] = BigInt(offset + (noBase ? bufferAddress : 0));
      // The string forms take their count from the low bits of XER: at most 8 bytes here.
      registers[7] = ((registers[7] ?? 0n) & ~0x7fn) | BigInt(data);
      const fields: Record<string, number> = {};
      for (const { name } of row.fields) {
        if (name === "RA0" || name === "RA") fields[name] = noBase ? 0 : 4;
        else if (name === "RB") fields[name] = 5;
        else if (name === "RT" || name === "RS") fields[name] = /mw$/.test(row.mnemonic) ? 28 : data;
        else if (name === "NB") fields[name] = 7;
        else fields[name] = 0;
      }
      if (displacement !== undefined) fields[displacement.name] = shift;
      const [, size] = /^st([bhwdq])cx\.$/.exec(row.mnemonic) ?? [];
      const reserve = size === undefined ? [] : [`l${size}arx 10,${noBase ? 0 : 4},5`];
      // lmw and stmw move r28 to r31, which are r6 to r9 before or after.
      const moves = [6, 7, 8, 9].map((n) =>
        row.mnemonic === "lmw" ? `mr ${n},${n + 22}` : `mr ${n + 22},${n}`,
      );
      const setup = row.mnemonic === "stmw" ? moves : reserve;
      return { row, fields, setup, finish: row.mnemonic === "lmw" ? moves : [], input: registers };
    });
}

/** A taken branch passes over one instruction. */
function branchCase(row: Row, address: () => number): fc.Arbitrary<Case> {
  return plainCase(row).map((plain) => {
    const fields: Record<string, number> = { ...plain.fields };
    const register = { bclr: "mtlr 10", bcctr: "mtctr 10", bctar: "mtspr 815,10" }[row.mnemonic];
    // The branch is the fourth word from here: the target, the sixth, in a register.
    const target = address() + (4 + 2) * 4 - 4;
    const setup =
      register === undefined
        ? []
        : [`lis 10,${target >> 16}`, `ori 10,10,${(target & 0xffff) | ((fields["BH"] ?? 0) & 3)}`, register];
    if (row.mnemonic === "b") fields["LI"] = fields["AA"] === 1 ? address() + 8 : 8;
    if (row.mnemonic === "bc") Object.assign(fields, { BD: 8, AA: 0 });
    return { ...plain, fields, setup, finish: ["xori 4,4,1"] };
  });
}

const before = Array.from({ length: 6 }, (_, i) => `ld ${4 + i},${8 * i}(11)`).concat(
  ["ld 10,48(11)", "mtcr 10", "ld 10,56(11)", "mtxer 10", "ld 10,64(11)", "mtctr 10"],
  Array.from({ length: 4 }, (_, i) => `std ${6 + i},${8 * i}(2)`),
);
const after = Array.from({ length: 6 }, (_, i) => `std ${4 + i},${8 * i}(12)`).concat(
  [
    "mfcr 10",
    "std 10,48(12)",
    "mfxer 10",
    "std 10,56(12)",
    "mfctr 10",
    "std 10,64(12)",
    "mflr 10",
    "std 10,72(12)",
  ],
  Array.from({ length: 4 }, (_, i) => [`ld 10,${8 * i}(2)`, `std 10,${80 + 8 * i}(12)`]).flat(),
  ["lwz 10,0(2)", `addi 11,11,${8 * inputWords}`, `addi 12,12,${8 * outputWords}`],
);
const load = (register: number, address: number): string[] => [
  `lis ${register},${address >> 16}`,
  `ori ${register},${register},${address & 0xffff}`,
];

/** The program of all cases, and the cases. */
function build(endian: Endian, perShape: number): { cases: Case[]; words: number[] } {
  const words: number[] = [
    ...assemble([...load(11, inputAddress), ...load(12, outputAddress), ...load(2, bufferAddress)].join("\n"))
      .words,
  ];
  const [enter, leave] = [assemble(before.join("\n")).words, assemble(after.join("\n")).words];
  const cases: Case[] = [];
  const address = (): number => codeAddress + 4 * (words.length + enter.length);
  for (const row of isa) {
    if (!isProblemState(row) || (endian === "le" && bigEndianOnly.has(row.mnemonic))) continue;
    const shapes = row.shape.length === 0 ? 1 : Math.min(4, 2 ** row.shape.length);
    const isBranch = /^b(c|clr|cctr|ctar)?$/.test(row.mnemonic);
    const arbitrary = (): fc.Arbitrary<Case> =>
      isBranch ? branchCase(row, address) : isMemory(row) ? memoryCase(row) : plainCase(row);
    const count = perShape * shapes * (isBranch ? 6 : 1);
    for (let i = 0; i < count; i++) {
      const [made] = fc.sample(arbitrary(), { numRuns: 1, seed: 1000 * i + cases.length });
      if (made === undefined) continue;
      cases.push(made);
      words.push(...enter, ...assemble(made.setup.join("\n")).words, encodeRow(row, made.fields));
      words.push(...assemble(made.finish.join("\n")).words);
      words.push(...leave);
    }
  }
  return { cases, words };
}

/** An executable of one segment, readable, writable and executable. */
function elf(image: Uint8Array, endian: Endian): Uint8Array {
  const le = endian === "le";
  const header = new DataView(new ArrayBuffer(120));
  const put16 = (at: number, n: number): void => header.setUint16(at, n, le);
  const put32 = (at: number, n: number): void => header.setUint32(at, n, le);
  const put64 = (at: number, n: number): void => header.setBigUint64(at, BigInt(n), le);
  [0x7f, 0x45, 0x4c, 0x46, 2, le ? 1 : 2, 1].forEach((byte, i) => header.setUint8(i, byte));
  put16(16, 2); // executable
  put16(18, 21); // PowerPC64
  put32(20, 1);
  put64(24, codeAddress);
  put64(32, 64);
  put32(48, 2); // ELFv2, whose entry is no descriptor
  put16(52, 64);
  put16(54, 56);
  put16(56, 1);
  put32(64, 1); // loaded
  put32(68, 7);
  put64(72, 0x1_0000);
  put64(80, codeAddress);
  put64(88, codeAddress);
  put64(96, image.length);
  put64(104, image.length);
  put64(112, 0x1_0000);
  const file = new Uint8Array(0x1_0000 + image.length);
  file.set(new Uint8Array(header.buffer));
  file.set(image, 0x1_0000);
  return file;
}

/** Code and inputs as they lie in memory from `codeAddress` on. */
function image(words: readonly number[], cases: readonly Case[], endian: Endian): Uint8Array {
  const le = endian === "le";
  const view = new DataView(new ArrayBuffer(endAddress - codeAddress));
  words.forEach((word, i) => view.setUint32(4 * i, word, le));
  cases.forEach(({ input }, i) =>
    input.forEach((n, j) =>
      view.setBigUint64(inputAddress - codeAddress + 8 * (inputWords * i + j), BigInt.asUintN(64, n), le),
    ),
  );
  return new Uint8Array(view.buffer);
}

function runQemu(words: readonly number[], cases: readonly Case[], endian: Endian): Uint8Array {
  const bytes = 8 * outputWords * cases.length;
  const end = [
    ...["li 0,4", "li 3,1", ...load(4, outputAddress), ...load(5, bytes), "sc"],
    ...["li 0,1", "li 3,0", "sc"],
  ];
  const all = [...words, ...assemble(end.join("\n")).words];
  const folder = mkdtempSync(join(tmpdir(), "farcall-"));
  try {
    const file = join(folder, "rows");
    writeFileSync(file, elf(image(all, cases, endian), endian));
    chmodSync(file, 0o755);
    const { stdout, stderr, status } = qemus[endian].run(["-cpu", "power10", file]);
    if (status !== 0 || stdout.length !== bytes)
      throw new Error(`QEMU: ${status}, ${stdout.length} bytes; ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runOurs(
  words: readonly number[],
  cases: readonly Case[],
  endian: Endian,
  engine: EngineName,
): Uint8Array {
  const cpu = new Cpu({ model: "power10", ramBytes: 0x100_0000, endian, engine, interrupts: "host" });
  cpu.ram
    .bytes(codeAddress, endAddress - codeAddress)
    .set(image([...words, ...assemble("attn").words], cases, endian));
  cpu.state.nia = u64(codeAddress);
  const stop = cpu.run(words.length + 1);
  if (stop.reason !== "attn")
    throw new Error(`${engine}: ${JSON.stringify(stop)} at ${hex64(cpu.state.nia)}`);
  return cpu.ram.bytes(outputAddress, 8 * outputWords * cases.length).slice();
}

const all = (1n << 64n) - 1n;

/** Is there no quotient that fits? Then the target and CR0 are undefined [I 3.3.9]. */
function overflows({ row, fields, input }: Case): boolean {
  const isWord = /^(div|mod).?w/.test(row.mnemonic);
  const isUnsigned = row.mnemonic.endsWith("u") || /^modu/.test(row.mnemonic);
  const size = isWord ? 32 : 64;
  const wrap = (n: bigint): bigint => (isUnsigned ? BigInt.asUintN(size, n) : BigInt.asIntN(size, n));
  const a = wrap(input[(fields["RA"] ?? 4) - 4] ?? 0n) << (/^div.e/.test(row.mnemonic) ? BigInt(size) : 0n);
  const b = wrap(input[(fields["RB"] ?? 4) - 4] ?? 0n);
  return b === 0n || wrap(a / b) !== a / b;
}

/** The bits of an output that are defined, and the same in QEMU. */
function compared(test: Case, name: OutputName): bigint {
  const { row, fields } = test;
  const target = `r${fields["RT"] ?? 99}`;
  const isDivision = /^(div|mod)/.test(row.mnemonic);
  const noResult = isDivision && overflows(test);
  const halfResult = /^(div|mod).?w|^mulhw/.test(row.mnemonic);
  // SO OV CA OV32 CA32: what else XER keeps is open [I 3.2.2].
  // QEMU 7.2 misses overflows of divde with a negative dividend [I 3.3.9].
  if (row.mnemonic === "divde" && noResult && (name === "cr" || name === "xer")) return 0n;
  if (name === "xer") return 0xe00c_0000n;
  if (name === target && noResult) return 0n;
  // Bits 0:31 are undefined [I 3.3.9].
  if (name === target && /^div.?w|^mulhw/.test(row.mnemonic)) return 0xffff_ffffn;
  if (name === "cr" && (noResult || halfResult) && fields["Rc"] === 1) return 0x1fff_ffffn;
  // mfocrf leaves the other fields undefined, and several or no bits of FXM [I 3.3.17].
  if (row.mnemonic === "mfocrf" && name === target) return oneField(fields["FXM"] ?? 0);
  if (row.mnemonic === "mtocrf" && name === "cr" && oneField(fields["FXM"] ?? 0) === 0n) return 0n;
  return all;
}

function oneField(FXM: number): bigint {
  const n = Math.log2(FXM);
  return Number.isInteger(n) ? 0xfn << BigInt(4 * n) : 0n;
}

/** What differs, a line for each case. */
function differences(cases: readonly Case[], theirs: Uint8Array, ours: Uint8Array, endian: Endian): string[] {
  const read = (bytes: Uint8Array, at: number): bigint =>
    new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8 * at, endian === "le");
  return cases.flatMap((test, i) => {
    const wrong = outputNames.flatMap((name, j) => {
      const [their, our] = [read(theirs, outputWords * i + j), read(ours, outputWords * i + j)];
      if (((their ^ our) & compared(test, name)) === 0n) return [];
      return [`${name} ${our.toString(16)}, QEMU ${their.toString(16)}`];
    });
    if (wrong.length === 0) return [];
    const text = disassemble(encodeRow(test.row, test.fields), ZERO, { cpu: "power10" });
    const input = test.input.map((n) => BigInt.asUintN(64, n).toString(16)).join(" ");
    return [`${test.row.mnemonic}: ${text} | ${wrong.join("; ")} | ${input}`];
  });
}

describeWithOracle("rows on QEMU and on our engines", [qemus.le, qemus.be], () => {
  it.each(["le", "be"] as const)("%s", (endian) => {
    const { cases, words } = build(endian, 4);
    const theirs = runQemu(words, cases, endian);
    for (const engine of ["reference", "interpreter"] as const)
      expect(differences(cases, theirs, runOurs(words, cases, endian, engine), endian), engine).toEqual([]);
  });
});
