import { describe, expect, test } from "vitest";
import { cpuModels } from "../isa/row.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { known, unknown } from "./figure.ts";
import { listFigures } from "./figure-list.ts";

test("tables in tables are listed by path, words are left out", () => {
  const [a, b] = [known(1, "x"), unknown(1, 2, 3, "y")];
  expect(listFigures({ a, in: { b, tags: "real" }, units: [{ a }] })).toEqual([
    { name: "a", figure: a },
    { name: "in.b", figure: b },
    { name: "units.0.a", figure: a },
  ]);
});

describe.each(cpuModels)("%s", (model) => {
  const figures = listFigures(cpuTimings[model]);

  test("front end and core have figures", () => {
    expect(figures.filter(({ name }) => name.startsWith("front.")).length).toBeGreaterThanOrEqual(30);
    expect(figures.filter(({ name }) => name.startsWith("core.classes.")).length).toBeGreaterThan(50);
  });

  test.each(figures)("$name has its source, or says why it has none", ({ figure }) => {
    if ("source" in figure) {
      expect(figure.source.length).toBeGreaterThan(2);
      expect(figure.value).toBeGreaterThanOrEqual(0);
      return;
    }
    expect(figure.unknown.length).toBeGreaterThan(5);
    const { low, typical, high } = figure;
    // low makes code faster: of times the least, of sizes the greatest
    expect(Math.min(low, high)).toBeLessThanOrEqual(typical);
    expect(Math.max(low, high)).toBeGreaterThanOrEqual(typical);
  });
});
