// Distances: how many bits they need, and what reaches that far. Knows neither kernel nor program.
import type { U64 } from "../../word/long.ts";

export { signedBits } from "../../word/distance.ts";

/** Bytes that `bl` reaches: forward less than this, backward this many [Power ISA v3.1B I 2.4]. */
export const BL_REACH = 2 ** 25;

/** Whether `bl` at `from` reaches `to`. */
export function blReaches(from: U64, to: U64): boolean {
  const bytes = to.sub(from).toSigned();
  return bytes.gte(-BL_REACH) && bytes.lt(BL_REACH);
}
