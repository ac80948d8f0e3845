// Operators that LLVM and the kernel spell alike; read by the printers and by the assembler.
import {
  BPF_ADD,
  BPF_AND,
  BPF_ARSH,
  BPF_B,
  BPF_DIV,
  BPF_DW,
  BPF_H,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_W,
  BPF_XOR,
} from "../opcodes.ts";

/** Arithmetic operators with two operands, by operation. */
export const aluSymbols: ReadonlyMap<number, string> = new Map([
  [BPF_ADD, "+="],
  [BPF_SUB, "-="],
  [BPF_MUL, "*="],
  [BPF_DIV, "/="],
  [BPF_OR, "|="],
  [BPF_AND, "&="],
  [BPF_LSH, "<<="],
  [BPF_RSH, ">>="],
  [BPF_MOD, "%="],
  [BPF_XOR, "^="],
  [BPF_MOV, "="],
  [BPF_ARSH, "s>>="],
]);

/** Signed division: BPF_DIV and BPF_MOD with offset 1 [RFC 9669 4.1]. */
export const signedSymbols: ReadonlyMap<number, string> = new Map([
  [BPF_DIV, "s/="],
  [BPF_MOD, "s%="],
]);

/** Comparisons of conditional jumps, by operation. */
export const jumpSymbols: ReadonlyMap<number, string> = new Map([
  [BPF_JEQ, "=="],
  [BPF_JGT, ">"],
  [BPF_JGE, ">="],
  [BPF_JSET, "&"],
  [BPF_JNE, "!="],
  [BPF_JSGT, "s>"],
  [BPF_JSGE, "s>="],
  [BPF_JLT, "<"],
  [BPF_JLE, "<="],
  [BPF_JSLT, "s<"],
  [BPF_JSLE, "s<="],
]);

/** Names of atomic operations that fetch. */
export const fetchNames: ReadonlyMap<number, string> = new Map([
  [BPF_ADD, "add"],
  [BPF_OR, "or"],
  [BPF_AND, "and"],
  [BPF_XOR, "xor"],
]);

/** Bits of a memory operand, by size. */
export const sizeBits: ReadonlyMap<number, number> = new Map([
  [BPF_B, 8],
  [BPF_H, 16],
  [BPF_W, 32],
  [BPF_DW, 64],
]);
