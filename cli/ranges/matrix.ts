// The whole matrix: which cells are measured in which order, and when there is nothing to compare.
import { placesOf, type AuditRow } from "../../lab/ranges/audit-place.ts";
import type { Axes } from "../../lab/ranges/axes.ts";
import type { Experiment } from "../../lab/ranges/measure.ts";
import type { Cell, Measurement, Row } from "../../lab/ranges/row.ts";
import { baselinesOf, cellsOf, rowsOf } from "../../lab/ranges/rows.ts";
import { StageError, UsageError } from "../errors.ts";
import { withWorkers } from "../pool.ts";
import type { Work } from "./tasks.ts";

export interface Matrix {
  readonly rows: readonly Row[];
  /** Of every strategy on every layout; none where nobody asked. */
  readonly audit: readonly AuditRow[] | undefined;
}

export interface MatrixOptions {
  /** Threads. */
  readonly jobs: number;
  /** Whether the strategies are audited, too. */
  readonly audit: boolean;
}

/**
 * The rows of all cells of these axes. What others are compared with comes first: where that is refused on every layout, it is
 * program or options that are at fault, and nothing else is tried.
 * @throws UsageError or StageError then
 */
export async function measureMatrix(
  experiment: Experiment,
  axes: Axes,
  { jobs, audit }: MatrixOptions,
): Promise<Matrix> {
  const cells = cellsOf(axes);
  const baselines = baselinesOf(cells);
  const rest = cells.filter((cell) => !baselines.includes(cell));
  const places = audit ? placesOf(cells) : [];
  const total = baselines.length + rest.length + places.length;
  const pool = { worker: "ranges-worker.js", data: experiment, jobs, total };
  return withWorkers<Work, Matrix>(pool, async (workers) => {
    const compared = await workers("measure", baselines);
    const error = commonError(compared);
    if (error !== undefined) throw error;
    const [others, audits] = await Promise.all([workers("measure", rest), workers("audit", places)]);
    const measured = new Map<Cell, Measurement | undefined>();
    baselines.forEach((cell, i) => measured.set(cell, compared[i]));
    rest.forEach((cell, i) => measured.set(cell, others[i]));
    const rows = rowsOf(
      cells.flatMap((cell) => measured.get(cell) ?? []),
      compared,
    );
    return { rows, audit: audit ? audits : undefined };
  });
}

/** What is wrong with program or options themselves: no layout's baseline could be started. */
function commonError(compared: readonly Measurement[]): Error | undefined {
  const refusals = compared.map(({ refusal, returned }) => (returned === null ? refusal : undefined));
  const [first] = refusals;
  if (first === undefined || refusals.includes(undefined)) return undefined;
  const { stage, errno = "EINVAL", message, log } = first;
  if (stage === "machine") return new UsageError(message);
  const where = stage === "boot" ? "load" : stage;
  return new StageError({ stage: where, errno, message, ...(log === undefined ? {} : { log }) });
}
