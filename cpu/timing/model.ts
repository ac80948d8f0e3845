// The timing model of a processor: how many cycles a stream of executed instructions takes. Front end and execution core put together.
// It executes nothing: instructions come from an engine, or as words from block.ts.
import { RECORD, RECORD_WORDS, type InsnObserver, type InsnStream } from "../stream.ts";
import type { CpuModel } from "../isa/row.ts";
import type { CoreFigures } from "./core-figures.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { type Decoded, Decoder } from "./decoded.ts";
import type { Assumption } from "./figure.ts";
import type { BranchKind, FrontCounters, FrontEnd } from "./front/front-end.ts";
import { IdealFrontEnd } from "./front/ideal.ts";
import { ModelledFrontEnd } from "./front/modelled.ts";
import type { PageSource } from "./pages.ts";
import { type InsnCycles, Scoreboard } from "./scoreboard.ts";

/** What a model is made of. */
export interface TimingOptions {
  readonly model: CpuModel;
  /** How figures that nobody publishes are taken; default typical. */
  readonly assumption?: Assumption;
  /** Where pages are asked for; without it everything is one page. */
  readonly pages?: PageSource;
  /** `ideal` always has the next instruction, as llvm-mca takes it; default modelled. */
  readonly frontEnd?: "modelled" | "ideal";
  /** Figures of the core in place of the processor's own, for comparisons. */
  readonly core?: CoreFigures;
}

/** What the model counts, from the first instruction on. */
export interface TimingCounters extends FrontCounters {
  readonly instructions: number;
}

/** An instruction and its cycles; one object, changed from instruction to instruction. */
export interface InsnTiming {
  readonly ciaHigh: number;
  readonly ciaLow: number;
  /** Cycles between the completion of the instruction before it and its own: their sum is `cycles`. */
  readonly delta: number;
  readonly cycles: InsnCycles;
}

