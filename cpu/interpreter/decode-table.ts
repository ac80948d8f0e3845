// From an instruction word to its handler's number: what the table looks like, its recipe as bytes in the module, and the table
// made of the recipe for one processor. Rows are read by the part that writes the recipe alone, which the build leaves out.
import { STATE } from "../state.ts";

/**
 * For each primary opcode: `base` of its part of the table, which bits of the word select within it. The entry's index is
 * base + (word & low) + ((word >>> shift) & high).
 */
export interface Selector {
  readonly base: number;
  readonly low: number;
  readonly high: number;
  readonly shift: number;
}

/**
 * Of a prefixed instruction bits 6:11 of the prefix and the suffix's primary opcode select, in a table of 4096 entries: this is the
 * index of the first of them, counted from the start of the other table.
 */
export const FIRST_PREFIXED = (STATE.DECODEPREFIXED - STATE.DECODE) / 2;

/** The entries at `first` plus any combination of the bits `free` have this handler, from processor number `since` on. */
export interface Entries {
  readonly first: number;
  readonly free: number;
  readonly handler: number;
  readonly since: number;
}

export interface Recipe {
  /** 64 of them, by primary opcode. */
  readonly selectors: readonly Selector[];
  readonly entries: readonly Entries[];
}

/** The recipe as 32-bit numbers: 4 for each selector, then 4 for each group of entries. */
export function recipeBytes(recipe: Recipe): Uint8Array {
  const numbers = [
    ...recipe.selectors.flatMap(({ base, low, high, shift }) => [base, low, high, shift]),
    ...recipe.entries.flatMap(({ first, free, handler, since }) => [first, free, handler, since]),
  ];
  const view = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((n, i) => {
    view.setUint32(4 * i, n, true);
  });
  return new Uint8Array(view.buffer);
}

/**
 * Writes selectors and table into the machine's memory: offsets and masks in bytes of the table, so shifted left by 1.
 * Instructions newer than processor number `model` are left out: handler 0.
 */
export function writeDecodeTable(memory: DataView, recipe: ArrayBuffer, model: number): void {
  const numbers = new DataView(recipe);
  const at = (i: number): number => numbers.getUint32(4 * i, true);
  for (let primary = 0; primary < 64; primary++) {
    const entry = STATE.DECODEPRIMARY + 16 * primary;
    memory.setUint32(entry, 2 * at(4 * primary), true);
    memory.setUint32(entry + 4, 2 * at(4 * primary + 1), true);
    memory.setUint32(entry + 8, 2 * at(4 * primary + 2), true);
    memory.setUint32(entry + 12, at(4 * primary + 3) - 1, true);
  }
  const end = recipe.byteLength / 4;
  for (let i = 64 * 4; i < end; i += 4) {
    const [first, free, handler] = [at(i), at(i + 1), at(i + 2)];
    if (at(i + 3) > model) continue;
    let subset = 0;
    do {
      memory.setUint16(STATE.DECODE + 2 * (first + subset), handler, true);
      subset = (subset - free) & free;
    } while (subset !== 0);
  }
}

/** The 32 × 32 masks of the rotate word instructions, by MB and ME. */
export function writeMasks(memory: DataView): void {
  for (let mb = 0; mb < 32; mb++)
    for (let me = 0; me < 32; me++) {
      const from = 0xffff_ffff >>> mb;
      const to = (0xffff_ffff << (31 - me)) >>> 0;
      const wraps = mb > me;
      const at = STATE.MASKS + 8 * (32 * mb + me);
      memory.setInt32(at, wraps ? from | to : from & to, true);
      memory.setInt32(at + 4, wraps ? -1 : 0, true);
    }
}
