import { describe, expect, test } from "vitest";
import type { PageInfo, PageSource } from "../pages.ts";
import { power9Front } from "./power9.ts";
import { PageBuffer, Translation } from "./translation.ts";

/** Pages of one size, real addresses 0x1_0000_0000 above the low word. */
function pagesOfSize(pageBytes: number, tables: PageInfo["tables"] = "radix"): PageSource {
  return { page: (_high, low) => ({ pageBytes, real: 0x1_0000_0000 + (low >>> 0), tables }) };
}

function translation(source: PageSource | undefined): Translation {
  return new Translation(power9Front.translation, "typical", source);
}

describe("translation on POWER9", () => {
  test("a page's first fetch misses ERAT and TLB, the second neither", () => {
    const t = translation(pagesOfSize(0x1_0000));
    expect(t.fetch(0xc000_0000, 0x1_2340)).toBe(15.5 + 31);
    expect(t.fetch(0xc000_0000, 0x1_fffc)).toBe(0);
    expect([t.realHigh, t.realLow]).toEqual([1, 0x1_fffc]);
    expect([t.ieratMisses, t.tlbMisses]).toEqual([1, 1]);
  });

  test("64 pages fit the ERAT; 65 in a round always miss it, and hit the TLB", () => {
    const round = (count: number): { cycles: number; misses: number } => {
      const t = translation(pagesOfSize(0x1_0000));
      const walk = (): number =>
        Array.from({ length: count }, (_, i) => t.fetch(0xc008_0000, i * 0x1_0000)).reduce((a, b) => a + b);
      walk();
      const before = t.ieratMisses;
      const cycles = walk();
      return { cycles, misses: t.ieratMisses - before };
    };
    expect(round(64)).toEqual({ cycles: 0, misses: 0 });
    expect(round(65)).toEqual({ cycles: 65 * 15.5, misses: 65 });
  });

  test("an ERAT that gives up any entry misses a few of 65 pages, and most of 256", () => {
    const missRate = (count: number): number => {
      const buffer = new PageBuffer({ entries: 64, replacement: "any" });
      let misses = 0;
      for (let i = 0; i < 40 * count; i++) {
        const low = (i % count) << 16;
        if (buffer.find(0, low)) continue;
        if (i >= 20 * count) misses++;
        buffer.enter(0, low, 0x1_0000, 0);
      }
      return misses / (20 * count);
    };
    // In a cycle of L pages a part m misses, m = 1 - exp(-m L / 64): 0.03 and 0.98.
    expect(missRate(64)).toBe(0);
    expect(missRate(65)).toBeLessThan(0.15);
    expect(missRate(256)).toBeGreaterThan(0.9);
  });

  test("4 MiB take 1024 entries of 4K pages, 64 of 64K pages, two of 2M pages", () => {
    const misses = (pageBytes: number): number => {
      const t = translation(pagesOfSize(pageBytes));
      for (let at = 0; at < 0x40_0000; at += 0x1000) t.fetch(0, at);
      return t.ieratMisses;
    };
    expect([0x1000, 0x1_0000, 0x20_0000].map(misses)).toEqual([1024, 64, 2]);
  });

  test("a page of 1G is held as pieces of 16M, and is one entry of the TLB", () => {
    const t = translation(pagesOfSize(0x4000_0000));
    expect(t.fetch(0, 0x2000_0000)).toBe(15.5 + 31);
    expect(t.fetch(0, 0x2100_0000)).toBe(15.5);
    expect(t.realLow).toBe(0x2100_0000);
  });

  test("data and instructions have ERATs of their own and one TLB", () => {
    const t = translation(pagesOfSize(0x1000, "hash"));
    expect(t.data(0, 0x5008)).toBe(47);
    expect(t.data(0, 0x5ff8)).toBe(0);
    expect(t.fetch(0, 0x5000)).toBe(15.5);
    expect([t.deratMisses, t.ieratMisses]).toEqual([1, 1]);
  });

  test("real mode and no pages at all cost nothing", () => {
    expect(translation(pagesOfSize(0x1000, "none")).fetch(0, 0x1000)).toBe(0);
    const t = translation(undefined);
    expect([t.fetch(0xd000_0000, 0x1000), t.realHigh, t.ieratMisses]).toEqual([0, 0xd000_0000, 0]);
  });
});
