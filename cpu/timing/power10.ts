// POWER10, half of an SMT8 core running one thread: figures of its execution core.
// Sources: gcc, the scheduling description gcc/config/rs6000/power10.md of GCC 14; llvm, PPCScheduleP10.td and P10InstrResources.td of LLVM
// 19; manual, POWER10 user's manual 19.1.5.4 as LLVM's PPCMacroFusion.def quotes it. Where GCC and LLVM differ, GCC's is taken.
import { power10Front } from "./front/power10.ts";
import type { CoreFigures, CpuTiming, Fusion, UnitUse } from "./core-figures.ts";
import { type Figure, known, unknown } from "./figure.ts";

const gcc = (cycles: number): Figure => known(cycles, "GCC 14 power10.md");
const llvm = (cycles: number): Figure => known(cycles, "LLVM 19 PPCScheduleP10.td, P10InstrResources.td");

const exec: UnitUse = { unit: "exec" };
const exec2: UnitUse = { unit: "exec", count: 2 };
const load: UnitUse = { unit: "load" };
const store: UnitUse = { unit: "store" };
/** GCC lets a divide start in every cycle, LLVM in two units that take one each ten cycles; the latter is how dividers are made. */
const divide: UnitUse = { unit: "divide", busy: llvm(10) };

/** Two slots that start at an even one. */
const pair = { slots: gcc(2), place: "even" } as const;
const alone = { slots: gcc(8), place: "alone" } as const;

/** The manual names the pairs; what they cost is GCC's where it has the pair, one operation's 2 cycles where not. */
const asOne = unknown(
  2,
  2,
  4,
  "POWER10 user's manual 19.1.5.4 names the pair; its latency is not published, one operation's is 2",
);
// LLVM's rules for addis say more than can be seen here, where words with different immediates are one: the first of lis, ori has no RA, the
// addi behind addis has an SI of 0 or more. The unknown latency's high value is what two that are not one take.
// prettier-ignore
const fusions: readonly Fusion[] = [
  { name: "mtctr, bcctr",    first: /^mtspr$/,            second: /^bcctr$/,              link: "counter", latency: gcc(3) },
  { name: "mtlr, bclr",      first: /^mtspr$/,            second: /^bclr$/,               link: "counter", latency: gcc(3) },
  { name: "addis, load",     first: /^addis$/,            second: /^(ld|lbz|lhz|lwz)$/,   link: "result",  latency: gcc(4) },
  { name: "addis, addi",     first: /^addis$/,            second: /^addi$/,               link: "result",  latency: asOne },
  { name: "ori, oris",       first: /^ori$/,              second: /^oris$/,               link: "result",  latency: asOne },
  { name: "lis or oris, ori", first: /^(addis|oris)$/,    second: /^ori$/,                link: "result",  latency: asOne },
  { name: "xori, xoris",     first: /^xoris?$/,           second: /^xoris?$/,             link: "result",  latency: asOne },
  { name: "logic, logic",    first: /^(and|andc|eqv|nand|nor|or|orc|xor)$/, second: /^(and|andc|eqv|nand|nor|or|orc|xor|add|subf)$/, link: "operand", latency: gcc(2) },
  { name: "add, logic",      first: /^(add|subf)$/,       second: /^(and|nand|nor|or)$/,  link: "operand", latency: gcc(2) },
  { name: "add, add",        first: /^add$/,              second: /^add$/,                link: "operand", latency: gcc(2) },
];

