// The L1 instruction cache: lines, ways, least recently used; what a miss costs. Every miss finds its line in the L2.
// It knows no addresses but the ones it is given: effective or real is the caller's choice.
import { type Assumption, figureValue } from "../figure.ts";
import type { InstructionCacheFigures } from "./figures.ts";

/** Lines are not fetched beyond the end of the smallest page: where the next one lies is not known. */
const PAGE_SHIFT = 12;

/** A set-associative cache of lines, and beside it the lines that follow the one that missed last. */
export class InstructionCache {
  readonly lineShift: number;
  readonly #ways: number;
  readonly #setMask: number;
  readonly #missCycles: number;
  /** Cycles in which the lines that follow are there, by the line's number modulo their count. */
  readonly #following: Float64Array;
  #followingHigh = 0;
  /** The first and the end of them. */
  #followingFrom = 0;
  #followingEnd = 0;
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
    this.#following = new Float64Array(figureValue(figures.prefetchLines, assumption));
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
    const wait = this.#waitFor(high, line, cycle);
    this.#enter(high, line, cycle + wait);
    this.#follow(high, line, cycle);
    return wait;
  }

  /** Cycles until a line that is not in the cache is there. */
  #waitFor(high: number, line: number, cycle: number): number {
    if (high === this.#followingHigh && line >= this.#followingFrom && line < this.#followingEnd)
      return Math.max(0, (this.#following[line % this.#following.length] ?? 0) - cycle);
    this.misses++;
    return this.#missCycles;
  }

  /** Asks for the lines behind one, as far as that has not been done; they come one a cycle. */
  #follow(high: number, line: number, cycle: number): void {
    const count = this.#following.length;
    const known = high === this.#followingHigh && line >= this.#followingFrom ? this.#followingEnd : 0;
    const pageEnd = ((line >>> (PAGE_SHIFT - this.lineShift)) + 1) << (PAGE_SHIFT - this.lineShift);
    const end = Math.min(line + 1 + count, pageEnd);
    for (let next = Math.max(line + 1, known); next < end; next++)
      this.#following[next % count] = cycle + this.#missCycles + (next - line);
    this.#followingHigh = high;
    this.#followingFrom = line + 1;
    this.#followingEnd = end;
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
