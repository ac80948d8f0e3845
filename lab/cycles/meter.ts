// Cycles of a program's runs: an observer of the processor that gives its instructions to timing models and adds up what is the
// program's own. The models are cpu/timing's, functions and tables are report.ts's.
import { RECORD, RECORD_WORDS, type InsnObserver, type InsnStream } from "../../cpu/stream.ts";
import type { TimingModel } from "../../cpu/timing/model.ts";
import { InsnTable, type InsnCycles } from "./insn-table.ts";

const counterNames = [
  "instructions",
  "branches",
  "takenBranches",
  "mispredicts",
  "icacheMisses",
  "ieratMisses",
  "deratMisses",
] as const;
/** What is counted of a run beside cycles. */
export type Counters = Readonly<Record<(typeof counterNames)[number], number>>;

/** A timing model as far as it is asked here. */
export type CycleModel = Pick<TimingModel, "executed" | "cycles" | "drain" | "onInsn"> & {
  readonly counters: Counters;
};

/** A figure and what it is at the least and at the most, over the unknown numbers of the model. */
export interface Range {
  readonly cycles: number;
  readonly low: number;
  readonly high: number;
}

/** Whose an instruction is: the program's and what it calls, the host's way in and out, or that of an interrupt's handler. */
export type Part = "program" | "entry" | "interrupt";

/** Says whose the instruction at an address is; halves as the stream has them. */
export type PartOf = (ciaHigh: number, ciaLow: number) => Part;

/** What the last run came to. */
export interface RunCycles extends Range {
  readonly counters: Counters;
  /** By address, in no order; cycles are those of the model that takes what is likeliest. */
  readonly insns: readonly InsnCycles[];
}

/** One model with what it charges. */
class Account {
  readonly model: CycleModel;
  readonly table = new InsnTable();
  cycles = 0;
  #isCharged = false;

  constructor(model: CycleModel) {
    this.model = model;
    model.onInsn = ({ ciaHigh, ciaLow, delta }) => {
      if (this.#isCharged) this.table.add(ciaHigh, ciaLow, delta);
    };
  }

  /** A part of the stream; only what is the program's own is charged. */
  take(part: Part, stream: InsnStream): void {
    const { model } = this;
    const before = model.cycles;
    this.#isCharged = part === "program";
    model.executed(stream);
    if (part === "program") this.cycles += model.cycles - before;
  }
}

function counters(count: (name: keyof Counters) => number): Counters {
  return Object.fromEntries(counterNames.map((name) => [name, count(name)])) as Record<
    keyof Counters,
    number
  >;
}

const NOTHING: Counters = Object.freeze(counters(() => 0));

/**
 * Takes the stream of a processor. Handlers of interrupts are left out, as they are of counts of instructions; the host's way in is
 * executed by the models, since it is what the program returns to, but not charged. Caches and predictors stay as they are from
 * run to run.
 */
export class CycleMeter implements InsnObserver {
  /** The likeliest first. */
  readonly #accounts: readonly Account[];
  readonly #partOf: PartOf;
  #counters = NOTHING;
  #first: Range | undefined;
  /** Of all runs but the one at hand. */
  #total = { cycles: 0, low: 0, high: 0 };
  #runs = 0;

  /** @param others the same with unknown numbers taken otherwise; they give the range */
  constructor(typical: CycleModel, others: readonly CycleModel[], partOf: PartOf) {
    this.#accounts = [typical, ...others].map((model) => new Account(model));
    this.#partOf = partOf;
  }

  /** A run begins; what was before is another one, and nothing of it is in flight any more. */
  beginRun(): void {
    this.#endRun();
    this.#runs++;
    this.#counters = NOTHING;
    for (const account of this.#accounts) {
      account.cycles = 0;
      account.model.drain();
      account.table.clear();
    }
  }

  #endRun(): void {
    if (this.#runs === 0) return;
    const range = this.#range();
    this.#first ??= range;
    this.#total = addRanges(this.#total, range);
  }

  executed({ count, words }: InsnStream): void {
    let start = 0;
    while (start < count) {
      const part = this.#partAt(words, start);
      let end = start + 1;
      while (end < count && this.#partAt(words, end) === part) end++;
      const stream = { count: end - start, words: words.subarray(start * RECORD_WORDS, end * RECORD_WORDS) };
      if (part !== "interrupt") this.#take(part, stream);
      start = end;
    }
  }

  #partAt(words: Uint32Array, index: number): Part {
    const at = index * RECORD_WORDS;
    return this.#partOf(words[at + RECORD.CIA_HIGH] ?? 0, words[at + RECORD.CIA_LOW] ?? 0);
  }

  #take(part: Part, stream: InsnStream): void {
    const [typical] = this.#accounts;
    const before = typical?.model.counters;
    // The model's own object counts on.
    const counted = before === undefined ? NOTHING : counters((name) => before[name]);
    for (const account of this.#accounts) account.take(part, stream);
    if (part !== "program" || typical === undefined) return;
    const [own, now] = [this.#counters, typical.model.counters];
    this.#counters = counters((name) => own[name] + now[name] - counted[name]);
  }

  #range(): Range {
    const all = this.#accounts.map(({ cycles }) => cycles);
    return { cycles: all[0] ?? 0, low: Math.min(...all), high: Math.max(...all) };
  }

  /** Runs so far, the one at hand included. */
  get runs(): number {
    return this.#runs;
  }

  /** The first run, with everything cold. */
  get first(): Range {
    return this.#first ?? this.#range();
  }

  /** Of all runs. */
  get mean(): Range {
    const { cycles, low, high } = addRanges(this.#total, this.#range());
    const runs = Math.max(1, this.#runs);
    return { cycles: cycles / runs, low: low / runs, high: high / runs };
  }

  /** The last run. */
  get last(): RunCycles {
    return { ...this.#range(), counters: this.#counters, insns: this.#accounts[0]?.table.entries() ?? [] };
  }

  /** Cycles of the last run by instruction with the unknown numbers taken otherwise, one list a model. */
  get otherInsns(): readonly (readonly InsnCycles[])[] {
    return this.#accounts.slice(1).map(({ table }) => table.entries());
  }
}

function addRanges(a: Range, b: Range): Range {
  return { cycles: a.cycles + b.cycles, low: a.low + b.low, high: a.high + b.high };
}
