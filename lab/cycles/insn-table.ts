// How often each instruction was executed and how many cycles it was charged, by its address. Open addressing over typed arrays,
// since every executed instruction of a program comes through here.
import { fromHalves, type U64 } from "../../word/long.ts";

/** What an instruction came to. */
export interface InsnCycles {
  readonly address: U64;
  readonly executions: number;
  /** Cycles between the completion of the one before and its own, over all executions. */
  readonly cycles: number;
}

/** Entries at first, a power of two; more where half of them are taken. */
const FIRST_CAPACITY = 1024;

/** Executions and cycles by address. */
export class InsnTable {
  #capacity = FIRST_CAPACITY;
  #used = 0;
  #highs = new Int32Array(FIRST_CAPACITY);
  #lows = new Int32Array(FIRST_CAPACITY);
  /** 0: the entry is free. */
  #executions = new Float64Array(FIRST_CAPACITY);
  #cycles = new Float64Array(FIRST_CAPACITY);

  /** Where the address is, or is to be. */
  #slot(high: number, low: number): number {
    const mask = this.#capacity - 1;
    let slot = Math.imul((low >>> 2) ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b) >>> 8;
    for (slot &= mask; this.#executions[slot] !== 0; slot = (slot + 1) & mask)
      if (this.#lows[slot] === low && this.#highs[slot] === high) break;
    return slot;
  }

  // hot: scripts/bench-cycles.ts
  /** Enters one execution; halves of the address as 32-bit numbers, signed or not. */
  add(high: number, low: number, cycles: number): void {
    const [h, l] = [high | 0, low | 0];
    let slot = this.#slot(h, l);
    if (this.#executions[slot] === 0) {
      if (2 * this.#used >= this.#capacity) {
        this.#grow();
        slot = this.#slot(h, l);
      }
      this.#used++;
      this.#highs[slot] = h;
      this.#lows[slot] = l;
    }
    this.#executions[slot] = (this.#executions[slot] ?? 0) + 1;
    this.#cycles[slot] = (this.#cycles[slot] ?? 0) + cycles;
  }

  #grow(): void {
    const entries = this.entries();
    this.#capacity *= 2;
    this.#highs = new Int32Array(this.#capacity);
    this.#lows = new Int32Array(this.#capacity);
    this.#executions = new Float64Array(this.#capacity);
    this.#cycles = new Float64Array(this.#capacity);
    for (const { address, executions, cycles } of entries) {
      const slot = this.#slot(address.high, address.low);
      this.#highs[slot] = address.high;
      this.#lows[slot] = address.low;
      this.#executions[slot] = executions;
      this.#cycles[slot] = cycles;
    }
  }

  clear(): void {
    if (this.#used === 0) return;
    this.#used = 0;
    this.#executions.fill(0);
    this.#cycles.fill(0);
  }

  /** Every instruction that was executed, in no order. */
  entries(): readonly InsnCycles[] {
    const found: InsnCycles[] = [];
    this.#executions.forEach((executions, slot) => {
      if (executions === 0) return;
      const address = fromHalves(this.#highs[slot] ?? 0, this.#lows[slot] ?? 0);
      found.push({ address, executions, cycles: this.#cycles[slot] ?? 0 });
    });
    return found;
  }
}
