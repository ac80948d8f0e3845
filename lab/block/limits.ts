// What holds a repeated block back: it is timed again with one limit of the core taken away after the other.
// The figures are the timing model's; nothing is scheduled here.
import type { CpuModel } from "../../cpu/isa/row.ts";
import { timeBlock } from "../../cpu/timing/block.ts";
import type { ClassFigures, CoreFigures } from "../../cpu/timing/core-figures.ts";
import { cpuTimings } from "../../cpu/timing/cpu-timings.ts";
import { known } from "../../cpu/timing/figure.ts";
import type { SchedulingClass } from "../../cpu/timing/classes.ts";

/** What a core without one of its limits makes of a block. */
export interface Limit {
  /** `dispatch`, `latencies`, `window`, or `unit ` and the unit's name. */
  readonly name: string;
  /** What is so without it: `with as many exec units as it needs`. */
  readonly relief: string;
  /** Per iteration in the steady state. */
  readonly cycles: number;
}

/** More than any block takes in a cycle. */
const plenty = known(200, "no limit");
const none = known(0, "no limit");

/**
 * The block without each limit.
 * @param words as of timeBlock
 */
export function limitsOf(words: readonly number[], model: CpuModel, iterations?: number): readonly Limit[] {
  const { core } = cpuTimings[model];
  const cores: readonly (Omit<Limit, "cycles"> & { readonly core: CoreFigures })[] = [
    { name: "dispatch", relief: "with any number dispatched in a cycle", core: withoutDispatch(core) },
    ...Object.keys(core.units).map((unit) => ({
      name: `unit ${unit}`,
      relief: `with as many ${unit} units as it needs`,
      core: { ...core, units: { ...core.units, [unit]: plenty } },
    })),
    { name: "latencies", relief: "with every result there at once", core: withoutLatencies(core) },
    {
      name: "window",
      relief: "with any number between dispatch and completion",
      core: { ...core, window: known(1 << 14, "no limit"), issueQueue: known(1 << 12, "no limit") },
    },
  ];
  return cores.map(({ name, relief, core: changed }) => {
    const options = { model, core: changed, ...(iterations === undefined ? {} : { iterations }) };
    return { name, relief, cycles: timeBlock(words, options).cyclesPerIteration };
  });
}

function withoutDispatch(core: CoreFigures): CoreFigures {
  const anywhere = mapped(core, (figures) => ({ ...figures, place: "any", slots: none }));
  return { ...anywhere, dispatchSlots: plenty, branchSlots: plenty, branchEndsGroup: false };
}

function withoutLatencies(core: CoreFigures): CoreFigures {
  const atOnce = mapped(core, ({ units, slots, place }) => ({
    latency: none,
    units,
    ...(slots === undefined ? {} : { slots }),
    ...(place === undefined ? {} : { place }),
  }));
  const fusions = core.fusions.map((fusion) => ({ ...fusion, latency: none }));
  return { ...atOnce, storeForward: none, fusions };
}

function mapped(core: CoreFigures, change: (figures: ClassFigures) => ClassFigures): CoreFigures {
  const classes = Object.entries(core.classes).map(([name, figures]) => [name, change(figures)]);
  return { ...core, classes: Object.fromEntries(classes) as Record<SchedulingClass, ClassFigures> };
}

/**
 * The limits without which the block is faster, the one that matters most first: those by which it wins a hundredth or more.
 * None where several hold it back alike.
 */
export function heldBackBy(limits: readonly Limit[], cyclesPerIteration: number): readonly Limit[] {
  return limits
    .filter(({ cycles }) => cycles < 0.99 * cyclesPerIteration)
    .sort((a, b) => a.cycles - b.cycles);
}
