// Effective-to-real translation as a cost: two ERATs, the TLB behind them, the tables in memory behind that.
// What a page is comes from a PageSource; protection and faults are the MMU's.
import { type Assumption, figureValue } from "../figure.ts";
import type { PageInfo, PageSource } from "../pages.ts";
import type { TranslationFigures } from "./figures.ts";

/** Pages that are larger are kept as this much of them; no instruction image is. */
const LARGEST = 0x8000_0000;

/** Which entry of a set is given up for a new one. */
export type Replacement = "oldest" | "any";

/** What a buffer of pages is made of. */
export interface PageBufferOptions {
  readonly entries: number;
  /** Default all of them: fully associative. */
  readonly ways?: number;
  /** Default the entry used longest ago; `any` is the same entries in every run. */
  readonly replacement?: Replacement;
}

/** Entries of pages in sets of ways. */
export class PageBuffer {
  readonly #ways: number;
  readonly #setMask: number;
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  /** Bits of the low word that name the page; 0 where there is no entry. */
  readonly #mask: Int32Array;
  readonly #real: Float64Array;
  readonly #used: Float64Array;
  #clock = 0;
  /** The entry found last. */
  #last = 0;

  readonly #replacesAny: boolean;
  /** Of a shift register, x^16 + x^14 + x^13 + x^11 + 1. */
  #random = 0xace1;

  constructor({ entries, ways = entries, replacement = "oldest" }: PageBufferOptions) {
    this.#ways = ways;
    this.#setMask = entries / ways - 1;
    this.#replacesAny = replacement === "any";
    this.#high = new Int32Array(entries);
    this.#low = new Int32Array(entries);
    this.#mask = new Int32Array(entries);
    this.#real = new Float64Array(entries);
    this.#used = new Float64Array(entries);
  }

  /** Real address of the found entry's page. */
  get real(): number {
    return this.#real[this.#last] ?? 0;
  }
  /** Bits of the low word below the found entry's page. */
  get within(): number {
    return ~(this.#mask[this.#last] ?? 0);
  }

  /** Looks for the page of an address, of any size where there is one set, else of `pageBytes`. */
  // hot: scripts/bench-timing.ts
  find(high: number, low: number, pageBytes = LARGEST): boolean {
    if (this.#matches(this.#last, high | 0, low)) {
      this.#used[this.#last] = ++this.#clock;
      return true;
    }
    const first = this.#setOf(low, pageBytes);
    for (let at = first; at < first + this.#ways; at++)
      if (this.#matches(at, high | 0, low)) {
        this.#last = at;
        this.#used[at] = ++this.#clock;
        return true;
      }
    return false;
  }

  /** Enters the page of an address; `real` is the real address of its first byte. */
  enter(high: number, low: number, pageBytes: number, real: number): void {
    const at = this.#victim(this.#setOf(low, pageBytes));
    const mask = -pageBytes | 0;
    this.#high[at] = high;
    this.#low[at] = low & mask;
    this.#mask[at] = mask;
    this.#real[at] = real;
    this.#used[at] = ++this.#clock;
    this.#last = at;
  }

  #victim(first: number): number {
    let oldest = first;
    for (let at = first; at < first + this.#ways; at++) {
      if (this.#mask[at] === 0) return at;
      if ((this.#used[at] ?? 0) < (this.#used[oldest] ?? 0)) oldest = at;
    }
    if (!this.#replacesAny) return oldest;
    this.#random = (this.#random >>> 1) ^ (-(this.#random & 1) & 0xb400);
    return first + (this.#random % this.#ways);
  }

  #matches(at: number, high: number, low: number): boolean {
    const mask = this.#mask[at] ?? 0;
    return mask !== 0 && this.#low[at] === (low & mask) && this.#high[at] === high;
  }

  #setOf(low: number, pageBytes: number): number {
    return this.#setMask === 0 ? 0 : (Math.floor((low >>> 0) / pageBytes) & this.#setMask) * this.#ways;
  }
}

/** One processor's ERATs and TLB. Without a source of pages all is one page that never misses. */
export class Translation {
  ieratMisses = 0;
  deratMisses = 0;
  tlbMisses = 0;
  readonly #source: PageSource | undefined;
  readonly #ierat: PageBuffer;
  readonly #derat: PageBuffer;
  readonly #tlb: PageBuffer;
  readonly #eratMissCycles: number;
  readonly #eratPageBytes: number;
  readonly #walkCycles: Readonly<Record<PageInfo["tables"], number>>;
  readonly #dataMisses: boolean;
  /** Where the byte of the fetch translated last lies; the effective address where nothing translates. */
  realHigh = 0;
  realLow = 0;

  constructor(figures: TranslationFigures, assumption: Assumption, source: PageSource | undefined) {
    const value = (name: Exclude<keyof TranslationFigures, "dataTags">): number =>
      figureValue(figures[name], assumption);
    this.#source = source;
    const replacement = value("eratReplacesOldest") === 1 ? "oldest" : "any";
    this.#ierat = new PageBuffer({ entries: value("ieratEntries"), replacement });
    this.#derat = new PageBuffer({ entries: value("deratEntries"), replacement });
    this.#tlb = new PageBuffer({ entries: value("tlbEntries"), ways: value("tlbWays") });
    this.#eratMissCycles = value("eratMissCycles");
    this.#eratPageBytes = value("eratPageBytes");
    this.#walkCycles = { hash: value("hashWalkCycles"), radix: value("radixWalkCycles"), none: 0 };
    this.#dataMisses = figures.dataTags === "real";
  }

  /** Cycles that the translation of a fetch takes beyond the ERAT's own; sets `realHigh` and `realLow`. */
  fetch(high: number, low: number): number {
    this.realHigh = high;
    this.realLow = low;
    if (this.#source === undefined) return 0;
    let cycles = 0;
    if (!this.#ierat.find(high, low)) {
      const page = this.#source.page(high, low, "fetch");
      if (page === undefined) return 0;
      this.ieratMisses++;
      cycles = this.#fill(this.#ierat, high, low, page);
    }
    const real = this.#ierat.real + ((low & this.#ierat.within) >>> 0);
    this.realHigh = Math.floor(real / 2 ** 32);
    this.realLow = real | 0;
    return cycles;
  }

  /** Whole cycles that the translation of a load or store takes beyond the ERAT's own. */
  // hot: scripts/bench-timing.ts
  data(high: number, low: number): number {
    if (this.#source === undefined || !this.#dataMisses || this.#derat.find(high, low)) return 0;
    const page = this.#source.page(high, low, "load");
    if (page === undefined) return 0;
    this.deratMisses++;
    return Math.ceil(this.#fill(this.#derat, high, low, page));
  }

  #fill(erat: PageBuffer, high: number, low: number, page: PageInfo): number {
    const held = Math.min(page.pageBytes, this.#eratPageBytes, LARGEST);
    const within = (low & (held - 1)) >>> 0;
    erat.enter(high, low, held, page.real - within);
    // In real mode there is no table and no TLB entry: the ERAT is filled from the address itself.
    if (page.tables === "none") return 0;
    const tlbPage = Math.min(page.pageBytes, LARGEST);
    if (this.#tlb.find(high, low, tlbPage)) return this.#eratMissCycles;
    this.tlbMisses++;
    this.#tlb.enter(high, low, tlbPage, 0);
    return this.#eratMissCycles + this.#walkCycles[page.tables];
  }
}
