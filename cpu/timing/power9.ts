// POWER9, an SMT4 core running one thread: figures of its execution core.
// Sources: gcc, the scheduling description gcc/config/rs6000/power9.md of GCC 14; llvm, PPCScheduleP9.td and P9InstrResources.td of LLVM 19;
// calls, the published measurement of an AC922 that quotes the user's manual. Where they differ, the manual's is taken.
import { power9Front } from "./front/power9.ts";
import type { CoreFigures, CpuTiming, UnitUse } from "./core-figures.ts";
import { type Figure, known, unknown } from "./figure.ts";

const gcc = (cycles: number): Figure => known(cycles, "GCC 14 power9.md");
const llvm = (cycles: number): Figure => known(cycles, "LLVM 19 PPCScheduleP9.td, P9InstrResources.td");
const manual = (cycles: number): Figure =>
  known(cycles, "POWER9 user's manual as GCC 14 power9.md has it; LLVM 19 says 12");

const exec: UnitUse = { unit: "exec" };
const exec2: UnitUse = { unit: "exec", count: 2 };
const later = (after: number): UnitUse => ({ unit: "exec", after });
const agen: UnitUse = { unit: "agen" };
const divide: UnitUse = { unit: "divide", busy: gcc(8) };
const branch: UnitUse = { unit: "branch" };

/**
 * Three iops go to each of two superslices in a cycle; one with three sources or a rotate (restricted) leaves its superslice two. Half a
 * slot more for those has the same effect whatever their number. Cracked and restricted takes a superslice.
 */
const restricted = gcc(1.5);
const cracked = gcc(2);
const crackedRestricted = gcc(3);

