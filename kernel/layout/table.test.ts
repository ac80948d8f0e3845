// The layouts against figures that Linux's headers and a running kernel give.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { IMAGE, linear } from "./image.ts";
import { regionNamed } from "./layout.ts";
import { layoutNamed, layouts } from "./table.ts";

const TIB = fromHalves(0x100, 0);

/** Fewest bits of a two's complement number that holds to - from. */
function signedBits(from: U64, to: U64): number {
  const distance = to.sub(from).toSigned();
  const positive = distance.isNegative() ? distance.not() : distance;
  return positive.getNumBitsAbs() * (positive.isZero() ? 0 : 1) + 1;
}

describe("layouts", () => {
  it("have vmalloc where and as large as Linux has it", () => {
    const found = layouts.map((layout) => {
      const { start, end } = regionNamed(layout, "vmalloc");
      return [layout.name, hex64(start), end.sub(start).div(TIB).toNumber()];
    });
    expect(found).toEqual([
      ["hash64k-4.15", "0xd000000000000000", 56],
      ["hash4k-4.15", "0xd000000000000000", 56],
      ["radix64k-4.15", "0xc008000000000000", 512],
      ["radix4k-4.15", "0xc008000000000000", 512],
      ["hash64k-6.12", "0xc008000000000000", 512],
      ["hash4k-6.12", "0xc0003d0000000000", 1],
      ["radix64k-6.12", "0xc008000000000000", 512],
      ["radix4k-6.12", "0xc008000000000000", 512],
    ]);
  });
  it("a call from __bpf_call_base to the first images needs 61, 52 or 47 signed bits", () => {
    const bits = (name: string): number => {
      const layout = layoutNamed(name);
      if (layout === undefined) throw new Error(name);
      return signedBits(linear(IMAGE.bpfCallBase), regionNamed(layout, "vmalloc").start.add(0x2_0000));
    };
    expect(["hash64k-4.15", "radix64k-4.15", "radix64k-6.12", "hash4k-6.12"].map(bits)).toEqual([
      61, 52, 52, 47,
    ]);
  });
  it("regions ascend and do not overlap; page tables reach over the largest", () => {
    for (const layout of layouts) {
      layout.regions.forEach((region, i) => {
        expect(region.start.lt(region.end)).toBe(true);
        expect(layout.regions[i - 1]?.end.lte(region.start) ?? true).toBe(true);
      });
      const { pte, pmd, pud, pgd } = layout.geometry;
      const bits = layout.pageShift + pte + pmd + pud + pgd;
      expect([layout.name, bits]).toEqual([
        layout.name,
        layout.mmu === "radix" || layout.name === "hash64k-6.12" ? 52 : layout.pageShift === 16 ? 49 : 46,
      ]);
    }
  });
  it("an address of any layout lies in a segment that a kernel of it can fill, or in a radix tree", () => {
    for (const { name } of layouts) {
      const kernel = new Kernel({ layout: name, ramBytes: 0x400_0000 });
      const address = kernel.moduleAlloc(1);
      expect(address === undefined ? undefined : hex64(address)).toBe(
        hex64(regionNamed(kernel.layout, "vmalloc").start),
      );
      if (address !== undefined) expect(kernel.load(address, 8)).toMatchObject({ low: 0, high: 0 });
    }
  });
});
