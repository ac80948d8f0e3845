// POWER8, running one thread: figures of its execution core.
// Sources: gcc, the scheduling description gcc/config/rs6000/power8.md of GCC 14; llvm, PPCScheduleP8.td of LLVM 19; journal, "IBM POWER8
// processor core microarchitecture", IBM J. Res. & Dev. 59 (2015), at second hand: it was not opened. Where GCC and LLVM differ, GCC's is taken: it is IBM's own.
import { power8Front } from "./front/power8.ts";
import type { CoreFigures, CpuTiming, UnitUse } from "./core-figures.ts";
import { type Figure, known, unknown } from "./figure.ts";

const gcc = (cycles: number): Figure => known(cycles, "GCC 14 power8.md");
const llvm = (cycles: number): Figure => known(cycles, "LLVM 19 PPCScheduleP8.td");
const journal = (n: number): Figure =>
  known(n, "IBM J. Res. & Dev. 59 (2015), POWER8 core microarchitecture");

const fixed: UnitUse = { unit: "fixed" };
/** Simple additions and logic run in load and store units too, so as to leave the others to those that need them. */
const anywhere: UnitUse = { unit: "load|store|fixed" };
const later = (after: number): UnitUse => ({ unit: "fixed", after });
const load: UnitUse = { unit: "load|store" };
const stores: readonly UnitUse[] = [{ unit: "load" }, { unit: "store" }];
const condition: UnitUse = { unit: "condition" };

/** Of a divider that takes nothing else meanwhile. */
function dividing(cycles: Figure): { readonly latency: Figure; readonly units: readonly UnitUse[] } {
  return { latency: cycles, units: [{ unit: "fixed", busy: cycles }] };
}

const cracked = { slots: gcc(2), place: "first" } as const;
const alone = { slots: gcc(6), place: "alone" } as const;
const toMemory = { memory: gcc(2) };
const fromRecord = { memory: gcc(3), condition: gcc(5), branch: gcc(5) };
const fromProduct = { memory: gcc(5), condition: gcc(7), branch: gcc(7) };
const baseOfUpdate = unknown(1, 2, 3, "LLVM 19 says 1; an addition that feeds an address takes 2");

