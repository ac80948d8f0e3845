// Published measurements of a POWER9 against programs that are really run, their stream timed by the model.
import { describe, expect, test } from "vitest";
import { TimingModel } from "../model.ts";
import { TOLERANCE, measuredPower9, measuredTable } from "./power9.ts";

const rows = measuredPower9(() => new TimingModel({ model: "power9" }));

describe("POWER9, measured and modelled", () => {
  test.each(rows)("$what: $published.low to $published.high $unit", ({ deviation, reason }) => {
    if (reason === undefined) expect(deviation).toBeLessThanOrEqual(TOLERANCE);
    // A reason that is not needed any more has to go.
    else expect(deviation).toBeGreaterThan(TOLERANCE);
  });

  test("one measurement has a reason, and eight were predicted", () => {
    expect(rows.filter(({ reason }) => reason !== undefined).map(({ what }) => what)).toEqual([
      "LR saved and restored: mflr, stdu, ld, mtlr",
    ]);
    expect(rows.filter(({ role }) => role === "predicted").length).toBe(8);
  });

  test("a model without predictors is far off what needs them", () => {
    const ideal = measuredPower9WithoutFrontEnd();
    expect(ideal.get("bl at one of two random sites, with the loop")).toBeLessThan(13);
    expect(ideal.get("an unpaired blr in place of b")).toBeLessThan(5);
  });

  test("the table has a line for each, ranges as such, and the reasons below", () => {
    const table = measuredTable(rows).split("\n");
    expect(table.length).toBe(2 + rows.length + 1 + 1 + 1);
    expect(table.some((line) => line.includes("| 0.85–2 |"))).toBe(true);
    expect(table.at(-2)).toMatch(/^- LR saved/);
  });
});

function measuredPower9WithoutFrontEnd(): ReadonlyMap<string, number> {
  const make = (): TimingModel => new TimingModel({ model: "power9", frontEnd: "ideal" });
  return new Map(measuredPower9(make).map(({ what, model }) => [what, model]));
}
