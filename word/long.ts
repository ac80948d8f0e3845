// 64-bit values are unsigned Longs everywhere outside WebAssembly; how they are made, written and read.
// Signedness belongs to the operation that is applied, never to the value.
import Long from "long";

/** A 64-bit value; always an unsigned Long. */
export type U64 = Long;

/** The value 0. */
export const ZERO: U64 = Long.UZERO;

/** From a safe integer; a negative one gives its two's complement. Throws RangeError when `n` is no safe integer. */
export function u64(n: number): U64 {
  if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is not a safe integer`);
  return Long.fromNumber(n, false).toUnsigned();
}

/** From two 32-bit halves, either sign. */
export function fromHalves(high: number, low: number): U64 {
  return Long.fromBits(low, high, true);
}

/**
 * The signed quotient, truncated; of the least number by -1 that number. `b` must not be 0.
 * long 5.3 returns every dividend with high half 0x8000_0000 unchanged when the divisor is -1, so that one is negated here.
 */
export function signedQuotient(a: U64, b: U64): U64 {
  return b.eq(Long.MAX_UNSIGNED_VALUE) ? a.negate() : a.toSigned().div(b.toSigned()).toUnsigned();
}

/** `0x` and 16 hex digits: how every 64-bit value is printed. */
export function hex64(value: U64): string {
  const half = (n: number): string => (n >>> 0).toString(16).padStart(8, "0");
  return `0x${half(value.high)}${half(value.low)}`;
}

/** `0x` and 8 hex digits. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, "0")}`;
}

/** Characters of a number that are read: more than any 64-bit value needs, leading zeros and `_` included. */
const LONGEST_NUMBER = 200;

/**
 * Reads a decimal or `0x` number, with an optional sign and `_` between digits.
 * @returns the value modulo 2^64, or undefined where the text is no such number or needs more than 64 bits.
 */
export function parseU64(text: string): U64 | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  const match = /^([+-]?)(?:0x([0-9a-f][0-9a-f_]*)|([0-9][0-9_]*))$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, hexDigits, decimalDigits] = match;
  const digits = (hexDigits ?? decimalDigits ?? "").replaceAll("_", "");
  const big = BigInt(hexDigits === undefined ? digits : `0x${digits}`);
  if (big >> 64n !== 0n || (sign === "-" && big > 1n << 63n)) return undefined;
  const value = Long.fromString(big.toString(16), true, 16);
  return sign === "-" ? value.negate() : value;
}
