// Targets of branches to CTR: a table by address and one by address and history, each entry the last target of one branch.
// Who trusts which table in the real processor is not published; the rules here are the simplest that give what was measured.
import { type Assumption, figureValue } from "../figure.ts";
import type { CountCacheFigures } from "./figures.ts";

/** Trust in an entry, at most; 0 is none. */
const TRUST = 3;
const NOBODY = 255;

/** One table. An entry belongs to one branch of its block: another one of the same block finds nothing. */
class Targets {
  readonly high: Int32Array;
  readonly low: Int32Array;
  /** The word within the block whose branch owns the entry. */
  readonly owner: Uint8Array;
  readonly trust: Uint8Array;
  /** Whether the owner came by since another branch asked for the entry. */
  readonly #fresh: Uint8Array;

  constructor(entries: number) {
    this.high = new Int32Array(entries);
    this.low = new Int32Array(entries);
    this.owner = new Uint8Array(entries).fill(NOBODY);
    this.trust = new Uint8Array(entries);
    this.#fresh = new Uint8Array(entries);
  }

  right(at: number, owner: number, high: number, low: number): boolean {
    return this.owner[at] === owner && this.low[at] === low && this.high[at] === high;
  }

  learn(at: number, owner: number, high: number, low: number): void {
    if (this.owner[at] === owner) {
      const trust = this.trust[at] ?? 0;
      this.trust[at] = this.right(at, owner, high, low) ? Math.min(trust + 1, TRUST) : 0;
    } else {
      if (this.#fresh[at] === 1) {
        this.#fresh[at] = 0;
        return;
      }
      this.trust[at] = 0;
    }
    this.owner[at] = owner;
    this.#fresh[at] = 1;
    this.high[at] = high;
    this.low[at] = low;
  }

  flush(): void {
    this.owner.fill(NOBODY);
    this.trust.fill(0);
    this.#fresh.fill(0);
  }
}

/** Predicts and learns targets of branches to CTR. */
export class CountCache {
  readonly #local: Targets;
  readonly #global: Targets;
  readonly #localMask: number;
  readonly #globalMask: number;
  readonly #addressMask: number;
  readonly #blockShift: number;

  constructor(figures: CountCacheFigures, assumption: Assumption) {
    const localEntries = figureValue(figures.localEntries, assumption);
    const globalEntries = figureValue(figures.globalEntries, assumption);
    this.#local = new Targets(localEntries);
    this.#global = new Targets(globalEntries);
    this.#localMask = localEntries - 1;
    this.#globalMask = globalEntries - 1;
    this.#addressMask = 2 ** figureValue(figures.globalAddressBits, assumption) - 1;
    this.#blockShift = Math.log2(figureValue(figures.blockBytes, assumption));
  }

  /** Predicts the branch at an address, then learns its target. Returns whether the prediction was right; no entry is wrong. */
  // hot: scripts/bench-timing.ts
  predicts(ciaLow: number, history: number, targetHigh: number, targetLow: number): boolean {
    const high = targetHigh | 0;
    const low = targetLow | 0;
    const block = ciaLow >>> this.#blockShift;
    const owner = (ciaLow >>> 2) & (2 ** (this.#blockShift - 2) - 1);
    const localAt = block & this.#localMask;
    const globalAt = ((block & this.#addressMask) ^ history) & this.#globalMask;
    const local = this.#local;
    const global = this.#global;
    const localRight = local.right(localAt, owner, high, low);
    const globalRight = global.right(globalAt, owner, high, low);
    const useGlobal = local.trust[localAt] === 0 && (global.trust[globalAt] ?? 0) > 0;
    local.learn(localAt, owner, high, low);
    global.learn(globalAt, owner, high, low);
    return useGlobal ? globalRight : localRight;
  }

  /** As Linux's 278 `bcctr 2,0,0`, one in each 32 bytes, do. */
  flush(): void {
    this.#local.flush();
    this.#global.flush();
  }
}
