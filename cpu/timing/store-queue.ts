// Stores whose bytes a later load may want before the cache has them. It knows addresses and cycles, no instructions.

/** Entries, by the doubleword's address; a power of two. A store that another one has displaced is taken for one in the cache. */
const ENTRIES = 4096;

/** When each doubleword that was stored lately was stored. */
export class StoreQueue {
  readonly #forward: number;
  readonly #high = new Int32Array(ENTRIES);
  readonly #low = new Int32Array(ENTRIES);
  /** Cycle of the store; -1 for none. */
  readonly #cycle = new Float64Array(ENTRIES).fill(-1);

  /** `forward`: cycles from a store to what waits for a load of its bytes. */
  constructor(forward: number) {
    this.#forward = forward;
  }

  // hot: bench-timing
  /** Address and data were there in `cycle`. */
  store(eaHigh: number, eaLow: number, bytes: number, cycle: number): void {
    const end = (eaLow & 7) + bytes;
    for (let offset = 0; offset < end; offset += 8) {
      const low = ((eaLow & ~7) + offset) | 0;
      const at = (low >>> 3) & (ENTRIES - 1);
      this.#high[at] = eaHigh;
      this.#low[at] = low;
      this.#cycle[at] = cycle;
    }
  }

  /** The earliest cycle in which a load of these bytes can have them where they come from a store; -1 where they do not. */
  load(eaHigh: number, eaLow: number, bytes: number): number {
    let last = -1;
    const end = (eaLow & 7) + bytes;
    for (let offset = 0; offset < end; offset += 8) {
      const low = ((eaLow & ~7) + offset) | 0;
      const at = (low >>> 3) & (ENTRIES - 1);
      const cycle = this.#cycle[at] as number;
      if (cycle >= 0 && this.#low[at] === low && this.#high[at] === (eaHigh | 0)) {
        const forwarded = cycle + this.#forward;
        if (forwarded > last) last = forwarded;
      }
    }
    return last;
  }
}