// One class a line.
// prettier-ignore
const core: CoreFigures = {
  dispatchSlots: gcc(6),
  branchSlots: gcc(2),
  branchEndsGroup: false,
  window: unknown(256, 256, 128, "the completion table has 256 entries; how many one thread may have is not published"),
  issueQueue: llvm(44),
  dispatchToIssue: llvm(1),
  storeForward: gcc(6),
  units: { exec: gcc(4), agen: gcc(4), branch: gcc(1), divide: gcc(2) },
  fusions: [],
  classes: {
    "simple":                 { latency: gcc(2), units: [exec] },
    "simple-record":          { latency: gcc(2), units: [exec], to: { condition: gcc(5) } },
    "logic":                  { latency: gcc(2), units: [exec] },
    "logic-record":           { latency: gcc(2), units: [exec], to: { condition: gcc(5) } },
    "carry":                  { latency: gcc(2), units: [exec] },
    "carry-record":           { latency: gcc(2), units: [exec], to: { condition: gcc(5) } },
    "extended":               { latency: gcc(2), units: [exec] },
    "extended-record":        { latency: gcc(2), units: [exec], to: { condition: gcc(5) } },
    "relative":               { latency: llvm(7), units: [branch, later(5)], slots: cracked },
    "compare":                { latency: gcc(2), units: [exec] },
    "compare-bytes":          { latency: llvm(3), units: [exec], slots: llvm(1.5) },
    "select":                 { latency: gcc(2), units: [exec], slots: llvm(1.5) },
    "set":                    { latency: llvm(3), units: [exec] },
    "trap":                   { latency: gcc(3), units: [exec] },
    "count":                  { latency: gcc(3), units: [exec] },
    "count-record":           { latency: gcc(3), units: [exec], to: { condition: gcc(6) } },
    "bytes":                  { latency: llvm(3), units: [exec] },
    "bits":                   { latency: llvm(3), units: [exec] },
    "rotate":                 { latency: gcc(2), units: [exec], slots: restricted },
    "rotate-record":          { latency: gcc(2), units: [exec, later(2)], slots: crackedRestricted, cr: llvm(4), to: { condition: gcc(7) } },
    "shift-algebraic":        { latency: gcc(2), units: [exec], slots: restricted },
    "shift-algebraic-record": { latency: gcc(2), units: [exec, later(2)], slots: crackedRestricted, cr: llvm(4), to: { condition: gcc(7) } },
    "multiply":               { latency: gcc(5), units: [exec], slots: restricted },
    "multiply-record":        { latency: gcc(5), units: [exec, later(5)], slots: crackedRestricted, cr: llvm(7), to: { condition: gcc(10) } },
    "divide-word":            { latency: gcc(16), units: [exec2, divide], slots: gcc(2) },
    "divide-word-record":     { latency: gcc(16), units: [exec2, divide, later(16)], slots: crackedRestricted, cr: llvm(18) },
    "divide":                 { latency: gcc(24), units: [exec2, divide], slots: gcc(2) },
    "divide-record":          { latency: gcc(24), units: [exec2, divide, later(24)], slots: crackedRestricted, cr: llvm(26) },
    "divide-extended":        { latency: llvm(40), units: [exec2, divide], slots: gcc(2) },
    "divide-extended-record": { latency: llvm(40), units: [exec2, divide, later(40)], slots: crackedRestricted, cr: llvm(42) },
    "modulo-word":            { latency: gcc(16), units: [exec2, divide], slots: gcc(2) },
    "modulo":                 { latency: gcc(24), units: [exec2, divide], slots: gcc(2) },
    "cr-logical":             { latency: gcc(2), units: [exec] },
    "cr-field":               { latency: llvm(2), units: [exec] },
    "from-cr":                { latency: gcc(6), units: [exec, later(2), later(4)], slots: gcc(6), place: "alone" },
    "from-cr-field":          { latency: gcc(2), units: [exec] },
    "to-cr":                  { latency: llvm(2), units: [exec2], slots: cracked },
    "to-cr-field":            { latency: gcc(2), units: [exec] },
    "to-branch-register":     { latency: manual(5), units: [exec] },
    "from-branch-register":   { latency: known(6, "GCC 14 power9.md; LLVM 19 says 12"), units: [branch, exec], slots: gcc(1), place: "branch" },
    "to-spr":                 { latency: llvm(12), units: [exec2, divide], slots: llvm(2) },
    "from-spr":               { latency: llvm(12), units: [exec2, divide], slots: llvm(2) },
    "load":                   { latency: gcc(4), units: [agen] },
    "load-algebraic":         { latency: gcc(6), units: [agen, later(4)], slots: cracked },
    "load-update":            { latency: gcc(4), units: [agen, exec], slots: cracked, early: llvm(2) },
    "load-algebraic-update":  { latency: gcc(6), units: [agen, exec, later(4)], slots: gcc(6), place: "alone", early: llvm(2) },
    "load-multiple":          { latency: unknown(4, 16, 36, "microcode; LLVM 19 takes one load's 4"), units: [{ unit: "agen", count: 4, busy: unknown(1, 4, 8, "microcode") }], slots: gcc(6), place: "alone" },
    "load-quad":              { latency: unknown(4, 8, 16, "two loads that are one to others"), units: [{ unit: "agen", count: 2 }], slots: gcc(6), place: "alone" },
    "load-reserve":           { latency: gcc(4), units: [agen] },
    "store":                  { latency: llvm(1), units: [agen, exec], slots: restricted },
    "store-update":           { latency: llvm(1), units: [agen, exec2], slots: crackedRestricted, early: gcc(2) },
    "store-update-indexed":   { latency: llvm(1), units: [agen, exec2], slots: crackedRestricted, early: gcc(2) },
    "store-multiple":         { latency: llvm(1), units: [{ unit: "agen", count: 4, busy: unknown(1, 4, 8, "microcode") }], slots: gcc(6), place: "alone" },
    "store-quad":             { latency: llvm(1), units: [{ unit: "agen", count: 2 }, exec2], slots: gcc(6), place: "alone" },
    "store-conditional":      { latency: unknown(3, 20, 40, "GCC 14 says 2, LLVM 19 3; the answer comes from the L2 cache"), units: [agen, exec2], slots: crackedRestricted },
    "cache":                  { latency: llvm(4), units: [agen] },
    "sync":                   { latency: unknown(4, 20, 100, "GCC 14 and LLVM 19 say 4; what it waits for is not in them"), units: [agen] },
    "branch":                 { latency: gcc(2), units: [branch], place: "branch" },
    "prefixed-add":           { latency: gcc(2), units: [exec] },
    "prefixed-load":          { latency: gcc(4), units: [agen] },
    "prefixed-load-algebraic":{ latency: gcc(6), units: [agen] },
    "prefixed-store":         { latency: llvm(1), units: [agen] },
    "nop":                    { latency: gcc(2), units: [exec] },
    "prefixed-nop":           { latency: gcc(2), units: [exec] },
    "system":                 { latency: unknown(10, 30, 200, "changes of state of the machine; not published"), units: [exec], slots: gcc(6), place: "alone" },
  },
};

/** POWER9. */
export const power9: CpuTiming = Object.freeze({ model: "power9", core, front: power9Front });
