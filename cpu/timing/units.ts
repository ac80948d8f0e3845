// Which units are taken in which cycle, in rings of cycles: an instruction takes the first cycle in which all that it needs is free.
// It knows nothing of instructions.
import type { Use } from "./decoded.ts";

/**
 * Cycles of a ring: more than lie between dispatch and the last thing that is planned, were the queue full of divisions that wait for one
 * another. What is planned further ahead, behind chains of missing translations, may be forgotten.
 */
export const RING = 1 << 13;

/** The units of one core. */
export class Units {
  readonly #counts: readonly number[];
  readonly #used: readonly Uint8Array[];
  /** The cycle that an entry is about. */
  readonly #cycle: readonly Float64Array[];

  /** `counts`: how many of each unit there are. */
  constructor(counts: readonly number[]) {
    this.#counts = counts;
    this.#used = counts.map(() => new Uint8Array(RING));
    this.#cycle = counts.map(() => new Float64Array(RING).fill(-1));
  }

  // hot: bench-timing
  #isFree(unit: number, from: number, busy: number, count: number): boolean {
    const used = this.#used[unit] as Uint8Array;
    const cycles = this.#cycle[unit] as Float64Array;
    const limit = (this.#counts[unit] as number) - count;
    for (let cycle = from; cycle < from + busy; cycle++) {
      const at = cycle & (RING - 1);
      if (cycles[at] === cycle && (used[at] as number) > limit) return false;
    }
    return true;
  }

  #take(unit: number, from: number, busy: number, count: number): void {
    const used = this.#used[unit] as Uint8Array;
    const cycles = this.#cycle[unit] as Float64Array;
    for (let cycle = from; cycle < from + busy; cycle++) {
      const at = cycle & (RING - 1);
      if (cycles[at] === cycle) used[at] = (used[at] as number) + count;
      else {
        cycles[at] = cycle;
        used[at] = count;
      }
    }
  }

  /** The unit of these that is free for this use; -1 where none is. */
  #choose(use: Use, cycle: number): number {
    const { units, after, busy, count } = use;
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] as number;
      if (this.#isFree(unit, cycle + after, busy, count)) return unit;
    }
    return -1;
  }

  /**
   * Takes all of these from the first cycle on, not before `ready`, in which they are free; returns that cycle. Each is looked for by
   * itself: two of one unit in one cycle are one use with a count.
   */
  reserve(uses: readonly Use[], ready: number): number {
    for (let cycle = ready; ; cycle++) {
      let found = 0;
      while (found < uses.length && this.#choose(uses[found] as Use, cycle) >= 0) found++;
      if (found < uses.length) continue;
      for (let i = 0; i < found; i++) {
        const use = uses[i] as Use;
        this.#take(this.#choose(use, cycle), cycle + use.after, use.busy, use.count);
      }
      return cycle;
    }
  }
}
