// Tasks done in parallel by worker threads; the results do not depend on who did what when.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import workerpool from "workerpool";
import type { Experiment } from "../../lab/ranges/measure.ts";
import { EXIT } from "../errors.ts";
import type { Answer, Bug, Work } from "./tasks.ts";

/** Beside dist/farcall.js; as it was built last where the command itself is run from its sources. */
const WORKER = ["./ranges-worker.js", "../../dist/ranges-worker.js"].map((file) =>
  fileURLToPath(new URL(file, import.meta.url)),
);

/** Each has a machine's memory: more than this many take turns. */
const MOST_WORKERS = 32;

/** Does one kind of work on each of the arguments; the results are in their order. */
export type Workers = <Kind extends keyof Work>(
  kind: Kind,
  each: readonly Parameters<Work[Kind]>[0][],
) => Promise<readonly ReturnType<Work[Kind]>[]>;

export interface PoolOptions {
  /** Most threads at a time. */
  readonly jobs: number;
  /** Tasks there will be in all, for the progress that a terminal shows. */
  readonly total: number;
}

/**
 * Runs `work` with threads that are gone when it ends. At Ctrl-C the process ends with them, exit 130.
 * @throws what `work` throws, and from the workers BugError for what a worker could not explain
 */
export async function withWorkers<T>(
  experiment: Experiment,
  { jobs, total }: PoolOptions,
  work: (workers: Workers) => Promise<T>,
): Promise<T> {
  const script = WORKER.find((file) => existsSync(file));
  if (script === undefined) throw new Error("dist/ranges-worker.js is missing");
  const pool = workerpool.pool(script, {
    workerType: "thread",
    maxWorkers: Math.min(jobs, total, MOST_WORKERS),
    workerThreadOpts: { workerData: experiment },
  });
  const bar = progress(total);
  const interrupted = (): never => {
    bar?.stop();
    process.exit(EXIT.interrupted);
  };
  process.once("SIGINT", interrupted);
  const workers: Workers = (kind, each) =>
    Promise.all(
      each.map(async (argument) => {
        const answer = (await pool.exec(kind, [argument])) as Answer<ReturnType<Work[typeof kind]>>;
        if ("bug" in answer) throw new BugError(answer.bug);
        bar?.increment();
        return answer.value;
      }),
    );
  try {
    return await work(workers);
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
    format: "{bar} {value}/{total}, {duration_formatted}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0);
  return bar;
}
