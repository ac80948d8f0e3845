// Arithmetic of the BPF interpreter on registers held as two 32-bit halves [RFC 9669 4.1, 4.2].
// Knows nothing of instructions, memory or control flow.
import Long from "long";
import { signedQuotient } from "../word/long.ts";
import * as op from "./opcodes.ts";

/** A 64-bit register; both halves are signed 32-bit numbers, since those stay unboxed. */
export class Register {
  low = 0;
  high = 0;

  static of(value: { readonly low: number; readonly high: number }): Register {
    const register = new Register();
    register.low = value.low | 0;
    register.high = value.high | 0;
    return register;
  }

  /** The value as a U64. */
  get value(): Long {
    return Long.fromBits(this.low, this.high, true);
  }

  set value(v: Long) {
    this.low = v.low;
    this.high = v.high;
  }
}

/** d = d op s. `d` and `s` may be the same register. */
export type Alu64 = (d: Register, s: Register) => void;
/** The low 32 bits of `a op b`, as a signed number; the upper half of the register becomes 0 elsewhere. */
export type Alu32 = (a: number, b: number) => number;

/** Upper 32 bits of the unsigned product of two 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(carry / 0x1_0000)) | 0;
}

const isZero = (r: Register): boolean => (r.low | r.high) === 0;
const fitsUnsigned32 = (a: Register, b: Register): boolean => (a.high | b.high) === 0;

function setLow(d: Register, low: number): void {
  d.low = low | 0;
  d.high = 0;
}

// hot: bpf/interpreter.bench.ts
/** Operations of class BPF_ALU64 by operation number. Division by zero gives 0, modulo zero leaves d [RFC 9669 4.1]. */
export const alu64: ReadonlyMap<number, Alu64> = new Map<number, Alu64>([
  [
    op.BPF_ADD,
    (d, s) => {
      const sum = (d.low >>> 0) + (s.low >>> 0);
      d.high = (d.high + s.high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
      d.low = sum | 0;
    },
  ],
  [
    op.BPF_SUB,
    (d, s) => {
      const borrow = d.low >>> 0 < s.low >>> 0 ? 1 : 0;
      d.high = (d.high - s.high - borrow) | 0;
      d.low = (d.low - s.low) | 0;
    },
  ],
  [
    op.BPF_MUL,
    (d, s) => {
      const high = multiplyHigh(d.low, s.low) + Math.imul(d.low, s.high) + Math.imul(d.high, s.low);
      d.low = Math.imul(d.low, s.low);
      d.high = high | 0;
    },
  ],
  [
    op.BPF_DIV,
    (d, s) => {
      if (isZero(s)) setLow(d, 0);
      else if (fitsUnsigned32(d, s)) setLow(d, (d.low >>> 0) / (s.low >>> 0));
      else d.value = d.value.div(s.value);
    },
  ],
  [
    op.BPF_MOD,
    (d, s) => {
      if (isZero(s)) return;
      if (fitsUnsigned32(d, s)) setLow(d, (d.low >>> 0) % (s.low >>> 0));
      else d.value = d.value.mod(s.value);
    },
  ],
  [
    op.BPF_OR,
    (d, s) => {
      d.low |= s.low;
      d.high |= s.high;
    },
  ],
  [
    op.BPF_AND,
    (d, s) => {
      d.low &= s.low;
      d.high &= s.high;
    },
  ],
  [
    op.BPF_XOR,
    (d, s) => {
      d.low ^= s.low;
      d.high ^= s.high;
    },
  ],
  [
    op.BPF_LSH,
    (d, s) => {
      const n = s.low & 63;
      const low = d.low;
      if (n === 0) return;
      d.high = n < 32 ? (d.high << n) | (low >>> (32 - n)) : low << (n - 32);
      d.low = n < 32 ? low << n : 0;
    },
  ],
  [
    op.BPF_RSH,
    (d, s) => {
      const n = s.low & 63;
      const high = d.high;
      if (n === 0) return;
      d.low = (n < 32 ? (d.low >>> n) | (high << (32 - n)) : high >>> (n - 32)) | 0;
      d.high = (n < 32 ? high >>> n : 0) | 0;
    },
  ],
  [
    op.BPF_ARSH,
    (d, s) => {
      const n = s.low & 63;
      const high = d.high;
      if (n === 0) return;
      d.low = n < 32 ? (d.low >>> n) | (high << (32 - n)) : high >> (n - 32);
      d.high = n < 32 ? high >> n : high >> 31;
    },
  ],
  [
    op.BPF_MOV,
    (d, s) => {
      d.low = s.low;
      d.high = s.high;
    },
  ],
  [
    op.BPF_NEG,
    (d) => {
      d.high = (~d.high + (d.low === 0 ? 1 : 0)) | 0;
      d.low = -d.low | 0;
    },
  ],
]);

/** BPF_DIV and BPF_MOD with offset 1: signed, truncated. The most negative number by -1 gives itself and 0. */
export const signedAlu64: ReadonlyMap<number, Alu64> = new Map<number, Alu64>([
  [
    op.BPF_DIV,
    (d, s) => {
      if (isZero(s)) setLow(d, 0);
      else d.value = signedQuotient(d.value, s.value);
    },
  ],
  [
    op.BPF_MOD,
    (d, s) => {
      if (!isZero(s)) d.value = d.value.toSigned().mod(s.value.toSigned());
    },
  ],
]);

/** Operations of class BPF_ALU by operation number. */
export const alu32: ReadonlyMap<number, Alu32> = new Map<number, Alu32>([
  [op.BPF_ADD, (a, b) => (a + b) | 0],
  [op.BPF_SUB, (a, b) => (a - b) | 0],
  [op.BPF_MUL, Math.imul],
  [op.BPF_DIV, (a, b) => (b === 0 ? 0 : ((a >>> 0) / (b >>> 0)) | 0)],
  [op.BPF_MOD, (a, b) => (b === 0 ? a : ((a >>> 0) % (b >>> 0)) | 0)],
  [op.BPF_OR, (a, b) => a | b],
  [op.BPF_AND, (a, b) => a & b],
  [op.BPF_XOR, (a, b) => a ^ b],
  [op.BPF_LSH, (a, b) => a << b],
  [op.BPF_RSH, (a, b) => (a >>> b) | 0],
  [op.BPF_ARSH, (a, b) => a >> b],
  [op.BPF_MOV, (_, b) => b],
  [op.BPF_NEG, (a) => -a | 0],
]);

/** As `signedAlu64`, on 32 bits. */
export const signedAlu32: ReadonlyMap<number, Alu32> = new Map<number, Alu32>([
  [op.BPF_DIV, (a, b) => (b === 0 ? 0 : (a / b) | 0)],
  [op.BPF_MOD, (a, b) => (b === 0 ? a : (a % b) | 0)],
]);

/** The low `bits` of `n` with their sign extended to 32. */
export function signExtend(n: number, bits: number): number {
  return (n << (32 - bits)) >> (32 - bits);
}

const swap32 = (n: number): number =>
  (n << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | ((n >>> 24) & 0xff);

/** Reverses the low `bits` (16, 32 or 64) of a register; the bits above become 0 [RFC 9669 4.2]. */
export function swapBytes(d: Register, bits: number): void {
  const { low, high } = d;
  if (bits === 16) setLow(d, swap32(low) >>> 16);
  else if (bits === 32) setLow(d, swap32(low));
  else {
    d.low = swap32(high);
    d.high = swap32(low);
  }
}

/** Clears the bits of a register from `bits` (16, 32 or 64) up: a byte swap to the order the machine has. */
export function truncate(d: Register, bits: number): void {
  if (bits === 16) setLow(d, d.low & 0xffff);
  else if (bits === 32) d.high = 0;
}

/** Unsigned a < b. */
const below = (a: Register, b: Register): boolean =>
  a.high === b.high ? a.low >>> 0 < b.low >>> 0 : a.high >>> 0 < b.high >>> 0;
/** Signed a < b. */
const less = (a: Register, b: Register): boolean =>
  a.high === b.high ? a.low >>> 0 < b.low >>> 0 : a.high < b.high;
const equal = (a: Register, b: Register): boolean => a.low === b.low && a.high === b.high;

/** Conditions of class BPF_JMP by operation number [RFC 9669 4.3]. */
export const conditions64: ReadonlyMap<number, (d: Register, s: Register) => boolean> = new Map([
  [op.BPF_JEQ, equal],
  [op.BPF_JNE, (d: Register, s: Register) => !equal(d, s)],
  [op.BPF_JSET, (d: Register, s: Register) => ((d.low & s.low) | (d.high & s.high)) !== 0],
  [op.BPF_JGT, (d: Register, s: Register) => below(s, d)],
  [op.BPF_JGE, (d: Register, s: Register) => !below(d, s)],
  [op.BPF_JLT, below],
  [op.BPF_JLE, (d: Register, s: Register) => !below(s, d)],
  [op.BPF_JSGT, (d: Register, s: Register) => less(s, d)],
  [op.BPF_JSGE, (d: Register, s: Register) => !less(d, s)],
  [op.BPF_JSLT, less],
  [op.BPF_JSLE, (d: Register, s: Register) => !less(s, d)],
]);

/** Conditions of class BPF_JMP32, on the low halves. */
export const conditions32: ReadonlyMap<number, (a: number, b: number) => boolean> = new Map([
  [op.BPF_JEQ, (a: number, b: number) => a === b],
  [op.BPF_JNE, (a: number, b: number) => a !== b],
  [op.BPF_JSET, (a: number, b: number) => (a & b) !== 0],
  [op.BPF_JGT, (a: number, b: number) => a >>> 0 > b >>> 0],
  [op.BPF_JGE, (a: number, b: number) => a >>> 0 >= b >>> 0],
  [op.BPF_JLT, (a: number, b: number) => a >>> 0 < b >>> 0],
  [op.BPF_JLE, (a: number, b: number) => a >>> 0 <= b >>> 0],
  [op.BPF_JSGT, (a: number, b: number) => a > b],
  [op.BPF_JSGE, (a: number, b: number) => a >= b],
  [op.BPF_JSLT, (a: number, b: number) => a < b],
  [op.BPF_JSLE, (a: number, b: number) => a <= b],
]);