// One class a line.
// prettier-ignore
const core: CoreFigures = {
  dispatchSlots: gcc(6),
  branchSlots: journal(2),
  branchEndsGroup: true,
  window: journal(224),
  issueQueue: journal(64),
  dispatchToIssue: unknown(1, 1, 3, "LLVM 19 takes 1"),
  storeForward: gcc(5),
  units: { fixed: gcc(2), load: gcc(2), store: gcc(2), condition: gcc(1), branch: gcc(1) },
  fusions: [
    { name: "addis, load", first: /^addis$/, second: /^(ld|lbz|lhz|lwz)$/, link: "result", latency: known(3, "POWER8 user's manual 10.1.12 as LLVM 19 names it; a load's latency") },
  ],
  classes: {
    "simple":                 { latency: gcc(1), units: [anywhere], to: toMemory },
    "simple-record":          { latency: gcc(2), units: [fixed], to: fromRecord },
    "logic":                  { latency: gcc(1), units: [anywhere], to: toMemory },
    "logic-record":           { latency: gcc(2), units: [fixed], to: fromRecord },
    "carry":                  { latency: gcc(1), units: [fixed], to: toMemory },
    "carry-record":           { latency: gcc(2), units: [fixed], to: fromRecord },
    "extended":               { latency: gcc(1), units: [fixed], to: toMemory },
    "extended-record":        { latency: gcc(2), units: [fixed], to: fromRecord },
    "relative":               { latency: gcc(1), units: [fixed] },
    "compare":                { latency: gcc(2), units: [fixed] },
    "compare-bytes":          { latency: gcc(2), units: [fixed] },
    "select":                 { latency: gcc(1), units: [fixed], to: toMemory },
    "set":                    { latency: gcc(1), units: [fixed] },
    "trap":                   { latency: gcc(1), units: [fixed] },
    "count":                  { latency: gcc(2), units: [fixed] },
    "count-record":           { latency: gcc(2), units: [fixed], to: fromRecord },
    "bytes":                  { latency: gcc(1), units: [fixed] },
    "bits":                   { latency: gcc(2), units: [fixed] },
    "rotate":                 { latency: gcc(1), units: [fixed], to: toMemory },
    "rotate-record":          { latency: gcc(2), units: [fixed, later(1)], ...cracked, to: fromRecord },
    "shift-algebraic":        { latency: gcc(1), units: [fixed], to: toMemory },
    "shift-algebraic-record": { latency: gcc(2), units: [fixed, later(1)], ...cracked, to: fromRecord },
    "multiply":               { latency: gcc(4), units: [fixed], to: fromProduct },
    "multiply-record":        { latency: gcc(4), units: [fixed, later(4)], ...cracked, to: fromProduct },
    "divide-word":            dividing(gcc(37)),
    "divide-word-record":     { ...dividing(gcc(37)), ...cracked },
    "divide":                 dividing(gcc(68)),
    "divide-record":          { ...dividing(gcc(68)), ...cracked },
    "divide-extended":        dividing(gcc(68)),
    "divide-extended-record": { ...dividing(gcc(68)), ...cracked },
    "modulo-word":            dividing(gcc(37)),
    "modulo":                 dividing(gcc(68)),
    "cr-logical":             { latency: gcc(3), units: [condition], place: "first" },
    "cr-field":               { latency: gcc(3), units: [condition], place: "first" },
    "from-cr":                { latency: gcc(5), units: [condition], ...alone },
    "from-cr-field":          { latency: gcc(3), units: [condition], place: "first" },
    "to-cr":                  { latency: gcc(3), units: [fixed], ...alone },
    "to-cr-field":            { latency: gcc(3), units: [fixed], place: "first" },
    "to-branch-register":     { latency: gcc(5), units: [fixed], place: "first" },
    "from-branch-register":   { latency: gcc(5), units: [condition, fixed], place: "first" },
    "to-spr":                 { latency: unknown(5, 10, 30, "depends on the register; not published"), units: [fixed], place: "first" },
    "from-spr":               { latency: llvm(10), units: [fixed], place: "first" },
    "load":                   { latency: gcc(3), units: [load] },
    "load-algebraic":         { latency: gcc(3), units: [load, later(3)], ...cracked },
    "load-update":            { latency: gcc(3), units: [load, fixed], ...cracked, early: baseOfUpdate },
    "load-algebraic-update":  { latency: gcc(3), units: [load, fixed, later(3)], ...alone, early: baseOfUpdate },
    "load-multiple":          { latency: unknown(3, 16, 36, "microcode; LLVM 19 takes one load's 3"), units: [{ unit: "load", count: 2, busy: unknown(1, 8, 16, "microcode") }], ...alone },
    "load-quad":              { latency: unknown(3, 8, 16, "two loads that are one to others"), units: [{ unit: "load", count: 2 }], ...alone },
    "load-reserve":           { latency: gcc(3), units: [load], ...alone },
    "store":                  { latency: llvm(1), units: stores },
    "store-update":           { latency: llvm(1), units: stores, early: baseOfUpdate },
    "store-update-indexed":   { latency: llvm(1), units: stores, ...cracked, early: baseOfUpdate },
    "store-multiple":         { latency: llvm(1), units: [{ unit: "store", count: 2, busy: unknown(1, 8, 16, "microcode") }], ...alone },
    "store-quad":             { latency: llvm(1), units: [{ unit: "store", count: 2 }], ...alone },
    "store-conditional":      { latency: unknown(10, 20, 40, "GCC 14 says 10; the answer comes from the L2 cache"), units: stores, ...alone },
    "cache":                  { latency: gcc(3), units: [load] },
    "sync":                   { latency: unknown(1, 20, 100, "GCC 14 says 1; what it waits for is not in it"), units: [{ unit: "store" }], ...alone },
    "branch":                 { latency: gcc(3), units: [{ unit: "branch" }], place: "branch", to: { general: gcc(4) } },
    "prefixed-add":           { latency: gcc(1), units: [fixed] },
    "prefixed-load":          { latency: gcc(3), units: [load] },
    "prefixed-load-algebraic":{ latency: gcc(3), units: [load] },
    "prefixed-store":         { latency: llvm(1), units: stores },
    "nop":                    { latency: gcc(1), units: [anywhere] },
    "prefixed-nop":           { latency: gcc(1), units: [fixed] },
    "system":                 { latency: unknown(10, 30, 200, "changes of state of the machine; not published"), units: [fixed], ...alone },
  },
};

/** POWER8. */
export const power8: CpuTiming = Object.freeze({ model: "power8", core, front: power8Front });
