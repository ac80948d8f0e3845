// Bits and reach at their edges; the figures of real layouts are table arithmetic: 2^60 needs 62 bits, less than that 61.
import { describe, expect, it } from "vitest";
import { parseU64, u64, type U64 } from "../../word/long.ts";
import { blReaches, signedBits } from "./reach.ts";

const at = (text: string): U64 => parseU64(text) ?? u64(0);

describe("signed bits of a distance", () => {
  it.each([
    ["0", 1],
    ["-1", 1],
    ["1", 2],
    ["-2", 2],
    ["0x7fffffff", 32],
    ["0x80000000", 33],
    ["-0x80000000", 32],
    ["-0x80000001", 33],
    ["0x7fffffffffff", 48],
    ["0x800000000000", 49],
    ["0xfffffffffffffff", 61],
    ["0x1000000000000000", 62],
    ["0x7fffffffffffffff", 64],
    ["-0x8000000000000000", 64],
  ] as const)("%s needs %i", (distance, bits) => {
    expect(signedBits(at(distance))).toBe(bits);
  });
});

describe("reach of bl", () => {
  it("is 32 MiB backward and four bytes less forward", () => {
    const here = at("0xc008000000000000");
    expect(blReaches(here, here.add(0x1ff_fffc))).toBe(true);
    expect(blReaches(here, here.add(0x200_0000))).toBe(false);
    expect(blReaches(here, here.sub(0x200_0000))).toBe(true);
    expect(blReaches(here, here.sub(0x200_0004))).toBe(false);
  });
});
