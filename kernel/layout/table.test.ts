// The layouts against figures that Linux's headers and a running kernel give.
import { describe, expect, it } from "vitest";
import { signedBits } from "../../word/distance.ts";
import { fromHalves, hex64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { IMAGE, linear } from "./image.ts";
import { regionNamed } from "./layout.ts";
import { layoutNamed, layouts } from "./table.ts";

const TIB = fromHalves(0x100, 0);

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
      return signedBits(regionNamed(layout, "vmalloc").start.add(0x2_0000).sub(linear(IMAGE.bpfCallBase)));
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
  it("what was seen of a real 6.1 with 64K pages is where a kernel of ours has it", () => {
    // /proc/kallsyms and the log of Debian's 6.1 on POWER8 (hash) and POWER9 (hash, radix).
    const seen = {
      _text: "0xc000000000000000",
      __bpf_call_base: "0xc000000000332f20",
      _etext: "0xc000000000dd0000",
      toc: "0xc000000001148100",
      vmalloc: "0xc008000000000000",
      IO: "0xc00a000000000000",
      vmemmap: "0xc00c000000000000",
    };
    for (const layout of ["hash64k-6.12", "radix64k-6.12"]) {
      const kernel = new Kernel({ layout, ramBytes: 0x400_0000 });
      const [first, second] = [kernel.moduleAlloc(1), kernel.moduleAlloc(1)];
      if (first === undefined || second === undefined) throw new Error("no memory");
      expect({
        _text: hex64(regionNamed(kernel.layout, "linear map").start),
        __bpf_call_base: hex64(kernel.text.bpfCallBase),
        _etext: hex64(linear(IMAGE.etext)),
        toc: hex64(kernel.text.toc),
        vmalloc: hex64(first),
        IO: hex64(regionNamed(kernel.layout, "IO").start),
        vmemmap: hex64(regionNamed(kernel.layout, "vmemmap").start),
      }).toEqual(seen);
      // A program takes a page and a guard page.
      expect(second.sub(first).toNumber()).toBe(0x2_0000);
    }
  });
  it("what was seen of a real 6.12 with 4K pages on POWER8, too", () => {
    const kernel = new Kernel({ layout: "hash4k-6.12", cpu: "power8", ramBytes: 0x400_0000 });
    const [first, second] = [kernel.moduleAlloc(1), kernel.moduleAlloc(1)];
    if (first === undefined || second === undefined) throw new Error("no memory");
    const starts = kernel.layout.regions.map(({ start }) => hex64(start));
    expect(starts).toEqual([
      "0xc000000000000000",
      "0xc0003d0000000000",
      "0xc0003e0000000000",
      "0xc0003f0000000000",
    ]);
    expect([hex64(first), second.sub(first).toNumber()]).toEqual(["0xc0003d0000000000", 0x2000]);
  });
});
