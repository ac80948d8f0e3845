// How many words each opcode takes: the figures that were read from Linux's JIT.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_B, BPF_CMPXCHG, BPF_DIV, BPF_DW, BPF_END, BPF_EXIT, BPF_FETCH, BPF_H,
  BPF_JA, BPF_JEQ, BPF_JGT, BPF_JMP, BPF_JMP32, BPF_JSET, BPF_JSGT, BPF_K, BPF_LDX, BPF_LD_IMM64, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD,
  BPF_MOV, BPF_MUL, BPF_NEG, BPF_OR, BPF_RSH, BPF_ST, BPF_STX, BPF_SUB, BPF_TO_BE, BPF_TO_LE, BPF_W, BPF_X, BPF_XCHG, BPF_XOR,
} from "../bpf/opcodes.ts";
import { jitOne, seenTarget } from "./test/fixtures.ts";
import type { JitTarget } from "./target.ts";

const exit = insn(BPF_JMP | BPF_EXIT);

/** Words of the last of `insns`, in a program that ends behind it. */
function wordsOf(insns: readonly Insn[], target: JitTarget = seenTarget, verifierZext = false): number {
  const { insnOffsets } = jitOne([...insns, exit], target, { verifierZext });
  const last = insns.length - (insns.at(-2)?.code === BPF_LD_IMM64 ? 2 : 1);
  return ((insnOffsets[insns.length] ?? NaN) - (insnOffsets[last] ?? NaN)) / 4;
}

const x = (code: number, more = {}): Insn => insn(code | BPF_X, { dst: 1, src: 2, ...more });
const m = (code: number, more = {}): Insn => insn(code, { dst: 1, src: 2, ...more });
const k = (code: number, imm: number, more = {}): Insn => insn(code | BPF_K, { dst: 1, imm, ...more });
const big: JitTarget = { ...seenTarget, endian: "be", abi: "elfv1" };
const loadTwo = insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst: 2, imm: 2 });

describe("64-bit arithmetic", () => {
  // prettier-ignore
  test.each<[string, Insn, number]>([
    ["add", x(BPF_ALU64 | BPF_ADD), 1], ["sub", x(BPF_ALU64 | BPF_SUB), 1], ["mul", x(BPF_ALU64 | BPF_MUL), 1],
    ["and", x(BPF_ALU64 | BPF_AND), 1], ["or", x(BPF_ALU64 | BPF_OR), 1], ["xor", x(BPF_ALU64 | BPF_XOR), 1],
    ["div", x(BPF_ALU64 | BPF_DIV), 1], ["mod", x(BPF_ALU64 | BPF_MOD), 3],
    ["sdiv", x(BPF_ALU64 | BPF_DIV, { off: 1 }), 1], ["smod", x(BPF_ALU64 | BPF_MOD, { off: 1 }), 3],
    ["mov", x(BPF_ALU64 | BPF_MOV), 1], ["mov to itself", x(BPF_ALU64 | BPF_MOV, { src: 1 }), 0],
    ["movsx", x(BPF_ALU64 | BPF_MOV, { off: 32 }), 1], ["neg", k(BPF_ALU64 | BPF_NEG, 0), 1],
    ["add 0", k(BPF_ALU64 | BPF_ADD, 0), 0], ["add of 16 bits", k(BPF_ALU64 | BPF_ADD, -0x8000), 1],
    ["add of 32 bits, low half zero", k(BPF_ALU64 | BPF_ADD, 0x1_0000), 2], ["add of 32 bits", k(BPF_ALU64 | BPF_ADD, 0x1_0001), 3],
    ["sub of 0x8000", k(BPF_ALU64 | BPF_SUB, 0x8000), 1], ["sub of -0x8000", k(BPF_ALU64 | BPF_SUB, -0x8000), 2],
    ["and of 16 bits", k(BPF_ALU64 | BPF_AND, 0xffff), 1], ["and of 32 bits", k(BPF_ALU64 | BPF_AND, 0x1_ffff), 3], ["and -1", k(BPF_ALU64 | BPF_AND, -1), 2],
    ["or 0", k(BPF_ALU64 | BPF_OR, 0), 0], ["or low", k(BPF_ALU64 | BPF_OR, 0xffff), 1], ["or high", k(BPF_ALU64 | BPF_OR, 0x1_0000), 1],
    ["or both", k(BPF_ALU64 | BPF_OR, 0x1_0001), 2], ["or -1", k(BPF_ALU64 | BPF_OR, -1), 2], ["xor -1", k(BPF_ALU64 | BPF_XOR, -1), 2],
    ["mul of 16 bits", k(BPF_ALU64 | BPF_MUL, 3), 1], ["mul of 32 bits", k(BPF_ALU64 | BPF_MUL, 0x1_0001), 3],
    ["div 1", k(BPF_ALU64 | BPF_DIV, 1), 0], ["mod 1", k(BPF_ALU64 | BPF_MOD, 1), 1], ["div 3", k(BPF_ALU64 | BPF_DIV, 3), 2],
    ["mod 3", k(BPF_ALU64 | BPF_MOD, 3), 4], ["lsh 0", k(BPF_ALU64 | BPF_LSH, 0), 0], ["rsh 1", k(BPF_ALU64 | BPF_RSH, 1), 1],
    ["mov of 16 bits", k(BPF_ALU64 | BPF_MOV, -1), 1], ["mov of 32 bits", k(BPF_ALU64 | BPF_MOV, 0x1234_5678), 2],
    ["mov, low half zero", k(BPF_ALU64 | BPF_MOV, 0x1234_0000), 1],
  ])("%s", (_, instruction, words) => expect(wordsOf([instruction])).toBe(words));
});

