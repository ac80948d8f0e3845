// The front end as a machine: blocks fetched cycle by cycle, bubbles behind taken branches, redirection behind mispredicted ones,
// waits for instruction cache and translation. What predicts and what caches are the classes beside it; numbers are in the tables.
import { type Assumption, figureValue } from "../figure.ts";
import type { PageSource } from "../pages.ts";
import { CountCache } from "./count-cache.ts";
import { DirectionPredictor } from "./direction.ts";
import type { FrontFigures, TakenBubbles } from "./figures.ts";
import type { Branch, FrontCounters, FrontEnd } from "./front-end.ts";
import { InstructionCache } from "./icache.ts";
import { LinkStack } from "./link-stack.ts";
import { Translation } from "./translation.ts";

/** What a front end is made of. */
export interface ModelledFrontEndOptions {
  readonly figures: FrontFigures;
  /** Default typical. */
  readonly assumption?: Assumption;
  /** Where pages are asked for; without it everything is one page whose real addresses are the effective ones. */
  readonly pages?: PageSource | undefined;
}

/** A front end with caches and predictors of limited size. Cycles count from 0, the first fetch. */
export class ModelledFrontEnd implements FrontEnd {
  readonly #blockMask: number;
  readonly #mispredictCycles: number;
  readonly #bubbles: Readonly<Record<keyof TakenBubbles, number>>;
  readonly #direction: DirectionPredictor;
  readonly #links: LinkStack;
  readonly #counts: CountCache;
  readonly #icache: InstructionCache;
  readonly #translation: Translation;
  readonly #realTags: boolean;

  /** Cycles in which the latest instructions were dispatched, by their number. */
  readonly #dispatched: Float64Array;
  readonly #bufferInsns: number;
  #count = 0;

  /** The block that was fetched last, and its line. */
  #blockHigh = 0;
  #blockLow = 1;
  #lineHigh = 0;
  #line = -1;
  /** Cycle in which it was fetched, and the same as `fetch` returns it. */
  #now = -1;
  #cycle = 0;
  /** Where a branch says so, the cycle of the next fetch; less than 0 otherwise. */
  #resumeAt = -1;

  readonly #counters = { branches: 0, takenBranches: 0, mispredicts: 0 };
  readonly counters: FrontCounters;

  constructor({ figures, assumption = "typical", pages }: ModelledFrontEndOptions) {
    this.#blockMask = -figureValue(figures.fetchBytes, assumption);
    this.#mispredictCycles = figureValue(figures.mispredictCycles, assumption);
    const bubble = (name: keyof TakenBubbles): number => figureValue(figures.taken[name], assumption);
    this.#bubbles = {
      sameBlock: bubble("sameBlock"),
      forward: bubble("forward"),
      backward: bubble("backward"),
      call: bubble("call"),
      return: bubble("return"),
      indirect: bubble("indirect"),
    };
    this.#direction = new DirectionPredictor(figures.direction, assumption);
    this.#links = new LinkStack(figureValue(figures.linkStackEntries, assumption));
    this.#counts = new CountCache(figures.countCache, assumption);
    this.#icache = new InstructionCache(figures.icache, assumption);
    this.#translation = new Translation(figures.translation, assumption, pages);
    this.#realTags = figures.icache.tags === "real";
    this.#bufferInsns = figureValue(figures.bufferInsns, assumption);
    this.#dispatched = new Float64Array(2 ** Math.ceil(Math.log2(this.#bufferInsns)));
    this.counters = counted(this.#counters, this.#icache, this.#translation);
  }

