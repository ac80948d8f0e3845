// Every operation on every pair of edge values, compiled and interpreted.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_DIV, BPF_DW, BPF_END, BPF_EXIT, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP, BPF_JMP32,
  BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, BPF_K, BPF_LD_IMM64, BPF_LSH, BPF_MEM, BPF_MOD, BPF_MOV, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_STX,
  BPF_SUB, BPF_X, BPF_XOR,
} from "../bpf/opcodes.ts";
import { fromHalves, type U64 } from "../word/long.ts";
import { BareMachine } from "./test/bare-machine.ts";
import { interpreted, jitFunctions, resultOf } from "./test/compare.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const load = (dst: number, { high, low }: U64): Insn[] => [
  insn(BPF_LD_IMM64, { dst, imm: low }),
  insn(0, { imm: high }),
];

// prettier-ignore
const edges: readonly U64[] = [
  [0, 0], [0, 1], [0, 2], [0, 31], [0, 32], [0, 63], [0, 64], [0, 0x7fff_ffff], [0, 0x8000_0000], [0, 0xffff_ffff], [1, 0], [0x7fff_ffff, -1],
  [0x8000_0000, 0], [0x8000_0000, 1], [-1, -1], [-1, 0x8000_0000], [0x0102_0304, 0x8586_8788],
].map(([high = 0, low = 0]) => fromHalves(high, low));

// prettier-ignore
const operations = [BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV];
// prettier-ignore
const comparisons = [
  BPF_JEQ, BPF_JNE, BPF_JSET, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE,
];
/** For constants; -1 and 0 divide too. */
const constants = [0, 1, -1, 3, 0x7fff, 0x8000, -0x8000, 0x1_0000, 0x7fff_ffff, -0x8000_0000];
const isShift = (operation: number): boolean => [BPF_LSH, BPF_RSH, BPF_ARSH].includes(operation);

/** R6 and R7 hold the operands, R9 points to where the next result goes, R8 is what is computed. */
const keep = (index: number): Insn => insn(BPF_STX | BPF_MEM | BPF_DW, { dst: 9, src: 8, off: 8 * index });
const fromR6 = insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst: 8, src: 6 });

function program(a: U64, b: U64, steps: readonly (readonly Insn[])[]): readonly Insn[] {
  return [
    insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst: 9, src: 1 }),
    ...load(6, a),
    ...load(7, b),
    ...steps.flatMap((step, index) => [...step, keep(index)]),
    mov(0, 0),
    exit,
  ];
}

const arithmetic = [BPF_ALU, BPF_ALU64].flatMap((kind) =>
  operations.map((operation) => [fromR6, insn(kind | operation | BPF_X, { dst: 8, src: 7 })]),
);
/** Not by a register that is 0 or -1: the BPF core guards those. */
const divisions = [BPF_ALU, BPF_ALU64].flatMap((kind) =>
  [BPF_DIV, BPF_MOD].flatMap((operation) =>
    [0, 1].map((off) => [fromR6, insn(kind | operation | BPF_X, { dst: 8, src: 7, off })]),
  ),
);
const unary = [
  ...[BPF_ALU, BPF_ALU64].map((kind) => [fromR6, insn(kind | BPF_NEG, { dst: 8 })]),
  ...[16, 32, 64].flatMap((imm) =>
    [BPF_ALU | BPF_END | BPF_K, BPF_ALU | BPF_END | BPF_X, BPF_ALU64 | BPF_END].map((code) => [
      fromR6,
      insn(code, { dst: 8, imm }),
    ]),
  ),
  ...[8, 16, 32].map((off) => [insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst: 8, src: 6, off })]),
  ...[8, 16].map((off) => [insn(BPF_ALU | BPF_MOV | BPF_X, { dst: 8, src: 6, off })]),
];
const taken = (jump: Insn): Insn[] => [mov(8, 1), { ...jump, off: 1 }, mov(8, 0)];
const jumps = [BPF_JMP, BPF_JMP32].flatMap((kind) =>
  comparisons.map((comparison) => taken(insn(kind | comparison | BPF_X, { dst: 6, src: 7 }))),
);
const byConstant = (imm: number): Insn[][] =>
  [BPF_ALU, BPF_ALU64].flatMap((kind) => [
    ...operations.map((operation) => [
      fromR6,
      insn(kind | operation | BPF_K, {
        dst: 8,
        imm: isShift(operation) ? imm & (kind === BPF_ALU ? 31 : 63) : imm,
      }),
    ]),
    ...[BPF_DIV, BPF_MOD].flatMap((operation) =>
      [0, 1].map((off) => [fromR6, insn(kind | operation | BPF_K, { dst: 8, off, imm })]),
    ),
    ...comparisons.map((comparison) =>
      taken(insn((kind === BPF_ALU ? BPF_JMP32 : BPF_JMP) | comparison | BPF_K, { dst: 6, imm })),
    ),
  ]);

/** Whether a quotient by this is defined without the core's guards, in 32 and 64 bits, signed and unsigned. */
const divides = ({ high, low }: U64): boolean => low !== 0 && low !== -1 && !(high === -1 && low === -1);

describe.each([
  { endian: "le", abi: "elfv2" },
  { endian: "be", abi: "elfv1" },
] as const)("$endian $abi", (target) => {
  const machines = (["reference", "auto"] as const).map((engine) => new BareMachine({ target, engine }));
  const data = new Uint8Array(0x800);
  const check = (insns: readonly Insn[]): void => {
    const expected = interpreted([insns], data, target.endian);
    for (const machine of machines)
      expect(resultOf(machine, jitFunctions([insns], false), data)).toEqual(expected);
  };

  test("two registers", () => {
    for (const a of edges)
      for (const b of edges)
        check(program(a, b, [...arithmetic, ...jumps, ...(divides(b) ? divisions : [])]));
  });
  test("one register", () => {
    for (const a of edges) check(program(a, a, unary));
  });
  test("a register and a constant", () => {
    for (const a of edges) for (const imm of constants) check(program(a, a, byConstant(imm)));
  });
});
