// Every instruction has a class, and every class is in every table with sensible numbers.
import { describe, expect, it } from "vitest";
import { cpuModels, existsOn } from "../isa/row.ts";
import { rowOf } from "../isa/encode.ts";
import { isa } from "../isa/table.ts";
import { schedulingClass, schedulingClasses } from "./classes.ts";
import type { ClassFigures } from "./core-figures.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { assumptions, type Figure, figureValue } from "./figure.ts";

/** Chapters of the manual's Book III, and what stops or leaves the program: the only ones without a class of their own. */
const SYSTEM = /^(sc|scv|wait|attn|stop|doze|nap|sleep|h?rfid|rfscv|m[ft]msrd?|slb\w+\.?|tlb\w+|msg\w+)$/;

function figuresOf(figures: ClassFigures): readonly Figure[] {
  const { latency, slots, cr, early, to = {}, units } = figures;
  return [latency, slots, cr, early, ...Object.values(to), ...units.map(({ busy }) => busy)].filter(
    (figure) => figure !== undefined,
  );
}

describe("scheduling classes", () => {
  it.each(cpuModels)("%s: only system instructions are not told apart", (cpu) => {
    const without = isa.filter((row) => existsOn(row, cpu) && schedulingClass(row, {}) === "system");
    expect(without.map(({ mnemonic }) => mnemonic).filter((name) => !SYSTEM.test(name))).toEqual([]);
  });

  it("no class is without an instruction", () => {
    const used = new Set(
      isa.flatMap((row) => [
        schedulingClass(row, {}),
        schedulingClass(row, { RS: 0, RA: 0, UI: 0 }),
        schedulingClass(row, { Rc: row.shape.some(({ name }) => name === "Rc") ? 1 : 0, SPR: 9 }),
      ]),
    );
    expect(schedulingClasses.filter((name) => !used.has(name))).toEqual([]);
  });

  it.each([
    ["add", {}, "simple"],
    ["add", { Rc: 1 }, "simple-record"],
    ["andi.", {}, "logic-record"],
    ["addic", { Rc: 1 }, "carry-record"],
    ["rldicl", { Rc: 1 }, "rotate-record"],
    ["mulld", { Rc: 1 }, "multiply-record"],
    ["divd", {}, "divide"],
    ["divwu", {}, "divide-word"],
    ["mtspr", { SPR: 9 }, "to-branch-register"],
    ["mtspr", { SPR: 272 }, "to-spr"],
    ["mfspr", { SPR: 8 }, "from-branch-register"],
    ["mfspr", { SPR: 1 }, "from-spr"],
    ["ori", { RS: 0, RA: 0, UI: 0 }, "nop"],
    ["ori", { RS: 3, RA: 3, UI: 0 }, "logic"],
    ["lwa", {}, "load-algebraic"],
    ["ldux", {}, "load-update"],
    ["stdux", {}, "store-update-indexed"],
    ["stdbrx", {}, "store"],
    ["pld", {}, "prefixed-load"],
    ["bcctr", { LK: 1 }, "branch"],
  ] as const)("%s %o", (mnemonic, fields, expected) => {
    const row = rowOf(mnemonic);
    expect(row === undefined ? "none" : schedulingClass(row, fields)).toBe(expected);
  });
});

describe.each(cpuModels)("the table of %s", (cpu) => {
  const { core } = cpuTimings[cpu];
  const unitsOf = (name: string): number => {
    const count = core.units[name];
    return count === undefined ? 0 : figureValue(count, "typical");
  };

  it("no class takes a unit twice in one cycle but by its count, as units are chosen one use at a time", () => {
    for (const [name, { units }] of Object.entries(core.classes)) {
      const taken = units.flatMap(({ unit, after = 0, busy }) =>
        unit.split("|").map((one) => ({
          one,
          from: after,
          end: after + (busy === undefined ? 1 : figureValue(busy, "high")),
        })),
      );
      const twice = taken.filter((a, i) =>
        taken.some((b, j) => j < i && a.one === b.one && a.from < b.end && b.from < a.end),
      );
      expect(twice, name).toEqual([]);
    }
  });
  it("every class takes units that exist, and no more than there are", () => {
    for (const [name, { units }] of Object.entries(core.classes))
      for (const { unit, count = 1 } of units)
        for (const alternative of unit.split("|"))
          expect(unitsOf(alternative), `${name}: ${alternative}`).toBeGreaterThanOrEqual(count);
  });

  it("every number has a source or a reason, and low is never slower than high", () => {
    for (const [name, figures] of Object.entries(core.classes))
      for (const figure of figuresOf(figures)) {
        expect("source" in figure ? figure.source : figure.unknown, name).not.toBe("");
        const values = assumptions.map((assumption) => figureValue(figure, assumption));
        expect(
          [...values].sort((a, b) => a - b),
          name,
        ).toEqual(values);
      }
    for (const figure of [core.window, core.issueQueue])
      expect(figureValue(figure, "low")).toBeGreaterThanOrEqual(figureValue(figure, "high"));
  });
});
