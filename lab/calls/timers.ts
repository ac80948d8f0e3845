// The timing models that watch one run: the typical one, and if asked for those at both ends of what unknown figures allow, on the
// same stream.
// Flushes happen where the driver has its mark. What a model is, is cpu/timing's.
import type { CpuModel } from "../../cpu/isa/row.ts";
import { RECORD, RECORD_WORDS, type InsnObserver, type InsnStream } from "../../cpu/stream.ts";
import type { Assumption } from "../../cpu/timing/figure.ts";
import { TimingModel } from "../../cpu/timing/model.ts";
import type { PageSource } from "../../cpu/timing/pages.ts";
import { FLUSH_MARK_WORD } from "./driver.ts";
import type { Flush } from "./scenario.ts";

/** What the models have counted from the start. */
export interface Reading {
  readonly instructions: number;
  /** Of models that do not watch: those of the typical one. */
  readonly cycles: Readonly<Record<Assumption, number>>;
  /** Of the typical model. */
  readonly mispredicts: number;
  readonly icacheMisses: number;
  /** Of instructions and data. */
  readonly eratMisses: number;
}

/** What watches. */
export interface TimersOptions {
  readonly model: CpuModel;
  readonly pages: PageSource;
  readonly flush: Flush | undefined;
  /** Whether the models of other assumptions watch too. */
  readonly isRanged: boolean;
}

/** Watches from the first instruction on; counts never go back. */
export class Timers implements InsnObserver {
  readonly #typical: TimingModel;
  readonly #low: TimingModel;
  readonly #high: TimingModel;
  /** Those that watch, each once. */
  readonly #models: ReadonlySet<TimingModel>;
  readonly #flush: Flush | undefined;
  #instructions = 0;

  constructor({ model, pages, flush, isRanged }: TimersOptions) {
    const made = (assumption: Assumption): TimingModel => new TimingModel({ model, pages, assumption });
    this.#typical = made("typical");
    this.#low = isRanged ? made("low") : this.#typical;
    this.#high = isRanged ? made("high") : this.#typical;
    this.#models = new Set([this.#typical, this.#low, this.#high]);
    this.#flush = flush;
  }

  executed(batch: InsnStream): void {
    this.#instructions += batch.count;
    if (this.#flush === undefined) {
      this.#pass(batch);
      return;
    }
    let first = 0;
    for (let i = 0; i < batch.count; i++) {
      if (batch.words[i * RECORD_WORDS + RECORD.WORD] !== FLUSH_MARK_WORD) continue;
      // With the mark: only then do the models know where the branch before it went.
      this.#pass(part(batch, first, i + 1));
      first = i + 1;
      this.#forget(this.#flush);
    }
    this.#pass(part(batch, first, batch.count));
  }

  get reading(): Reading {
    const { mispredicts, icacheMisses, ieratMisses, deratMisses } = this.#typical.counters;
    return {
      instructions: this.#instructions,
      cycles: { low: this.#low.cycles, typical: this.#typical.cycles, high: this.#high.cycles },
      mispredicts,
      icacheMisses,
      eratMisses: ieratMisses + deratMisses,
    };
  }

  #pass(batch: InsnStream): void {
    if (batch.count === 0) return;
    for (const model of this.#models) model.executed(batch);
  }

  #forget(flush: Flush): void {
    for (const model of this.#models)
      switch (flush) {
        case "count-cache":
          model.flushCountCache();
          break;
        case "link-stack":
          model.flushLinkStack();
          break;
      }
  }
}

/** Records from one to before another. */
function part({ words }: InsnStream, first: number, end: number): InsnStream {
  return { count: end - first, words: words.subarray(first * RECORD_WORDS, end * RECORD_WORDS) };
}
