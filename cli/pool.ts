// Tasks done in parallel by worker threads; the results do not depend on who did what when.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import workerpool from "workerpool";
import { EXIT } from "./errors.ts";
import type { Answer, Bug, Tasks } from "./worker.ts";

/** Each has a machine's memory: more than this many take turns. */
const MOST_WORKERS = 32;

/** Does one kind of work on each of the arguments; the results are in their order. */
export type Workers<Work extends Tasks<Work>> = <Kind extends keyof Work & string>(
  kind: Kind,
  each: readonly Parameters<Work[Kind]>[0][],
) => Promise<readonly Awaited<ReturnType<Work[Kind]>>[]>;

export interface PoolOptions {
  /** File of the worker in dist/: beside the command, or as it was built last where the command is run from its sources. */
  readonly worker: string;
  /** What every worker has as its `workerData`: it can be cloned. */
  readonly data?: unknown;
  /** Most threads at a time. */
  readonly jobs: number;
  /** Tasks there will be in all, for the progress that a terminal shows. */
  readonly total: number;
}

/**
 * Runs `work` with threads that are gone when it ends. At Ctrl-C the process ends with them, exit 130.
 * @throws what `work` throws, and from the workers BugError for what a worker could not explain
 */
export async function withWorkers<Work extends Tasks<Work>, T>(
  { worker, data, jobs, total }: PoolOptions,
  work: (workers: Workers<Work>) => Promise<T>,
): Promise<T> {
  const places = ["./", "../dist/"].map((folder) =>
    fileURLToPath(new URL(`${folder}${worker}`, import.meta.url)),
  );
  const script = places.find((file) => existsSync(file));
  if (script === undefined) throw new Error(`dist/${worker} is missing`);
  const pool = workerpool.pool(script, {
    workerType: "thread",
    maxWorkers: Math.max(1, Math.min(jobs, total, MOST_WORKERS)),
    workerThreadOpts: { workerData: data },
  });
  const bar = progress(total);
  const interrupted = (): never => {
    bar?.stop();
    process.exit(EXIT.interrupted);
  };
  process.once("SIGINT", interrupted);
  const workers: Workers<Work> = (kind, each) =>
    Promise.all(
      each.map(async (argument) => {
        const answer = (await pool.exec(kind, [argument])) as Answer<Awaited<ReturnType<Work[typeof kind]>>>;
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
