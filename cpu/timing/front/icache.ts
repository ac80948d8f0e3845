// The L1 instruction cache: lines, ways, least recently used; what a miss costs. Every miss finds its line in the L2.
// It knows no addresses but the ones it is given: effective or real is the caller's choice.
import { type Assumption, figureValue } from "../figure.ts";
import type { InstructionCacheFigures } from "./figures.ts";

/** A set-associative cache of lines. */
export class InstructionCache {
  readonly lineShift: number;
  readonly #ways: number;
  readonly #setMask: number;
  readonly #missCycles: number;
  readonly #prefetchLines: number;
  readonly #tagHigh: Int32Array;
  /** Number of the line within 4 GiB; -1 where there is none. */
  readonly #tagLine: Int32Array;
  readonly #used: Float64Array;
  /** Cycle in which the line is there. */
  readonly #ready: Float64Array;
  #clock = 0;
  misses = 0;

  constructor(figures: InstructionCacheFigures, assumption: Assumption) {
    const lineBytes = figureValue(figures.lineBytes, assumption);
    const lines = figureValue(figures.bytes, assumption) / lineBytes;
    this.#ways = figureValue(figures.ways, assumption);
    this.lineShift = Math.log2(lineBytes);
    this.#setMask = lines / this.#ways - 1;
    this.#missCycles = figureValue(figures.missCycles, assumption);
    this.#prefetchLines = figureValue(figures.prefetchLines, assumption);
    this.#tagHigh = new Int32Array(lines);
    this.#tagLine = new Int32Array(lines).fill(-1);
    this.#used = new Float64Array(lines);
    this.#ready = new Float64Array(lines);
  }

  /** Cycles that the fetch of an address in `cycle` has to wait for its line. */
  access(high: number, low: number, cycle: number): number {
    const line = low >>> this.lineShift;
    const at = this.#find(high, line);
    if (at >= 0) {
      this.#used[at] = ++this.#clock;
      return Math.max(0, (this.#ready[at] ?? 0) - cycle);
    }
    this.misses++;
    this.#enter(high, line, cycle + this.#missCycles);
    // Lines follow each other on the same path, one a cycle; the number of the line stays in the same 4 GiB.
    for (let i = 1; i <= this.#prefetchLines; i++)
      if (this.#find(high, line + i) < 0) this.#enter(high, line + i, cycle + this.#missCycles + i);
    return this.#missCycles;
  }

  #find(high: number, line: number): number {
    const first = (line & this.#setMask) * this.#ways;
    for (let at = first; at < first + this.#ways; at++)
      if (this.#tagLine[at] === line && this.#tagHigh[at] === (high | 0)) return at;
    return -1;
  }

  #enter(high: number, line: number, ready: number): void {
    const first = (line & this.#setMask) * this.#ways;
    let oldest = first;
    for (let at = first + 1; at < first + this.#ways; at++)
      if ((this.#used[at] ?? 0) < (this.#used[oldest] ?? 0)) oldest = at;
    this.#tagLine[oldest] = line;
    this.#tagHigh[oldest] = high;
    this.#used[oldest] = ++this.#clock;
    this.#ready[oldest] = ready;
  }
}