describe("32-bit arithmetic: one word more to clear the upper half, but for shifts and positive constants", () => {
  // prettier-ignore
  test.each<[string, Insn, number, number]>([
    ["add", x(BPF_ALU | BPF_ADD), 2, 1], ["mul", x(BPF_ALU | BPF_MUL), 2, 1], ["mod", x(BPF_ALU | BPF_MOD), 4, 3],
    ["and", x(BPF_ALU | BPF_AND), 2, 1], ["mov", x(BPF_ALU | BPF_MOV), 2, 1], ["neg", k(BPF_ALU | BPF_NEG, 0), 2, 1],
    ["mov of a negative constant", k(BPF_ALU | BPF_MOV, -1), 2, 1], ["mov of a positive constant", k(BPF_ALU | BPF_MOV, 1), 1, 1],
    ["or -1", k(BPF_ALU | BPF_OR, -1), 3, 2], ["arsh 1", k(BPF_ALU | BPF_ARSH, 1), 2, 1],
    ["mod 1", k(BPF_ALU | BPF_MOD, 1), 1, 1], ["div 1", k(BPF_ALU | BPF_DIV, 1), 1, 0], ["lsh 0", k(BPF_ALU | BPF_LSH, 0), 1, 1], ["rsh 31", k(BPF_ALU | BPF_RSH, 31), 1, 1], ["movsx", x(BPF_ALU | BPF_MOV, { off: 8 }), 2, 1],
  ])("%s", (_, instruction, own, verified) => {
    expect(wordsOf([instruction])).toBe(own);
    expect(wordsOf([instruction], seenTarget, true)).toBe(verified);
  });
});

describe("shifts by a register", () => {
  test("one word where the count is known to be small", () => {
    expect(wordsOf([loadTwo, x(BPF_ALU64 | BPF_LSH)])).toBe(1);
    expect(wordsOf([k(BPF_ALU64 | BPF_AND, 31, { dst: 2 }), x(BPF_ALU | BPF_RSH)])).toBe(1);
    expect(wordsOf([loadTwo, x(BPF_ALU | BPF_ARSH)])).toBe(2);
  });
  test("one more to mask a count that may be too large", () => {
    expect(wordsOf([x(BPF_ALU64 | BPF_LSH)])).toBe(2);
    expect(wordsOf([k(BPF_ALU64 | BPF_AND, 63, { dst: 2 }), x(BPF_ALU | BPF_RSH)])).toBe(2);
    expect(wordsOf([loadTwo, x(BPF_ALU64 | BPF_ADD, { dst: 2, src: 3 }), x(BPF_ALU64 | BPF_ARSH)])).toBe(2);
  });
  test("a jump may come from elsewhere with another count", () => {
    const back = insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 3, off: -2 });
    const { insnOffsets } = jitOne([loadTwo, x(BPF_ALU64 | BPF_LSH), back, exit]);
    expect((insnOffsets[2] ?? 0) - (insnOffsets[1] ?? 0)).toBe(8);
  });
});

describe("byte swaps", () => {
  // prettier-ignore
  test.each<[string, Insn, number, number]>([
    ["be16", k(BPF_ALU | BPF_END | BPF_TO_BE, 16), 3, 1], ["be32", k(BPF_ALU | BPF_END | BPF_TO_BE, 32), 4, 1], ["be64", k(BPF_ALU | BPF_END | BPF_TO_BE, 64), 3, 0],
    ["le16", k(BPF_ALU | BPF_END | BPF_TO_LE, 16), 1, 3], ["le32", k(BPF_ALU | BPF_END | BPF_TO_LE, 32), 1, 4], ["le64", k(BPF_ALU | BPF_END | BPF_TO_LE, 64), 0, 3],
    ["bswap16", k(BPF_ALU64 | BPF_END, 16), 3, 3], ["bswap32", k(BPF_ALU64 | BPF_END, 32), 4, 4], ["bswap64", k(BPF_ALU64 | BPF_END, 64), 3, 3],
  ])("%s", (_, instruction, onLittle, onBig) => {
    expect(wordsOf([instruction])).toBe(onLittle);
    expect(wordsOf([instruction], big)).toBe(onBig);
  });
});

