// Test support: how far the model is from llvm-mca on random blocks that it was not tuned on. Seeds 1 to 400 were used while the model was
// written; those here were looked at by nobody. mca's numbers are LLVM's, which differ from the manual's and GCC's in places: each
// place is in llvm-figures.ts with its reason. The errors judge nothing: the bounds are mca.test.ts's.
import type { CpuModel } from "../../isa/row.ts";
import { steadyBlockCycles } from "../block.ts";
import type { CoreFigures } from "../core-figures.ts";
import { cpuTimings } from "../cpu-timings.ts";
import { randomBlock } from "./blocks.ts";
import { corrected } from "./llvm-figures.ts";
import { steadyCycles } from "./mca.ts";

/** How many blocks there are. */
export const BLOCKS = 200;
/** The seed of the first; others follow. */
export const FIRST_SEED = 10_001;
const ITERATIONS = 200;

/** Errors of cycles per iteration. */
export interface Errors {
  /** Percent. */
  readonly median: number;
  readonly p95: number;
  /** Mean of the signed errors, percent: less than 0 where ours is faster. */
  readonly bias: number;
}

function errorsOf(ours: readonly number[], theirs: readonly number[]): Errors {
  const signed = ours.map((cycles, i) => (100 * (cycles - (theirs[i] ?? 0))) / (theirs[i] ?? 1));
  const sorted = signed.map(Math.abs).sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? Infinity;
  return { median: at(0.5), p95: at(0.95), bias: signed.reduce((a, b) => a + b, 0) / signed.length };
}

/** Errors of the machine as it is, with LLVM's mtctr alone, and with LLVM's number in every place where it differs. */
export interface ModelErrors {
  readonly raw: Errors;
  readonly counter: Errors;
  /** Whether the scheduling is right, where `raw` says what the numbers make out. */
  readonly all: Errors;
}

/** @throws OracleError where llvm-mca cannot be asked */
export function mcaErrors(cpu: CpuModel): ModelErrors {
  const blocks = Array.from({ length: BLOCKS }, (_, i) => randomBlock(FIRST_SEED + i, cpu));
  const theirs = steadyCycles(blocks, cpu);
  const errors = (core: CoreFigures): Errors =>
    errorsOf(
      blocks.map((block) => steadyBlockCycles(block.flat(), { model: cpu, iterations: ITERATIONS, core })),
      theirs,
    );
  return {
    raw: errors(cpuTimings[cpu].core),
    counter: errors(corrected(cpu, (what) => what.startsWith("mtctr"))),
    all: errors(corrected(cpu)),
  };
}
