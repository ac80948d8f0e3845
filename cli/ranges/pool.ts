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

/**
 * Every cell, in the order given. At Ctrl-C the process ends with its workers, exit 130.
 * @param jobs most workers at a time
 * @throws BugError for what a worker could not explain
 */
export async function measureAll(
  experiment: Experiment,
  cells: readonly Cell[],
  jobs: number,
): Promise<readonly Measurement[]> {
  const tasks = tasksOf(cells);
  const script = WORKER.find((file) => existsSync(file));
  if (script === undefined) throw new Error("dist/ranges-worker.js is missing");
  const pool = workerpool.pool(script, {
    workerType: "thread",
    maxWorkers: Math.min(jobs, tasks.length),
    workerThreadOpts: {
      workerData: experiment,
      ...(script.endsWith(".ts") ? { execArgv: ["--import", "tsx"] } : {}),
    },
  });
  const bar = progress(cells.length);
  const interrupted = (): never => {
    bar?.stop();
    process.exit(EXIT.interrupted);
  };
  process.once("SIGINT", interrupted);
  try {
    const done = await Promise.all(
      tasks.map(async (task) => {
        const measured = (await pool.exec("measureCells", [task])) as Measured;
        if ("bug" in measured) throw new BugError(measured.bug);
        bar?.increment(task.length);
        return task.map((cell, i) => [cell, measured.measurements[i]] as const);
      }),
    );
    const byCell = new Map(done.flat());
    return cells.flatMap((cell) => byCell.get(cell) ?? []);
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

/** Cells of one layout and strategy go to one worker together. */
function tasksOf(cells: readonly Cell[]): readonly (readonly Cell[])[] {
  const tasks = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.layout} ${cell.imageAlloc}`;
    tasks.set(key, [...(tasks.get(key) ?? []), cell]);
  }
  return [...tasks.values()];
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