// One class a line.
// prettier-ignore
const core: CoreFigures = {
  dispatchSlots: gcc(8),
  branchSlots: gcc(0),
  branchEndsGroup: false,
  window: unknown(512, 512, 256, "an instruction table of 512 entries [Hot Chips 32]; how many one thread may have is not published"),
  issueQueue: unknown(80, 80, 44, "20 entries a slice [Hot Chips 32]; LLVM 19 takes 44"),
  dispatchToIssue: unknown(1, 1, 3, "LLVM 19 takes 1"),
  storeForward: unknown(4, 4, 6, "two cycles less than POWER9 [Hot Chips 32], of which GCC 14 says 6"),
  units: { exec: gcc(4), load: gcc(2), store: gcc(2), divide: llvm(2) },
  fusions,
  classes: {
    "simple":                 { latency: gcc(2), units: [exec] },
    "simple-record":          { latency: gcc(2), units: [exec], to: { condition: gcc(4) } },
    "logic":                  { latency: gcc(2), units: [exec] },
    "logic-record":           { latency: gcc(2), units: [exec], to: { condition: gcc(4) } },
    "carry":                  { latency: gcc(2), units: [exec] },
    "carry-record":           { latency: gcc(2), units: [exec], to: { condition: gcc(4) } },
    "extended":               { latency: gcc(2), units: [exec] },
    "extended-record":        { latency: gcc(2), units: [exec], to: { condition: gcc(4) } },
    "relative":               { latency: llvm(2), units: [exec], ...pair },
    "compare":                { latency: gcc(2), units: [exec] },
    "compare-bytes":          { latency: llvm(3), units: [exec] },
    "select":                 { latency: gcc(2), units: [exec] },
    "set":                    { latency: llvm(2), units: [exec] },
    "trap":                   { latency: gcc(3), units: [exec] },
    "count":                  { latency: gcc(3), units: [exec] },
    "count-record":           { latency: gcc(3), units: [exec], to: { condition: gcc(5) } },
    "bytes":                  { latency: llvm(4), units: [exec] },
    "bits":                   { latency: llvm(7), units: [exec] },
    "rotate":                 { latency: gcc(2), units: [exec] },
    "rotate-record":          { latency: gcc(3), units: [exec], to: { condition: gcc(5) } },
    "shift-algebraic":        { latency: gcc(2), units: [exec] },
    "shift-algebraic-record": { latency: gcc(3), units: [exec], to: { condition: gcc(5) } },
    "multiply":               { latency: gcc(5), units: [exec], to: { multiply: gcc(4) } },
    "multiply-record":        { latency: gcc(5), units: [exec], ...pair, to: { multiply: gcc(4), condition: gcc(7) } },
    "divide-word":            { latency: gcc(12), units: [exec, divide] },
    "divide-word-record":     { latency: gcc(12), units: [exec, divide], ...pair, to: { condition: gcc(14) } },
    "divide":                 { latency: gcc(12), units: [exec, divide] },
    "divide-record":          { latency: gcc(12), units: [exec, divide], ...pair, to: { condition: gcc(14) } },
    "divide-extended":        { latency: unknown(12, 28, 41, "GCC 14 says 12, LLVM 19 41"), units: [exec, divide] },
    "divide-extended-record": { latency: unknown(12, 28, 41, "GCC 14 says 12, LLVM 19 41"), units: [exec, divide], ...pair },
    "modulo-word":            { latency: gcc(12), units: [exec, divide] },
    "modulo":                 { latency: gcc(12), units: [exec, divide] },
    "cr-logical":             { latency: gcc(2), units: [exec] },
    "cr-field":               { latency: llvm(2), units: [exec] },
    "from-cr":                { latency: gcc(3), units: [exec], ...pair },
    "from-cr-field":          { latency: gcc(2), units: [exec] },
    "to-cr":                  { latency: gcc(3), units: [exec2], ...pair },
    "to-cr-field":            { latency: gcc(3), units: [exec] },
    "to-branch-register":     { latency: known(3, "GCC 14 power10.md; LLVM 19 says 6"), units: [exec] },
    "from-branch-register":   { latency: known(2, "GCC 14 power10.md; LLVM 19 says 13"), units: [exec] },
    "to-spr":                 { latency: llvm(6), units: [load], ...pair },
    "from-spr":               { latency: llvm(13), units: [store], ...pair },
    "load":                   { latency: gcc(4), units: [load] },
    "load-algebraic":         { latency: gcc(4), units: [load] },
    "load-update":            { latency: gcc(4), units: [load, store], ...pair, early: llvm(2) },
    "load-algebraic-update":  { latency: gcc(4), units: [load, store], ...pair, early: llvm(2) },
    "load-multiple":          { latency: unknown(6, 16, 36, "microcode; LLVM 19 takes 6"), units: [{ unit: "load", count: 2, busy: unknown(2, 4, 8, "microcode") }], ...alone },
    "load-quad":              { latency: gcc(4), units: [load, store], ...pair },
    "load-reserve":           { latency: gcc(4), units: [load] },
    "store":                  { latency: llvm(1), units: [store] },
    "store-update":           { latency: llvm(1), units: [store], early: gcc(2) },
    "store-update-indexed":   { latency: llvm(1), units: [store], early: gcc(2) },
    "store-multiple":         { latency: llvm(1), units: [{ unit: "store", count: 2, busy: unknown(2, 4, 8, "microcode") }], ...alone },
    "store-quad":             { latency: gcc(1), units: [{ unit: "store", count: 2 }], ...pair },
    "store-conditional":      { latency: unknown(3, 20, 40, "GCC 14 says 0, LLVM 19 3; the answer comes from the L2 cache"), units: [store] },
    "cache":                  { latency: llvm(6), units: [load] },
    "sync":                   { latency: unknown(1, 20, 100, "GCC 14 says 1, LLVM 19 3; what it waits for is not in them"), units: [store], ...pair },
    "branch":                 { latency: gcc(2), units: [store] },
    "prefixed-add":           { latency: gcc(2), units: [exec], ...pair },
    "prefixed-load":          { latency: gcc(4), units: [load], ...pair },
    "prefixed-load-algebraic":{ latency: gcc(4), units: [load], ...pair },
    "prefixed-store":         { latency: llvm(1), units: [store], ...pair },
    "nop":                    { latency: gcc(2), units: [exec] },
    "prefixed-nop":           { latency: gcc(2), units: [exec], ...pair },
    "system":                 { latency: unknown(10, 30, 200, "changes of state of the machine; not published"), units: [exec], ...alone },
  },
};

/** POWER10. */
export const power10: CpuTiming = Object.freeze({ model: "power10", core, front: power10Front });