describe("jumps", () => {
  // prettier-ignore
  test.each<[string, Insn, number]>([
    ["ja", insn(BPF_JMP | BPF_JA), 1], ["gotol", insn(BPF_JMP32 | BPF_JA), 1],
    ["jeq", x(BPF_JMP | BPF_JEQ), 3], ["jeq 0x7fff", k(BPF_JMP | BPF_JEQ, 0x7fff), 3], ["jeq 0x8000", k(BPF_JMP | BPF_JEQ, 0x8000), 5],
    ["jeq -1", k(BPF_JMP | BPF_JEQ, -1), 4], ["jsgt -1", k(BPF_JMP | BPF_JSGT, -1), 3], ["jsgt 0x8000", k(BPF_JMP32 | BPF_JSGT, 0x8000), 5],
    ["jgt 0x10000", k(BPF_JMP32 | BPF_JGT, 0x1_0000), 4],
    ["jset", x(BPF_JMP | BPF_JSET), 3], ["jset of 32 bits", x(BPF_JMP32 | BPF_JSET), 4], ["jset 1", k(BPF_JMP32 | BPF_JSET, 1), 3],
  ])("%s", (_, instruction, words) => expect(wordsOf([instruction])).toBe(words));
});

describe("loads and stores", () => {
  // prettier-ignore
  test.each<[string, Insn, number]>([
    ["ldx u8", m(BPF_LDX | BPF_MEM | BPF_B, { off: 3 }), 1], ["ldx u16", m(BPF_LDX | BPF_MEM | BPF_H, { off: 3 }), 1], ["ldx u32", m(BPF_LDX | BPF_MEM | BPF_W, { off: 3 }), 1],
    ["ldx u64", m(BPF_LDX | BPF_MEM | BPF_DW, { off: -4 }), 1], ["ldx u64 at no multiple of 4", m(BPF_LDX | BPF_MEM | BPF_DW, { off: 6 }), 2],
    ["ldx s8", m(BPF_LDX | BPF_MEMSX | BPF_B), 2], ["ldx s16", m(BPF_LDX | BPF_MEMSX | BPF_H), 1], ["ldx s32", m(BPF_LDX | BPF_MEMSX | BPF_W), 1],
    ["stx u64", m(BPF_STX | BPF_MEM | BPF_DW), 1], ["stx u64 at no multiple of 4", m(BPF_STX | BPF_MEM | BPF_DW, { off: 1 }), 2],
    ["st u16 of a constant that is larger", k(BPF_ST | BPF_MEM | BPF_H, 0x1234_5678), 2], ["st u8", k(BPF_ST | BPF_MEM | BPF_B, -1), 2], ["st u32", k(BPF_ST | BPF_MEM | BPF_W, 0x1234_5678), 3],
    ["st u64 at no multiple of 4", k(BPF_ST | BPF_MEM | BPF_DW, 1, { off: 2 }), 3],
    ["atomic add", m(BPF_STX | BPF_ATOMIC | BPF_DW, { imm: BPF_ADD }), 5], ["atomic fetch and or", m(BPF_STX | BPF_ATOMIC | BPF_W, { imm: BPF_OR | BPF_FETCH }), 9],
    ["xchg", m(BPF_STX | BPF_ATOMIC | BPF_DW, { imm: BPF_XCHG }), 8], ["cmpxchg", m(BPF_STX | BPF_ATOMIC | BPF_W, { imm: BPF_CMPXCHG }), 10],
  ])("%s", (_, instruction, words) => expect(wordsOf([instruction])).toBe(words));

  // prettier-ignore
  test.each<[string, number, number, number]>([
    ["zero", 0, 0, 1], ["16 bits", -1, -1, 1], ["32 bits", 0x1234_5678, 0, 2], ["2^31", 0x8000_0000, 0, 3], ["2^32", 0, 1, 2],
    ["2^47", 0, 0x8000, 3], ["a linear-map address", 0x0114_8100, 0xc000_0000, 4], ["all", 0x1234_5678, 0x1234_5678, 5],
  ])("64-bit immediate: %s", (_, low, high, words) =>
    expect(wordsOf([insn(BPF_LD_IMM64, { dst: 1, imm: low }), insn(0, { imm: high })])).toBe(words));
});
