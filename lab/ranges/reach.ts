// Distances: how many bits they need, and what reaches that far. Knows neither kernel nor program.
import type { U64 } from "../../word/long.ts";

/** Bytes that `bl` reaches: forward less than this, backward this many [Power ISA v3.1B I 2.4]. */
export const BL_REACH = 2 ** 25;

/** The fewest bits of a two's complement number that holds the distance; 1 for 0 and -1. */
export function signedBits(distance: U64): number {
  const value = distance.toSigned();
  const magnitude = value.isNegative() ? value.not() : value;
  return magnitude.isZero() ? 1 : magnitude.getNumBitsAbs() + 1;
}

/** Whether `bl` at `from` reaches `to`. */
export function blReaches(from: U64, to: U64): boolean {
  const bytes = to.sub(from).toSigned();
  return bytes.gte(-BL_REACH) && bytes.lt(BL_REACH);
}
