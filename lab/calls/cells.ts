// Which cells there are: every CPU × scenario × sequence of the scenario's axis. Measuring one is measure.ts's.
import type { CpuModel } from "../../cpu/isa/row.ts";
import { DEFAULT_LAYOUT } from "../../kernel/layout/table.ts";
import type { Cell } from "./row.ts";
import { scenarios } from "./scenario.ts";
import { sequencesOf, type SequenceName } from "./sequence-axis.ts";

/** What a user may choose; what is left out is everything there is. */
export interface CellsOptions {
  readonly cpus?: readonly CpuModel[] | undefined;
  /** By name; of every axis that has them. */
  readonly sequences?: readonly SequenceName[] | undefined;
  /** By name. */
  readonly scenarios?: readonly string[] | undefined;
  /** Default hash64k-4.15. */
  readonly layout?: string | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Default DEFAULT_REPEATS. */
  readonly repeats?: number | undefined;
}

/** Every processor that is modelled. */
export const cpuModels: readonly CpuModel[] = Object.freeze(["power8", "power9", "power10"]);

/** Measurements of a cell where nothing else is asked for. */
export const DEFAULT_REPEATS = 8;

/** The cells, by CPU, in it by scenario, in it by sequence. */
export function cells(options: CellsOptions = {}): readonly Cell[] {
  const { cpus = cpuModels, layout = DEFAULT_LAYOUT, seed = 0, repeats = DEFAULT_REPEATS } = options;
  const wanted = scenarios.filter(({ name }) => options.scenarios?.includes(name) ?? true);
  return cpus.flatMap((cpu) =>
    wanted.flatMap(({ name: scenario, axis }) =>
      sequencesOf[axis]
        .filter((sequence) => options.sequences?.includes(sequence) ?? true)
        .map((sequence) => ({ cpu, scenario, sequence, layout, seed, repeats })),
    ),
  );
}
