// First fit against the model of arrays, and what it refuses.
import { describe, expect, it } from "vitest";
import { runRandomAllocations } from "../test/random-allocations.ts";
import { FirstFit } from "./first-fit.ts";

describe("first fit", () => {
  it("gives the lowest stretch that is large enough, and joins what is given back", () => {
    const units = new FirstFit(10);
    expect([units.take(3), units.take(3), units.take(3), units.take(2)]).toEqual([0, 3, 6, undefined]);
    units.give(0, 3);
    units.give(6, 3);
    expect(units.take(4)).toBe(6);
    expect(units.take(2)).toBe(0);
    expect(units.taken).toBe(9);
    units.give(3, 3);
    units.give(6, 4);
    expect(units.take(8)).toBe(2);
  });
  it("gives nothing for nothing, refuses what is not taken, and can be empty", () => {
    const units = new FirstFit(4);
    expect([0, -1, NaN, 5].map((count) => units.take(count))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(() => {
      units.give(1, 1);
    }).toThrow(RangeError);
    expect(new FirstFit(0).take(1)).toBeUndefined();
  });
  it("100,000 random steps: nothing overlaps, nothing is lost, the count is exact", () => {
    const units = new FirstFit(500);
    const sizes = new Map<number, number>();
    const report = runRandomAllocations(
      {
        rounded: (count) => count,
        allocate(count) {
          const start = units.take(count);
          if (start !== undefined) sizes.set(start, count);
          return start;
        },
        free(start) {
          units.give(start, sizes.get(start) ?? 0);
        },
        held: () => units.taken,
      },
      { seed: 3, steps: 100_000, mostHeld: 60, size: (random) => random.below(30) + 1 },
    );
    expect(report.refused).toBeGreaterThan(100);
    expect(units.take(500)).toBe(0);
  });
});
