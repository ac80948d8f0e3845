// The cells of `bench calls`: each once, in a fixed order, chosen by name.
import { describe, expect, it } from "vitest";
import { cells } from "./cells.ts";
import { scenarios } from "./scenario.ts";
import { spreadOf } from "./spread.ts";

describe("cells", () => {
  it("are each there once, CPU by CPU", () => {
    const all = cells();
    const names = all.map(({ cpu, scenario, sequence }) => `${cpu} ${scenario} ${sequence}`);
    expect(new Set(names).size).toBe(all.length);
    expect([...new Set(all.map(({ cpu }) => cpu))]).toEqual(["power8", "power9", "power10"]);
  });
  it("of one sequence are of the scenarios that have it", () => {
    const near = cells({ cpus: ["power9"], sequences: ["module-stub"], seed: 7, repeats: 2 });
    expect(near).toEqual([
      {
        cpu: "power9",
        scenario: "module-stub",
        sequence: "module-stub",
        layout: "hash64k-4.15",
        seed: 7,
        repeats: 2,
      },
    ]);
  });
  it("scenarios have names of their own", () => {
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  });
});

describe("percentiles", () => {
  it("of one value are that value", () => {
    expect(spreadOf([3])).toEqual({ median: 3, p5: 3, p95: 3 });
  });
  it("lie between the ordered values: 5 % of 0 to 20 in steps of 10 is a tenth of the first step", () => {
    const { median, p5, p95 } = spreadOf([20, 0, 10]);
    expect([median, p5, p95]).toEqual([10, 1, 19]);
  });
});
