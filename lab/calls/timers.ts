// The timing models that watch one run: the typical one, and those at both ends of what unknown figures allow, on the same stream.
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
  readonly cycles: Readonly<Record<Assumption, number>>;
  /** Of the typical model. */
  readonly mispredicts: number;
  readonly icacheMisses: number;
  /** Of instructions and data. */
  readonly eratMisses: number;
}

export class Timers implements InsnObserver {
  readonly #typical: TimingModel;
  readonly #low: TimingModel;
  readonly #high: TimingModel;
  readonly #flush: Flush | undefined;
  #instructions = 0;

  constructor(model: CpuModel, pages: PageSource, flush: Flush | undefined) {
    const made = (assumption: Assumption): TimingModel => new TimingModel({ model, pages, assumption });
    this.#typical = made("typical");
    this.#low = made("low");
    this.#high = made("high");
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
      this.#pass(part(batch, first, i));
      first = i;
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
    for (const model of [this.#typical, this.#low, this.#high]) model.executed(batch);
  }

  #forget(flush: Flush): void {
    for (const model of [this.#typical, this.#low, this.#high])
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