/** Times the instructions that it is told of. Cycles count from 0, the first fetch. */
export class TimingModel implements InsnObserver {
  readonly #decoder: Decoder;
  readonly #scoreboard: Scoreboard;
  readonly #front: FrontEnd;
  readonly #counters: { instructions: number };
  /** Called for each instruction when it is timed; for annotated dumps. */
  onInsn: ((insn: InsnTiming) => void) | undefined;
  readonly counters: TimingCounters;
  /** The branch that came last and whose target the next instruction tells. */
  #pending = false;
  /** Flushes that came behind it. */
  readonly #flushes: (() => void)[] = [];
  readonly #branch = {
    ciaHigh: 0,
    ciaLow: 0,
    kind: "direct" as BranchKind,
    conditional: false,
    taken: false,
    targetHigh: 0,
    targetLow: 0,
    dispatchedAt: 0,
    resolvedAt: 0,
  };
  /** Behind the last instruction. */
  #nextHigh = 0;
  #nextLow = 1;
  #lastCompleted = 0;
  readonly #insn: { ciaHigh: number; ciaLow: number; delta: number; cycles: InsnCycles };

  constructor(options: TimingOptions) {
    const { model, assumption = "typical", pages, frontEnd = "modelled" } = options;
    const { core, front } = cpuTimings[model];
    const figures = options.core ?? core;
    this.#decoder = new Decoder(model, figures, assumption);
    this.#scoreboard = new Scoreboard(figures, assumption);
    this.#front =
      frontEnd === "ideal"
        ? new IdealFrontEnd()
        : new ModelledFrontEnd({ figures: front, assumption, pages });
    this.#counters = { instructions: 0 };
    this.counters = countersOf(this.#counters, this.#front.counters);
    this.#insn = { ciaHigh: 0, ciaLow: 0, delta: 0, cycles: NO_CYCLES };
  }

  /** The cycle in which the last instruction so far completes. */
  get cycles(): number {
    return this.#scoreboard.completed;
  }

  /** What comes next waits until all so far has completed: for parts that are to be timed each on its own, with caches as they are. */
  drain(): void {
    this.#scoreboard.drain();
  }

  /** The link stack forgets; what the flush itself costs is its instructions' matter. */
  flushLinkStack(): void {
    this.#behindBranch(() => {
      this.#front.flushLinkStack();
    });
  }

  /** The count cache forgets. */
  flushCountCache(): void {
    this.#behindBranch(() => {
      this.#front.flushCountCache();
    });
  }

  /** At once, or when the front end has learnt of the branch that was executed last. */
  #behindBranch(flush: () => void): void {
    if (this.#pending) this.#flushes.push(flush);
    else flush();
  }

  // hot: bench-timing
  executed({ count, words }: InsnStream): void {
    for (let i = 0; i < count; i++) {
      const at = i * RECORD_WORDS;
      const kind = words[at + RECORD.EA_KIND] as number;
      this.#execute(
        (words[at + RECORD.CIA_HIGH] as number) | 0,
        (words[at + RECORD.CIA_LOW] as number) | 0,
        words[at + RECORD.WORD] as number,
        words[at + RECORD.PREFIX] as number,
        (words[at + RECORD.EA_HIGH] as number) | 0,
        (words[at + RECORD.EA_LOW] as number) | 0,
        kind >>> 8,
      );
    }
  }

  #execute(
    ciaHigh: number,
    ciaLow: number,
    word: number,
    prefix: number,
    eaHigh: number,
    eaLow: number,
    bytes: number,
  ): void {
    const front = this.#front;
    const insn = this.#decoder.of(word, prefix);
    const follows = ciaLow === this.#nextLow && ciaHigh === this.#nextHigh;
    if (this.#pending) this.#tell(ciaHigh, ciaLow, !follows);
    const length = prefix === 0 ? 4 : 8;
    const fetched = front.fetch(ciaHigh, ciaLow, length);
    const wait = bytes === 0 ? 0 : front.data(eaHigh, eaLow);
    const cycles = this.#scoreboard.schedule(insn, fetched, follows, eaHigh, eaLow, bytes, wait);
    front.dispatched(cycles.dispatched);
    this.#counters.instructions++;
    this.#nextLow = (ciaLow + length) | 0;
    this.#nextHigh = this.#nextLow >>> 0 < length ? (ciaHigh + 1) | 0 : ciaHigh;
    if (insn.branch !== undefined) this.#note(insn, insn.branch, ciaHigh, ciaLow, cycles);
    if (this.onInsn !== undefined) this.#hook(this.onInsn, ciaHigh, ciaLow, cycles);
  }

  #note(insn: Decoded, kind: BranchKind, ciaHigh: number, ciaLow: number, cycles: InsnCycles): void {
    const branch = this.#branch;
    branch.ciaHigh = ciaHigh;
    branch.ciaLow = ciaLow;
    branch.kind = kind;
    branch.conditional = insn.conditional;
    branch.dispatchedAt = cycles.dispatched;
    branch.resolvedAt = cycles.finished;
    this.#pending = true;
  }

  /** The branch before this instruction went here. */
  #tell(ciaHigh: number, ciaLow: number, moved: boolean): void {
    const branch = this.#branch;
    branch.targetHigh = ciaHigh;
    branch.targetLow = ciaLow;
    branch.taken = moved || !branch.conditional;
    this.#pending = false;
    this.#front.branch(branch);
    if (this.#flushes.length > 0) for (const flush of this.#flushes.splice(0)) flush();
  }

  #hook(onInsn: (insn: InsnTiming) => void, ciaHigh: number, ciaLow: number, cycles: InsnCycles): void {
    const insn = this.#insn;
    insn.ciaHigh = ciaHigh;
    insn.ciaLow = ciaLow;
    insn.delta = cycles.completed - this.#lastCompleted;
    insn.cycles = cycles;
    this.#lastCompleted = cycles.completed;
    onInsn(insn);
  }
}

const NO_CYCLES: InsnCycles = Object.freeze({
  dispatched: 0,
  issued: 0,
  finished: 0,
  completed: 0,
  fused: false,
});

/** One object that stays as current as its parts. */
function countersOf(own: { readonly instructions: number }, front: FrontCounters): TimingCounters {
  return {
    get instructions(): number {
      return own.instructions;
    },
    get branches(): number {
      return front.branches;
    },
    get takenBranches(): number {
      return front.takenBranches;
    },
    get mispredicts(): number {
      return front.mispredicts;
    },
    get icacheMisses(): number {
      return front.icacheMisses;
    },
    get ieratMisses(): number {
      return front.ieratMisses;
    },
    get deratMisses(): number {
      return front.deratMisses;
    },
  };
}
