// A block of instructions repeated on the timing model, as llvm-mca does it: the text's order is the order of execution whatever its branches
// do, all of them are predicted right, nothing waits for fetching, and accesses of unknown addresses never touch the same bytes.
import { isPrefix } from "../isa/decode.ts";
import type { CpuModel } from "../isa/row.ts";
import { RECORD, RECORD_WORDS } from "../stream.ts";
import type { CoreFigures } from "./core-figures.ts";
import { type Assumption, assumptions } from "./figure.ts";
import { TimingModel } from "./model.ts";

/** How a block is timed. */
export interface BlockOptions {
  readonly model: CpuModel;
  /** How often it is repeated, at least 2; default 100. */
  readonly iterations?: number;
  /** Figures of the core in place of the processor's own, for comparisons. */
  readonly core?: CoreFigures;
}

/** One instruction of the first iteration; cycles from 0 on. */
export interface BlockInsn {
  readonly dispatched: number;
  readonly issued: number;
  /** When its result can be used. */
  readonly finished: number;
  readonly completed: number;
  /** Executed as one with the instruction before it. */
  readonly fused: boolean;
}

/** What a block takes. */
export interface BlockTiming {
  /** In one iteration. */
  readonly instructions: number;
  readonly iterations: number;
  /** Of all iterations, until the last instruction is completed. */
  readonly cycles: number;
  /** In the steady state: over the second half of the iterations. */
  readonly cyclesPerIteration: number;
  /** The same with the figures that nobody publishes taken as low and as high. */
  readonly range: { readonly low: number; readonly high: number };
  /** The first iteration, instruction by instruction. */
  readonly timeline: readonly BlockInsn[];
}

/** Records of one iteration. The addresses go on from 0; there are no accesses. */
function recordsOf(words: readonly number[], model: CpuModel): Uint32Array {
  const records: number[] = [];
  for (let i = 0; i < words.length; i++) {
    const record = new Array<number>(RECORD_WORDS).fill(0);
    record[RECORD.CIA_LOW] = 4 * i;
    const word = words[i] ?? 0;
    if (isPrefix(word, model)) {
      record[RECORD.PREFIX] = word;
      i++;
    }
    record[RECORD.WORD] = words[i] ?? 0;
    records.push(...record);
  }
  return Uint32Array.from(records);
}

interface Run {
  readonly cycles: number;
  readonly perIteration: number;
  readonly timeline: readonly BlockInsn[];
}

function run(
  records: Uint32Array,
  { model, iterations = 100, core }: BlockOptions,
  assumption: Assumption,
): Run {
  const timing = new TimingModel({
    model,
    assumption,
    frontEnd: "ideal",
    ...(core === undefined ? {} : { core }),
  });
  const count = records.length / RECORD_WORDS;
  const timeline: BlockInsn[] = [];
  timing.onInsn = ({ cycles }) => {
    if (timeline.length < count) timeline.push({ ...cycles });
  };
  const half = Math.floor(iterations / 2);
  let firstHalf = 0;
  for (let i = 0; i < iterations; i++) {
    if (i === half) firstHalf = timing.cycles;
    timing.executed({ count, words: records });
  }
  return { cycles: timing.cycles, perIteration: (timing.cycles - firstHalf) / (iterations - half), timeline };
}

/** Cycles of one iteration in the steady state, under one assumption alone. */
export function steadyBlockCycles(
  words: readonly number[],
  options: BlockOptions,
  assumption: Assumption = "typical",
): number {
  return run(recordsOf(words, options.model), options, assumption).perIteration;
}

/** Times a block of instruction words (a prefix, then its suffix) that is repeated. */
export function timeBlock(words: readonly number[], options: BlockOptions): BlockTiming {
  const records = recordsOf(words, options.model);
  const [low, typical, high] = assumptions.map((assumption) => run(records, options, assumption));
  if (low === undefined || typical === undefined || high === undefined)
    throw new RangeError("three assumptions");
  return {
    instructions: records.length / RECORD_WORDS,
    iterations: options.iterations ?? 100,
    cycles: typical.cycles,
    cyclesPerIteration: typical.perIteration,
    range: { low: low.perIteration, high: high.perIteration },
    timeline: typical.timeline,
  };
}
