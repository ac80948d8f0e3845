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

test("the same line of two 4 GiB is two lines", () => {
  const cache = new InstructionCache(power9Front.icache, "typical");
  cache.access(0, 0x1000, 0);
  expect(cache.access(1, 0x1000, 100)).toBe(15.5);
});
