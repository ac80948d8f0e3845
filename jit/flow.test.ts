// What straight-line knowledge says of shift counts, and what ends it.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_CALL, BPF_CMPXCHG, BPF_DW, BPF_FETCH, BPF_JA, BPF_JEQ, BPF_JMP, BPF_JMP32, BPF_K, BPF_LDX,
  BPF_LD_IMM64, BPF_LSH, BPF_MEM, BPF_MOV, BPF_RSH, BPF_STX, BPF_W, BPF_X, BPF_XCHG,
} from "../bpf/opcodes.ts";
import { jumpTargets, unboundedShifts } from "./flow.ts";

const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const shift = (src: number): Insn => insn(BPF_ALU64 | BPF_LSH | BPF_X, { dst: 9, src });
const shift32 = (src: number): Insn => insn(BPF_ALU | BPF_RSH | BPF_X, { dst: 9, src });

/** Whether the last of `insns`, a shift, must mask its count. */
const masked = (...insns: readonly Insn[]): boolean =>
  unboundedShifts(insns, jumpTargets(insns)).has(insns.length - 1);

describe("a count is known to be small", () => {
  // prettier-ignore
  test.each<[string, Insn[]]>([
    ["a constant", [mov(2, 63), shift(2)]],
    ["a constant of a 32-bit shift", [mov(2, 31), shift32(2)]],
    ["a 32-bit constant", [insn(BPF_ALU | BPF_MOV | BPF_K, { dst: 2, imm: 5 }), shift(2)]],
    ["a 64-bit immediate", [insn(BPF_LD_IMM64, { dst: 2, imm: 40 }), insn(0), shift(2)]],
    ["the program's own mask", [insn(BPF_ALU64 | BPF_AND | BPF_K, { dst: 2, imm: 63 }), shift(2)]],
    ["a copy of such", [mov(2, 1), insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst: 3, src: 2 }), shift(3)]],
    ["another register written since", [mov(2, 1), mov(3, 100), shift(2)]],
    ["a call, of a register that outlives it", [mov(6, 1), insn(BPF_JMP | BPF_CALL), shift(6)]],
    ["an atomic that gives nothing back", [mov(2, 1), insn(BPF_STX | BPF_ATOMIC | BPF_DW, { dst: 1, src: 2, imm: BPF_ADD }), shift(2)]],
    ["only a jump away from here", [mov(2, 1), insn(BPF_JMP | BPF_JEQ | BPF_K, { off: 1 }), shift(2)]],
  ])("%s", (_, insns) => expect(masked(...insns)).toBe(false));
});

describe("a count may be too large", () => {
  const back = insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 5, off: -2 });
  // prettier-ignore
  test.each<[string, Insn[]]>([
    ["nothing is known", [shift(2)]],
    ["a constant as large as the value has bits", [mov(2, 64), shift(2)]],
    ["one that is fit only for 64 bits", [mov(2, 32), shift32(2)]],
    ["a negative constant", [mov(2, -1), shift(2)]],
    ["a 64-bit immediate with an upper half", [insn(BPF_LD_IMM64, { dst: 2, imm: 1 }), insn(0, { imm: 1 }), shift(2)]],
    ["a mask with its sign", [insn(BPF_ALU64 | BPF_AND | BPF_K, { dst: 2, imm: -2 }), shift(2)]],
    ["arithmetic since", [mov(2, 1), insn(BPF_ALU64 | BPF_ADD | BPF_K, { dst: 2, imm: 1 }), shift(2)]],
    ["a sign-extending copy", [mov(2, 1), insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst: 3, src: 2, off: 8 }), shift(3)]],
    ["shifted itself since", [mov(2, 1), insn(BPF_ALU64 | BPF_ARSH | BPF_X, { dst: 2, src: 2 }), shift(2)]],
    ["loaded since", [mov(2, 1), insn(BPF_LDX | BPF_MEM | BPF_W, { dst: 2, src: 1 }), shift(2)]],
    ...[0, 1, 2, 3, 4, 5].map((r): [string, Insn[]] => [`R${r} since a call`, [mov(r, 1), insn(BPF_JMP | BPF_CALL), shift(r)]]),
    ["an old value fetched", [mov(2, 1), insn(BPF_STX | BPF_ATOMIC | BPF_DW, { dst: 1, src: 2, imm: BPF_ADD | BPF_FETCH }), shift(2)]],
    ["exchanged", [mov(2, 1), insn(BPF_STX | BPF_ATOMIC | BPF_DW, { dst: 1, src: 2, imm: BPF_XCHG }), shift(2)]],
    ["R0 of a compare and exchange", [mov(0, 1), insn(BPF_STX | BPF_ATOMIC | BPF_W, { dst: 1, src: 2, imm: BPF_CMPXCHG }), shift(0)]],
  ])("%s", (_, insns) => expect(masked(...insns)).toBe(true));

  test("a jump comes from elsewhere", () => {
    const insns = [mov(2, 1), shift(2), back];
    expect(unboundedShifts(insns, jumpTargets(insns))).toEqual(new Set([1]));
  });
});

test("jump targets: conditional, plain and long jumps; no calls, no second slots", () => {
  const insns = [
    insn(BPF_JMP | BPF_JEQ | BPF_K, { off: 3 }),
    insn(BPF_JMP | BPF_JA, { off: 4 }),
    insn(BPF_JMP32 | BPF_JA, { imm: 5 }),
    insn(BPF_JMP | BPF_CALL, { off: 6, imm: 1 }),
    insn(BPF_LD_IMM64),
    insn(0),
  ];
  expect([...jumpTargets(insns)].sort()).toEqual([4, 6, 8]);
});