  // hot: scripts/bench-timing.ts
  fetch(ciaHigh: number, ciaLow: number, bytes: 4 | 8): number {
    const block = ciaLow & this.#blockMask;
    if (block !== this.#blockLow || ciaHigh !== this.#blockHigh || this.#resumeAt >= 0)
      this.#fetchBlock(ciaHigh, ciaLow);
    // A prefix is the block's last word: the suffix comes with the next one.
    if (bytes === 8 && ((ciaLow + 4) & this.#blockMask) !== block) this.#fetchBlock(ciaHigh, ciaLow + 4);
    return this.#cycle;
  }

  dispatched(cycle: number): void {
    this.#dispatched[this.#count++ & (this.#dispatched.length - 1)] = cycle;
  }

  // hot: scripts/bench-timing.ts
  branch(branch: Branch): void {
    this.#counters.branches++;
    const { taken } = branch;
    if (taken) this.#counters.takenBranches++;
    let right = true;
    // The history is that of the time of fetching, before this branch is a part of it.
    const { history } = this.#direction;
    if (branch.conditional) right = this.#direction.predicts(branch.ciaLow, taken);
    if (taken && !this.#predictsTarget(branch, history)) right = false;
    if (!right) {
      this.#counters.mispredicts++;
      this.#resumeAt = Math.max(branch.resolvedAt + this.#mispredictCycles, this.#now + 1);
    } else if (taken) {
      this.#resumeAt = this.#now + 1 + this.#bubbleOf(branch);
    }
  }

  /** Extra cycles of a load or store: translation where the ERAT lacks the page. */
  data(eaHigh: number, eaLow: number): number {
    return this.#translation.data(eaHigh, eaLow);
  }

  /** The stack holds no caller's address any more. What the flush itself costs is not counted. */
  flushLinkStack(): void {
    this.#links.flush();
  }

  /** The count cache holds no target any more. What the flush itself costs is not counted. */
  flushCountCache(): void {
    this.#counts.flush();
  }

  #fetchBlock(high: number, low: number): void {
    let start = this.#resumeAt >= 0 ? this.#resumeAt : this.#now + 1;
    this.#resumeAt = -1;
    const freed = this.#count - this.#bufferInsns;
    if (freed >= 0) start = Math.max(start, this.#dispatched[freed & (this.#dispatched.length - 1)] ?? 0);
    const line = low >>> this.#icache.lineShift;
    if (line !== this.#line || high !== this.#lineHigh) {
      this.#line = line;
      this.#lineHigh = high;
      start += this.#waitForLine(high, low, start);
    }
    this.#blockHigh = high;
    this.#blockLow = low & this.#blockMask;
    this.#now = start;
    this.#cycle = Math.ceil(start);
  }

  #waitForLine(high: number, low: number, cycle: number): number {
    const icache = this.#icache;
    const translation = this.#translation;
    if (this.#realTags) {
      const wait = translation.fetch(high, low);
      return wait + icache.access(translation.realHigh, translation.realLow, cycle + wait);
    }
    const { misses } = icache;
    const wait = icache.access(high, low, cycle);
    return icache.misses === misses ? wait : wait + translation.fetch(high, low);
  }

  /** Whether the target of a taken branch was predicted; the predictors learn it. */
  #predictsTarget(branch: Branch, history: number): boolean {
    const { kind, ciaHigh, ciaLow, targetHigh, targetLow } = branch;
    switch (kind) {
      case "direct":
        return true;
      case "direct-call":
        this.#pushReturn(ciaHigh, ciaLow);
        return true;
      case "return":
        return this.#links.pops(targetHigh, targetLow);
      case "return-call": {
        const right = this.#links.pops(targetHigh, targetLow);
        this.#pushReturn(ciaHigh, ciaLow);
        return right;
      }
      case "indirect":
        return this.#counts.predicts(ciaLow, history, targetHigh, targetLow);
      case "indirect-call":
        this.#pushReturn(ciaHigh, ciaLow);
        return this.#counts.predicts(ciaLow, history, targetHigh, targetLow);
    }
  }

  #pushReturn(ciaHigh: number, ciaLow: number): void {
    const low = (ciaLow + 4) | 0;
    this.#links.push(low === 0 ? ciaHigh + 1 : ciaHigh, low);
  }

  #bubbleOf(branch: Branch): number {
    const { kind, ciaHigh, ciaLow, targetHigh, targetLow } = branch;
    switch (kind) {
      case "direct":
        if (isForward(branch))
          return ((ciaLow ^ targetLow) & this.#blockMask) === 0 && ciaHigh === targetHigh
            ? this.#bubbles.sameBlock
            : this.#bubbles.forward;
        return this.#bubbles.backward;
      case "direct-call":
        return this.#bubbles.call;
      case "return":
      case "return-call":
        return this.#bubbles.return;
      case "indirect":
      case "indirect-call":
        return this.#bubbles.indirect;
    }
  }
}

function isForward({ ciaHigh, ciaLow, targetHigh, targetLow }: Branch): boolean {
  return ciaHigh === targetHigh ? targetLow >>> 0 > ciaLow >>> 0 : targetHigh >>> 0 > ciaHigh >>> 0;
}

/** All counters in one object that stays as current as its parts. */
function counted(
  own: { readonly branches: number; readonly takenBranches: number; readonly mispredicts: number },
  icache: InstructionCache,
  translation: Translation,
): FrontCounters {
  return {
    get branches(): number {
      return own.branches;
    },
    get takenBranches(): number {
      return own.takenBranches;
    },
    get mispredicts(): number {
      return own.mispredicts;
    },
    get icacheMisses(): number {
      return icache.misses;
    },
    get ieratMisses(): number {
      return translation.ieratMisses;
    },
    get deratMisses(): number {
      return translation.deratMisses;
    },
  };
}
