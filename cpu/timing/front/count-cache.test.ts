import { describe, expect, test } from "vitest";
import { CountCache } from "./count-cache.ts";
import { power9Front } from "./power9.ts";

function cache(): CountCache {
  return new CountCache(power9Front.countCache, "typical");
}

/** Mispredicts of the last of eight rounds over branches at these addresses, each with its own target. */
function wrongInLastRound(counts: CountCache, addresses: readonly number[]): number {
  let wrong = 0;
  for (let round = 0; round < 8; round++) {
    wrong = 0;
    for (const at of addresses) if (!counts.predicts(at, 0, 0xd000_0000, at + 0x10_0000)) wrong++;
  }
  return wrong;
}

describe("the count cache of POWER9", () => {
  test("the first time is wrong, then the last target is the next", () => {
    const counts = cache();
    const predicts = (target: number): boolean => counts.predicts(0x1000, 0, 0, target);
    expect([1, 1, 1, 2, 2, 1, 2, 1].map((target) => predicts(target << 12))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
      false,
      false,
    ]);
  });

  test("256 sites 32 bytes apart fit, of 320 the 64 that share an entry and their partners do not", () => {
    const sites = (count: number): number[] => Array.from({ length: count }, (_, i) => 0x1_0000 + 32 * i);
    expect(wrongInLastRound(cache(), sites(256))).toBe(0);
    expect(wrongInLastRound(cache(), sites(320))).toBe(128);
    expect(wrongInLastRound(cache(), sites(512))).toBe(512);
  });

  test("of two branches in one aligned 32 bytes one is always wrong", () => {
    expect(wrongInLastRound(cache(), [0x1000, 0x1008])).toBe(1);
    expect(wrongInLastRound(cache(), [0x1018, 0x1020])).toBe(0);
  });

  test("targets that follow the history are learnt by the global table", () => {
    const counts = cache();
    const rounds = Array.from({ length: 40 }, (_, i) =>
      counts.predicts(0x1000, i % 2 === 0 ? 1 : 2, 0, i % 2),
    );
    expect(rounds.slice(-10)).toEqual(Array.from({ length: 10 }, () => true));
  });

  test("a flush forgets all targets", () => {
    const counts = cache();
    expect(wrongInLastRound(counts, [0x1000, 0x2020])).toBe(0);
    counts.flush();
    expect(counts.predicts(0x1000, 0, 0xd000_0000, 0x10_1000)).toBe(false);
  });
});
