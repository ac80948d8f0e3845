// Which way conditional branches go: a tournament of two-bit counters by address and by address and history.
// Targets are not predicted here; loops longer than the history end in a mispredict.
import { type Assumption, figureValue } from "../figure.ts";
import type { DirectionFigures } from "./figures.ts";

/** Counters: 0 and 1 say not taken, 2 and 3 taken. */
const WEAKLY_NOT_TAKEN = 1;
/** Selectors: 0 and 1 trust the local table, 2 and 3 the global one. */
const WEAKLY_LOCAL = 1;

/** Predicts and learns directions. */
export class DirectionPredictor {
  readonly #local: Uint8Array;
  readonly #global: Uint8Array;
  readonly #selector: Uint8Array;
  readonly #historyMask: number;
  #history = 0;

  constructor(figures: DirectionFigures, assumption: Assumption) {
    this.#local = new Uint8Array(figureValue(figures.localEntries, assumption)).fill(WEAKLY_NOT_TAKEN);
    const globalEntries = figureValue(figures.globalEntries, assumption);
    this.#global = new Uint8Array(globalEntries).fill(WEAKLY_NOT_TAKEN);
    this.#selector = new Uint8Array(globalEntries).fill(WEAKLY_LOCAL);
    this.#historyMask = 2 ** figureValue(figures.historyBits, assumption) - 1;
  }

  /** Outcomes of the conditional branches before, the latest in the lowest bit. */
  get history(): number {
    return this.#history;
  }

  /** Predicts the branch at an address, then learns how it went. Returns whether the prediction was right. */
  // hot: scripts/bench-timing.ts
  predicts(ciaLow: number, taken: boolean): boolean {
    const place = ciaLow >>> 2;
    const localAt = place & (this.#local.length - 1);
    const globalAt = (place ^ this.#history) & (this.#global.length - 1);
    const local = this.#local[localAt] ?? 0;
    const global = this.#global[globalAt] ?? 0;
    const selector = this.#selector[globalAt] ?? 0;
    const localRight = local >= 2 === taken;
    const globalRight = global >= 2 === taken;
    this.#local[localAt] = counted(local, taken);
    this.#global[globalAt] = counted(global, taken);
    if (localRight !== globalRight) this.#selector[globalAt] = counted(selector, globalRight);
    this.#history = ((this.#history << 1) | (taken ? 1 : 0)) & this.#historyMask;
    return selector >= 2 ? globalRight : localRight;
  }
}

function counted(counter: number, up: boolean): number {
  if (up) return counter < 3 ? counter + 1 : 3;
  return counter > 0 ? counter - 1 : 0;
}
