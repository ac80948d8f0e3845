// Pieces of the linear region that are mapped otherwise, on both MMUs, and the writing of text that is locked.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { fromHalves, u64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { linear } from "../layout/image.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX } from "./mm.ts";

const MIB = 2 ** 20;
const RAM = 64 * MIB;
/** RAM that nobody has after boot; aligned to the largest granule. */
const REAL = 32 * MIB;
const layouts = ["hash64k-4.15", "hash4k-6.12", "radix64k-4.15", "radix4k-6.12"] as const;

const boot = (layout: string): Kernel => new Kernel({ layout, ramBytes: RAM });

describe.each(layouts)("on %s", (layout) => {
  it("RAM that was taken out is not at its linear address, its neighbours are, and it comes back", () => {
    const kernel = boot(layout);
    const { mm } = kernel;
    const end = REAL + mm.linearGranuleBytes;
    kernel.store(linear(REAL), 8, u64(0x600d));
    mm.unmapLinear(REAL, end);
    expect(kernel.load(linear(REAL), 8)).toBeInstanceOf(MemoryFault);
    expect(kernel.load(linear(end - 8), 8)).toBeInstanceOf(MemoryFault);
    expect(kernel.store(linear(REAL), 8, u64(0))).toBeInstanceOf(MemoryFault);
    for (const beside of [REAL - 8, end]) {
      expect(kernel.store(linear(beside), 8, u64(1))).toBeUndefined();
      expect(kernel.cpu.mmu.translate(linear(beside), "store")).toMatchObject({ real: beside });
    }
    mm.mapLinear(REAL, end, PAGE_KERNEL);
    expect(kernel.load(linear(REAL), 8)).toEqual(u64(0x600d));
  });
  it("other RAM may be mapped where it was, behind RAM and far from all RAM; it is found, changed and taken out", () => {
    const kernel = boot(layout);
    const { mm } = kernel;
    const granule = mm.linearGranuleBytes;
    mm.unmapLinear(REAL, REAL + granule);
    const far = fromHalves(0xc000_0100, 0);
    for (const ea of [linear(REAL), linear(RAM), far]) {
      // The granule before, which is still in the linear map.
      const real = REAL - granule;
      expect(mm.mapIrregular(ea, real, PAGE_KERNEL)).toBe(true);
      expect(mm.mapIrregular(ea, real, PAGE_KERNEL)).toBe(false);
      expect(kernel.store(ea.add(16), 8, u64(7))).toBeUndefined();
      expect(kernel.cpu.ram.load(8, real + 16, kernel.endian)).toEqual(u64(7));
      expect(mm.realAddress(ea.add(16))).toBe(real + 16);
      expect(mm.protectIrregular(ea, PAGE_KERNEL_ROX)).toBe(true);
      expect(kernel.store(ea, 8, u64(7))).toBeInstanceOf(MemoryFault);
      expect(kernel.cpu.mmu.translate(ea, "fetch").kind).toBe("page");
      expect(kernel.load(ea.add(u64(mm.irregularGranule(ea))), 1).constructor === MemoryFault).toBe(
        !ea.eq(linear(REAL)),
      );
      expect(mm.unmapIrregular(ea)).toBe(real);
      expect(mm.unmapIrregular(ea)).toBeUndefined();
      expect(mm.protectIrregular(ea, PAGE_KERNEL)).toBe(false);
      expect(kernel.load(ea, 8)).toBeInstanceOf(MemoryFault);
    }
  });
  it("locked pages are written through an alias that is gone afterwards, across pages, or not at all", () => {
    const kernel = boot(layout);
    const page = kernel.pages.pageBytes;
    const area = kernel.moduleAlloc(2 * page);
    if (area === undefined) throw new Error("no memory");
    kernel.setMemoryRox(area, 2 * page);
    const data = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
    const at = area.add(page - 50);
    expect(kernel.write(at, data)).toBeInstanceOf(MemoryFault);
    expect(kernel.textPoke.write(at, data)).toBeUndefined();
    expect(kernel.read(at, 100)).toEqual(data);
    expect(kernel.load(kernel.textPoke.area(), 1)).toBeInstanceOf(MemoryFault);
    expect(kernel.store(at, 1, u64(0))).toBeInstanceOf(MemoryFault);
    const over = area.add(2 * page - 50);
    expect(kernel.textPoke.write(over, data)).toMatchObject({ address: area.add(2 * page) });
    expect(kernel.read(over, 50)).toEqual(new Uint8Array(50));
  });
});

describe("granules", () => {
  it("radix maps pages, hash 16 MiB where RAM is and pages where a segment has none", () => {
    const far = fromHalves(0xc000_0100, 0);
    for (const [layout, near, away] of [
      ["hash64k-4.15", 16 * MIB, 0x1_0000],
      ["hash4k-6.12", 16 * MIB, 0x1000],
      ["radix64k-4.15", 0x1_0000, 0x1_0000],
      ["radix4k-6.12", 0x1000, 0x1000],
    ] as const) {
      const { mm } = boot(layout);
      expect([mm.linearGranuleBytes, mm.irregularGranule(linear(RAM)), mm.irregularGranule(far)]).toEqual([
        near,
        near,
        away,
      ]);
    }
  });
  it("hash: an irregular page that was evicted is entered again by the fault handler", () => {
    const kernel = boot("hash64k-4.15");
    kernel.mm.mapIrregular(linear(RAM), REAL, PAGE_KERNEL);
    expect(kernel.mm.evict(linear(RAM))).toBe(false);
    kernel.store(linear(RAM), 8, u64(1));
    expect(kernel.mm.evict(linear(RAM + 8))).toBe(true);
    expect(kernel.cpu.mmu.translate(linear(RAM), "load")).toMatchObject({ kind: "interrupt", vector: 0x300 });
    expect(kernel.load(linear(RAM), 8)).toEqual(u64(1));
  });
  it("radix: splitting a page of the linear map costs a page table for each level, once", () => {
    const kernel = new Kernel({ layout: "radix4k-6.12", ramBytes: RAM });
    const before = kernel.pages.held("page tables");
    kernel.mm.unmapLinear(REAL, REAL + 0x1000);
    kernel.mm.unmapLinear(REAL + 0x1000, REAL + 0x4000);
    // RAM of 64M is mapped with 2 MiB pages: one table of base pages.
    expect(kernel.pages.held("page tables") - before).toBe(1);
  });
});
