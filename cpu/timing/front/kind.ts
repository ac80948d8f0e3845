// What an instruction word is to a branch predictor. Whether and where it goes is not said here.
import type { BranchKind } from "./front-end.ts";

/** BO that asks neither CR nor CTR: 1z1zz. */
const ALWAYS = 0b10100;

/**
 * The kind of a branch's word, or undefined where it is no branch. `bcl 20,31` is direct: it is how code reads its own address,
 * and does not enter the link stack [Power ISA v3.1B I 2.5]; `bl .+4` does. A bclr whose BH says that it is no return is
 * indirect [Power ISA v3.1B I 2.5, table of BH].
 */
export function branchKindOf(word: number): BranchKind | undefined {
  const linked = (word & 1) !== 0;
  switch (word >>> 26) {
    case 18:
      return linked ? "direct-call" : "direct";
    case 16:
      return linked && !readsOwnAddress(word) ? "direct-call" : "direct";
    case 19:
      break;
    default:
      return undefined;
  }
  const BH = (word >>> 11) & 3;
  switch ((word >>> 1) & 0x3ff) {
    case 16:
      if (BH !== 0) return linked ? "indirect-call" : "indirect";
      return linked ? "return-call" : "return";
    case 528:
    case 560:
      return linked ? "indirect-call" : "indirect";
    default:
      return undefined;
  }
}

function readsOwnAddress(word: number): boolean {
  return ((word >>> 21) & ALWAYS) === ALWAYS && ((word >>> 16) & 31) === 31;
}
