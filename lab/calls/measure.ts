// One cell: a kernel is booted, the scenario run in it as often as the cell says, each time in other places, and the figures put
// together. Nothing but the cell decides what comes of it.
import { JitError } from "../../jit/error.ts";
import { KernelUsageError, OutOfMemoryError } from "../../kernel/error.ts";
import { jitTarget } from "../../kernel/jit-memory.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { Random } from "../../kernel/random.ts";
import { ModuleError } from "../../kernel/module/error.ts";
import { addCountingFunction, addCountingModule } from "./kernel-callee.ts";
import type { ModuleCode } from "./module-function.ts";
import { runModule } from "./module-run.ts";
import type { Cell, Figures, Row, Spread } from "./row.ts";
import { WrongRunError } from "./run.ts";
import { runScene, type CallFigures } from "./scene-run.ts";
import { scenarioNamed, type Scenario } from "./scenario.ts";
import { sequenceKind } from "./sequence-axis.ts";
import { spreadOf } from "./spread.ts";
import { runTailCall } from "./tail-call-run.ts";

/** Enough for the images of every scenario, in 64 KiB pages. */
const RAM_BYTES = 64 * 2 ** 20;

/** So many of a cell's measurements are watched by models of every assumption. */
const RANGED_REPEATS = 3;

/** A cell that names what there is not. */
export class CellError extends Error {
  override readonly name = "CellError";
}

/**
 * Measures a cell.
 * @returns figures, or why there are none: the sequence cannot make these calls, the kernel has no such machine or place, or the run was wrong
 * @throws CellError for a scenario or a sequence that does not exist
 */
export function measureCalls(cell: Cell): Row {
  const { sequence, cpu, scenario: name, layout } = cell;
  const named = { sequence, cpu, scenario: name, layout };
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new CellError(`no scenario ${name}`);
  try {
    const runs = measured(cell, scenario);
    const calls = runs.reduce((total, run) => total + run.calls, 0);
    return { ...named, error: null, calls, ...figuresOf(runs) };
  } catch (error) {
    const failed = error instanceof WrongRunError;
    if (failed || isRefusal(error)) return { ...named, error: error.message, failed };
    throw error;
  }
}

const isRefusal = (error: unknown): error is Error =>
  [JitError, ModuleError, KernelUsageError, OutOfMemoryError].some((kind) => error instanceof kind);

function measured(cell: Cell, scenario: Scenario): readonly CallFigures[] {
  const { cpu, layout, seed } = cell;
  const kernel = new Kernel({ cpu, layout, seed, ramBytes: RAM_BYTES });
  const seeds = new Random(seed);
  const repeats = Array.from({ length: cell.repeats }, (_, i) => ({
    random: new Random(seeds.u32()),
    isRanged: i < RANGED_REPEATS,
  }));
  const target = jitTarget(kernel, { callSequence: "far", helperSequence: "toc-relative" });
  switch (scenario.axis) {
    case "function":
    case "helper": {
      const kind = sequenceKind(scenario.axis, cell.sequence);
      if (kind === undefined) throw new CellError(`${scenario.name}: no sequence ${cell.sequence}`);
      const helper = scenario.axis === "helper" ? kernelCallees[scenario.callee](kernel) : undefined;
      return repeats.map((repeat) =>
        runScene({ ...repeat, kernel, machine: target, kind, scene: scenario.scene(repeat.random), helper }),
      );
    }
    case "module":
      addCountingFunction(kernel);
      return repeats.map((repeat) => runModule({ ...repeat, kernel, code: moduleCode(cell) }));
    case "tail-call":
      return repeats.map((repeat) => runTailCall({ ...repeat, kernel, target }));
  }
}

/** What is called of the kernel. */
const kernelCallees = { core: addCountingFunction, module: addCountingModule } as const;

/** How the module of a cell is compiled. */
function moduleCode({ scenario, sequence }: Cell): ModuleCode {
  if (sequence === "module-stub") return "toc";
  if (sequence === "module-stub-pcrel") return "pcrel";
  throw new CellError(`${scenario}: no sequence ${sequence}`);
}

/** Medians and percentiles over the repeats. */
function figuresOf(runs: readonly CallFigures[]): Figures {
  const spread = (of: (run: CallFigures) => number): Spread => {
    const { median, p5, p95 } = spreadOf(runs.map(of));
    return { median: tidy(median), p5: tidy(p5), p95: tidy(p95) };
  };
  const cycles = spread((run) => run.cycles.typical);
  /** From the typical cycles to the lowest or highest of the models. */
  const shift = (extreme: (all: readonly number[]) => number): number =>
    spreadOf(
      runs.slice(0, RANGED_REPEATS).map((run) => extreme(Object.values(run.cycles)) - run.cycles.typical),
    ).median;
  const all = {
    bytes: spread(({ bytes }) => bytes),
    instructions: spread(({ instructions }) => instructions),
    mispredicts: spread(({ mispredicts }) => mispredicts),
    icache_misses: spread(({ icacheMisses }) => icacheMisses),
    erat_misses: spread(({ eratMisses }) => eratMisses),
  };
  return {
    bytes: all.bytes.median,
    shared_bytes: spread(({ sharedBytes }) => sharedBytes).median,
    instructions: all.instructions.median,
    cycles,
    cycles_range: {
      low: tidy(cycles.median + shift((all) => Math.min(...all))),
      high: tidy(cycles.median + shift((all) => Math.max(...all))),
    },
    mispredicts: all.mispredicts.median,
    icache_misses: all.icache_misses.median,
    erat_misses: all.erat_misses.median,
    spread: all,
  };
}

/** To a thousandth: what is less says nothing about a processor. Never -0. */
function tidy(value: number): number {
  return Math.round(value * 1000) / 1000 + 0;
}
