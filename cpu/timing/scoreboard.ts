// The execution core, out of order: each instruction in program order is given its cycles of dispatch, issue and completion. Older
// instructions choose their units first. Where instructions come from, and what a branch costs behind it, is not its concern.
// Caches: every access hits L1; a load that follows a store of the same bytes gets them from it.
import type { CoreFigures } from "./core-figures.ts";
import { CONSUMERS, type Decoded, type Result } from "./decoded.ts";
import { Dispatch } from "./dispatch.ts";
import { type Assumption, figureValue } from "./figure.ts";
import { fusionOf } from "./fusion.ts";
import { REGISTERS } from "./registers.ts";
import { StoreQueue } from "./store-queue.ts";
import { RING, Units } from "./units.ts";

/** The cycles of one instruction; an object that is changed from instruction to instruction. */
export interface InsnCycles {
  readonly dispatched: number;
  readonly issued: number;
  /** When its last result can be used, or its branch is resolved. */
  readonly finished: number;
  /** When it and all before it are finished. */
  readonly completed: number;
  readonly fused: boolean;
}

/** The second of a pair. */
interface Pair {
  readonly latency: number;
  /** What it waits for besides the first. */
  readonly sources: readonly number[];
}

/** One core's state between instructions. */
export class Scoreboard {
  readonly #core: CoreFigures;
  readonly #assumption: Assumption;
  readonly #dispatch: Dispatch;
  readonly #units: Units;
  readonly #stores: StoreQueue;
  readonly #toIssue: number;
  readonly #queueSize: number;
  readonly #ready = new Float64Array(REGISTERS * CONSUMERS);
  /** Completion of the instructions in the window, a ring. */
  readonly #window: Float64Array;
  #windowAt = 0;
  /** How many leave the queue in a cycle, by cycle; and how many are in it at `#queueCycle`. */
  readonly #leaving = new Uint16Array(RING);
  #waiting = 0;
  #queueCycle = 0;
  /** Nothing is dispatched before. */
  #barrier = 0;
  #completed = 0;
  /** What was found of neighbors, by the first and the second; null where they are no pair. */
  readonly #pairs = new Map<Decoded, Map<Decoded, Pair | null>>();
  #previous: Decoded | undefined;
  #previousIssued = 0;
  readonly #cycles = { dispatched: 0, issued: 0, finished: 0, completed: 0, fused: false };

  constructor(core: CoreFigures, assumption: Assumption) {
    this.#core = core;
    this.#assumption = assumption;
    this.#dispatch = new Dispatch(core, assumption);
    this.#units = new Units(Object.values(core.units).map((count) => figureValue(count, assumption)));
    this.#stores = new StoreQueue(figureValue(core.storeForward, assumption));
    this.#toIssue = figureValue(core.dispatchToIssue, assumption);
    this.#queueSize = figureValue(core.issueQueue, assumption);
    this.#window = new Float64Array(figureValue(core.window, assumption)).fill(-1);
  }

  /** The cycle in which the last instruction so far completes. */
  get completed(): number {
    return this.#completed;
  }

