// Cells measured in parallel by worker threads; the results do not depend on who measured what when.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import workerpool from "workerpool";
import type { Experiment } from "../../lab/ranges/measure.ts";
import type { Cell, Measurement } from "../../lab/ranges/row.ts";
import { EXIT } from "../errors.ts";
import type { Bug, Measured } from "./tasks.ts";

/** Beside dist/farcall.js; as TypeScript where the command itself is run from its sources. */
const WORKER = ["./ranges-worker.js", "./worker.ts"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

/** Measures cells; the measurements are in the order of the cells. */
export type Measure = (cells: readonly Cell[]) => Promise<readonly Measurement[]>;

export interface PoolOptions {
  /** Most threads at a time. */
  readonly jobs: number;
  /** Cells there will be in all, for the progress that a terminal shows. */
  readonly total: number;
}

/**
 * Runs `work` with threads that are gone when it ends. At Ctrl-C the process ends with them, exit 130.
 * @throws what `work` throws, and from its `measure` BugError for what a worker could not explain
 */
export async function withWorkers<T>(
  experiment: Experiment,
  { jobs, total }: PoolOptions,
  work: (measure: Measure) => Promise<T>,
): Promise<T> {
  const script = WORKER.find((file) => existsSync(file));
  if (script === undefined) throw new Error("dist/ranges-worker.js is missing");
  const execArgv = script.endsWith(".ts") ? { execArgv: ["--import", "tsx"] } : {};
  const pool = workerpool.pool(script, {
    workerType: "thread",
    maxWorkers: Math.min(jobs, total),
    workerThreadOpts: { workerData: experiment, ...execArgv },
  });
  const bar = progress(total);
  const interrupted = (): never => {
    bar?.stop();
    process.exit(EXIT.interrupted);
  };
  process.once("SIGINT", interrupted);
  const measureOne = async (cell: Cell): Promise<Measurement> => {
    const measured = (await pool.exec("measureCell", [cell])) as Measured;
    if ("bug" in measured) throw new BugError(measured.bug);
    bar?.increment();
    return measured.measurement;
  };
  try {
    return await work((cells) => Promise.all(cells.map(measureOne)));
  } finally {
    process.off("SIGINT", interrupted);
    bar?.stop();
    await pool.terminate(true);
  }
}

/** An error of a worker's, under the name and with the stack that it has there. */
class BugError extends Error {
  constructor({ name, message, stack }: Bug) {
    super(message);
    this.name = name;
    if (stack !== undefined) this.stack = stack;
  }
}

function progress(total: number): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    format: "{bar} {value}/{total} cells, {duration_formatted}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0);
  return bar;
}
