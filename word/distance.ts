// Distances between addresses: how many bits a signed number needs for them.
import type { U64 } from "./long.ts";

/** The fewest bits of a two's complement number that holds the distance; 1 for 0 and -1. */
export function signedBits(distance: U64): number {
  const value = distance.toSigned();
  const magnitude = value.isNegative() ? value.not() : value;
  return magnitude.isZero() ? 1 : magnitude.getNumBitsAbs() + 1;
}