  // hot: bench-timing
  /**
   * Schedules the next instruction of the program. `fetched`: the cycle that it can be dispatched in as far as fetching goes;
   * `follows`: whether it lies behind the one before it; `ea` and `bytes`: its access, 0 bytes where it has none or
   * nobody knows it; `wait`: cycles more that the access takes than one that hits.
   */
  schedule(
    insn: Decoded,
    fetched: number,
    follows: boolean,
    eaHigh: number,
    eaLow: number,
    bytes: number,
    wait: number,
  ): InsnCycles {
    const pair = follows ? this.#pair(insn) : undefined;
    const latency = pair?.latency;
    const dispatched = this.#place(insn, fetched);
    let ready = dispatched + this.#toIssue;
    let data = 0;
    const times = this.#ready;
    if (pair !== undefined && this.#previousIssued > ready) ready = this.#previousIssued;
    const { sources } = pair ?? insn;
    for (let i = 0; i < sources.length; i++) {
      const time = times[sources[i] as number] as number;
      if (time > ready) ready = time;
    }
    for (let i = 0; i < insn.data.length; i++) {
      const time = times[insn.data[i] as number] as number;
      if (time > data) data = time;
    }
    // The second of a pair needs no unit of arithmetic any more; it is loaded or branches where others do.
    const needsUnit = latency === undefined || insn.isLoad || insn.branch !== undefined;
    const issued = needsUnit ? this.#units.reserve(insn.uses, ready) : ready;
    let finished = (data > issued ? data : issued) + (latency ?? insn.latency) + wait;
    let delay = (latency === undefined ? 0 : latency - insn.latency) + wait;
    if (bytes !== 0) {
      if (insn.isStore) this.#stores.store(eaHigh, eaLow, bytes, data > issued ? data : issued);
      else if (insn.isLoad) {
        const forwarded = this.#stores.load(eaHigh, eaLow, bytes);
        if (forwarded > finished) {
          delay += forwarded - finished;
          finished = forwarded;
        }
      }
    }
    this.#write(insn, issued, delay);
    this.#leave(data > issued ? data : issued);
    return this.#complete(insn, dispatched, issued, finished, latency !== undefined);
  }

  /** The next instruction is dispatched when all so far have completed. */
  drain(): void {
    this.#barrier = this.#completed;
  }

  /** What it is as the second of a pair; undefined where it is none. */
  #pair(insn: Decoded): Pair | undefined {
    const first = this.#previous;
    if (first === undefined || this.#core.fusions.length === 0) return undefined;
    const known = this.#pairs.get(first)?.get(insn);
    return known === undefined ? this.#findPair(first, insn) : (known ?? undefined);
  }

  /** Asks the table, once for any two. */
  #findPair(first: Decoded, insn: Decoded): Pair | undefined {
    const fusion = fusionOf(this.#core, first, insn);
    const pair =
      fusion === undefined
        ? undefined
        : {
            latency: figureValue(fusion.latency, this.#assumption),
            sources: insn.sources.filter(
              (place) => ((first.writes >> BigInt(Math.floor(place / CONSUMERS))) & 1n) === 0n,
            ),
          };
    const seconds = this.#pairs.get(first) ?? new Map<Decoded, Pair | null>();
    this.#pairs.set(first, seconds.set(insn, pair ?? null));
    return pair;
  }

  #place(insn: Decoded, fetched: number): number {
    let earliest = fetched > this.#barrier ? fetched : this.#barrier;
    const free = (this.#window[this.#windowAt] as number) + 1;
    if (free > earliest) earliest = free;
    if (insn.serial && this.#completed > earliest) earliest = this.#completed;
    let cycle = this.#dispatch.cycle;
    this.#moveQueue(earliest > cycle ? earliest : cycle);
    while (this.#waiting >= this.#queueSize) {
      cycle = this.#queueCycle + 1;
      earliest = cycle;
      this.#moveQueue(cycle);
    }
    const dispatched = this.#dispatch.place(insn, earliest);
    this.#moveQueue(dispatched);
    return dispatched;
  }

  /** Lets go of what is issued before `cycle`. */
  #moveQueue(cycle: number): void {
    const leaving = this.#leaving;
    let at = this.#queueCycle;
    for (; at < cycle && this.#waiting > 0; at++) {
      const slot = at & (RING - 1);
      this.#waiting -= leaving[slot] as number;
      leaving[slot] = 0;
    }
    if (cycle > this.#queueCycle) this.#queueCycle = cycle;
  }

  #leave(cycle: number): void {
    const slot = cycle & (RING - 1);
    this.#leaving[slot] = (this.#leaving[slot] as number) + 1;
    this.#waiting++;
  }

  #write({ results }: Decoded, issued: number, delay: number): void {
    const times = this.#ready;
    for (let i = 0; i < results.length; i++) {
      const { register, latencies, late } = results[i] as Result;
      const from = late ? issued + delay : issued;
      for (let kind = 0; kind < CONSUMERS; kind++)
        times[register * CONSUMERS + kind] = from + (latencies[kind] as number);
    }
  }

  #complete(insn: Decoded, dispatched: number, issued: number, finished: number, fused: boolean): InsnCycles {
    if (finished > this.#completed) this.#completed = finished;
    this.#window[this.#windowAt] = this.#completed;
    this.#windowAt = this.#windowAt + 1 === this.#window.length ? 0 : this.#windowAt + 1;
    if (insn.serial) this.#barrier = this.#completed;
    // the second of a pair is no first of another
    this.#previous = fused ? undefined : insn;
    this.#previousIssued = issued;
    const cycles = this.#cycles;
    cycles.dispatched = dispatched;
    cycles.issued = issued;
    cycles.finished = finished;
    cycles.completed = this.#completed;
    cycles.fused = fused;
    return cycles;
  }
}
