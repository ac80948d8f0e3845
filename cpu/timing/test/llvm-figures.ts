// Test support: where LLVM 19's description of a processor differs from ours, and why ours is as it is. A copy of our table with LLVM's numbers
// in these places is what llvm-mca can be compared with; the machine itself is not bent.
import type { CpuModel } from "../../isa/row.ts";
import { type SchedulingClass, schedulingClasses } from "../classes.ts";
import type { ClassFigures, CoreFigures } from "../core-figures.ts";
import { cpuTimings } from "../cpu-timings.ts";
import { type Figure, figureValue, known } from "../figure.ts";

const llvm = (cycles: number): Figure => known(cycles, "LLVM 19");

/** One difference. */
export interface Correction {
  readonly what: string;
  /** Why our number is another one. */
  readonly why: string;
  readonly apply: (core: CoreFigures) => CoreFigures;
}

/** Changes some classes. */
function classes(names: readonly SchedulingClass[], change: Partial<ClassFigures>): Correction["apply"] {
  return (core) => ({
    ...core,
    classes: {
      ...core.classes,
      ...Object.fromEntries(names.map((name) => [name, { ...core.classes[name], ...change }])),
    },
  });
}

/** All classes whose names fit. */
function named(pattern: RegExp): readonly SchedulingClass[] {
  return schedulingClasses.filter((name) => pattern.test(name));
}

/** Ports of dispatch are taken at issue, so many by these classes and one by all others; dispatch itself has eight slots. */
function ports(
  count: number,
  taken: readonly (readonly [pattern: RegExp, count: number])[],
): Correction["apply"] {
  return (core) => ({
    ...core,
    dispatchSlots: figureValue(core.dispatchSlots, "typical") < count ? core.dispatchSlots : llvm(8),
    units: { ...core.units, ports: llvm(count) },
    classes: Object.fromEntries(
      schedulingClasses.map((name) => {
        const figures = core.classes[name];
        const own = taken.find(([pattern]) => pattern.test(name))?.[1] ?? 1;
        const units = [...figures.units, { unit: "ports", count: own }];
        return [name, { ...figures, slots: llvm(1), place: "any", units }];
      }),
    ) as unknown as CoreFigures["classes"],
  });
}

const window: Correction = {
  what: "44 operations between dispatch and completion",
  why: "44 is the size of POWER9's issue queues; the completion tables have 256 and 512 entries",
  apply: (core) => ({ ...core, window: llvm(44), issueQueue: llvm(44) }),
};

/** A divider that takes a new division every `busy` cycles. */
function divider(name: SchedulingClass, cycles: number, unit: string, busy: number): Correction["apply"] {
  return classes([name], { latency: llvm(cycles), units: [{ unit, busy: llvm(busy) }] });
}

// One difference a line, as far as it goes.
// prettier-ignore
const corrections: Readonly<Record<CpuModel, readonly Correction[]>> = {
  power8: [
    { what: "64 operations between dispatch and completion, two an instruction, of which four are dispatched a cycle", why: "LLVM counts the issue port as an operation; the completion table has 224 entries [IBM J. Res. & Dev. 59]", apply: (core) => ports(6, [])({ ...core, dispatchSlots: llvm(4), window: llvm(32), issueQueue: llvm(64), units: { ...core.units, ports: llvm(6) } }) },
    { what: "additions and logic take 2 cycles", why: "GCC: 1, and 2 to an address", apply: classes(["simple", "logic", "carry", "rotate", "shift-algebraic"], { latency: llvm(2), to: {} }) },
    { what: "logic runs in the fixed-point units alone", why: "the journal has it in load and store units too", apply: classes(["logic"], { units: [{ unit: "fixed" }] }) },
    { what: "a comparison and isel take 5 cycles", why: "GCC: 2 and 1", apply: classes(["compare", "select"], { latency: llvm(5), to: {} }) },
    { what: "a product takes 5 cycles", why: "GCC: 4, and 5 to an address", apply: classes(["multiply"], { latency: llvm(5), to: {} }) },
    { what: "cntlzd takes 3 cycles", why: "GCC: 2", apply: classes(["count"], { latency: llvm(3), to: {} }) },
    { what: "record forms give their result after 2 cycles to all", why: "GCC: 3 to an address", apply: classes(["simple-record", "logic-record", "rotate-record"], { latency: llvm(2), to: {}, units: [{ unit: "fixed" }] }) },
    { what: "loads take a fixed-point unit", why: "GCC: those alone that extend the sign or leave their address", apply: classes(["load", "load-algebraic"], { units: [{ unit: "load|store" }, { unit: "fixed" }] }) },
    { what: "the base of an update form after 1 cycle", why: "not published", apply: classes(["store-update"], { early: llvm(1) }) },
    { what: "divisions of 23 and 15 cycles, one a cycle", why: "GCC: 68 and 37, one at a time", apply: (core) => divider("divide", 23, "fixed", 1)(divider("divide-word", 15, "fixed", 1)(core)) },
  ],
  power9: [
    { what: "mtctr, mtlr 12", why: "the manual and GCC say 5", apply: classes(["to-branch-register"], { latency: llvm(12), units: [{ unit: "exec", count: 2 }] }) },
    window,
    { what: "restricted operations take all three ports of a kind, and ports are taken in any order", why: "the manual and GCC: in order, and a superslice keeps two ports of three", apply: ports(6, [[/^(rotate|multiply)-record$|^store-update/, 4], [/^(rotate|multiply|select|cr-logical|from-cr-field|extended|store)$/, 3], [/^load-update/, 4], [/^load-algebraic$|^divide|^to-branch/, 2]]) },
  ],
  power10: [
    { what: "mtctr, mtlr 6", why: "GCC says 3", apply: classes(["to-branch-register"], { latency: llvm(6), units: [{ unit: "load" }] }) },
    window,
    { what: "nothing is fused", why: "the manual names the pairs; the analyzer leaves them out", apply: (core) => ({ ...core, fusions: [] }) },
    { what: "a load's result after 6 cycles", why: "GCC says 4, as Hot Chips 32 does", apply: classes(named(/^(prefixed-)?load/), { latency: llvm(6) }) },
    { what: "the base of an update form of a store after 3 cycles", why: "GCC: 2", apply: classes(["store-update"], { early: llvm(3) }) },
    { what: "a simple result feeds an address, a multiplier, a divider after 3 cycles", why: "GCC makes no difference: 2", apply: classes(["simple", "simple-record", "logic", "logic-record", "carry", "extended", "rotate", "shift-algebraic", "select", "prefixed-add"], { to: { memory: llvm(3), multiply: llvm(3), divide: llvm(3) } }) },
    { what: "divisions of 25 and 20 cycles", why: "GCC says 12", apply: (core) => divider("divide", 25, "divide", 10)(divider("divide-word", 20, "divide", 10)(core)) },
    { what: "paddi runs in the store's other units", why: "GCC: in the execution units", apply: (core) => classes(["prefixed-add"], { units: [{ unit: "sums" }] })({ ...core, units: { ...core.units, sums: llvm(2) } }) },
  ],
};

/** The differences of a processor's table and LLVM's. */
export function correctionsOf(model: CpuModel): readonly Correction[] {
  return corrections[model];
}

/** Our table with the corrections that `fits` says; default all. */
export function corrected(model: CpuModel, fits: (what: string) => boolean = () => true): CoreFigures {
  return corrections[model]
    .filter(({ what }) => fits(what))
    .reduce((core, { apply }) => apply(core), cpuTimings[model].core);
}
