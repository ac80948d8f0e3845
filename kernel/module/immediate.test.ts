// The bounds that Linux's module_64.c states for each relocation (`value + 0x2000000 > 0x3ffffff` and its like), and the halves
// that addis and addi put together again [ELFv2 3.5.1].
import { describe, expect, it } from "vitest";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { fitsSigned, ha, lo } from "./immediate.ts";

describe("distances that just fit, and those that do not", () => {
  it.each<readonly [number, U64, U64]>([
    [16, u64(-0x8000), u64(0x7fff)],
    [26, u64(-0x200_0000), u64(0x1ff_ffff)],
    [32, u64(-0x8000_0000), u64(0x7fff_ffff)],
    [34, fromHalves(-2, 0), fromHalves(1, -1)],
  ])("%d bits", (bits, least, most) => {
    expect([fitsSigned(least, bits), fitsSigned(most, bits)]).toEqual([true, true]);
    expect([fitsSigned(least.sub(1), bits), fitsSigned(most.add(1), bits)]).toEqual([false, false]);
    expect(fitsSigned(fromHalves(-0x8000_0000, 0), bits)).toBe(false);
  });

  it.each([
    [0x7fff, 0, 0x7fff],
    [0x8000, 1, -0x8000],
    [-0x8000, 0, -0x8000],
    [-0x8001, -1, 0x7fff],
    [0x7fff_7fff, 0x7fff, 0x7fff],
    [-0x8000_0000, -0x8000, 0],
  ])("the halves of %d", (value, high, low) => {
    expect([ha(u64(value)), lo(u64(value))]).toEqual([high, low]);
  });
});
