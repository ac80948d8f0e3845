import { expect, test } from "vitest";
import { InstructionCache } from "./icache.ts";
import { power10Front } from "./power10.ts";
import { power9Front } from "./power9.ts";

/** Misses in the second of two rounds over lines. */
function missesOf(cache: InstructionCache, addresses: readonly number[]): number {
  for (const at of addresses) cache.access(0, at, 0);
  const before = cache.misses;
  for (const at of addresses) cache.access(0, at, 1000);
  return cache.misses - before;
}

// 32 KiB of 8 ways and 128 bytes: 32 sets, so addresses 4 KiB apart share one.
test("POWER9: eight lines 4 KiB apart fit, of nine none is left", () => {
  const apart = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 0x1000);
  const cache = (): InstructionCache => new InstructionCache(power9Front.icache, "high");
  expect(missesOf(cache(), apart(8))).toBe(0);
  expect(missesOf(cache(), apart(9))).toBe(9);
});

// 48 KiB of 6 ways and 128 bytes: 64 sets, 8 KiB apart.
test("POWER10: six lines 8 KiB apart fit, of seven none is left", () => {
  const apart = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 0x2000);
  const cache = (): InstructionCache => new InstructionCache(power10Front.icache, "high");
  expect(missesOf(cache(), apart(6))).toBe(0);
  expect(missesOf(cache(), apart(7))).toBe(7);
});

test("a miss costs the way to the L2, the next line is on its way then", () => {
  const cache = new InstructionCache(power9Front.icache, "typical");
  expect(cache.access(0, 0x1000, 100)).toBe(15.5);
  expect(cache.access(0, 0x1040, 120)).toBe(0);
  expect(cache.access(0, 0x1080, 112)).toBe(4.5);
  expect(cache.misses).toBe(1);
});

test("lines that follow do not displace others, and end with the page", () => {
  // Every second line of 32 KiB, eight of them in each set that they use: the lines between would drive them out.
  const apart = Array.from({ length: 128 }, (_, i) => i * 0x100);
  expect(missesOf(new InstructionCache(power9Front.icache, "low"), apart)).toBe(0);
  const cache = new InstructionCache(power9Front.icache, "low");
  cache.access(0, 0x1f80, 0);
  cache.access(0, 0x2000, 100);
  expect(cache.misses).toBe(2);
});

test("code in a line misses once where two lines follow, and waits for each less than for a miss", () => {
  const cache = new InstructionCache(power9Front.icache, "low");
  let cycle = 0;
  const waits = Array.from({ length: 16 }, (_, i) => {
    const wait = cache.access(0, 0x1000 + 128 * i, cycle);
    cycle += wait + 6;
    return wait;
  });
  expect(cache.misses).toBe(1);
  expect(waits[0]).toBe(11.5);
  expect(Math.max(...waits.slice(1))).toBeLessThan(11.5);
});

test("the same line of two 4 GiB is two lines", () => {
  const cache = new InstructionCache(power9Front.icache, "typical");
  cache.access(0, 0x1000, 0);
  expect(cache.access(1, 0x1000, 100)).toBe(15.5);
});
