// The allocators of real memory and of addresses, on a small kernel.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kallsyms } from "./kallsyms.ts";
import { Kernel } from "./kernel.ts";

const RAM = 0x400_0000;
const VMALLOC = fromHalves(0xd000_0000, 0);
const at = (offset: number): string => hex64(VMALLOC.add(offset));
const PAGE = 0x1_0000;

function area(kernel: Kernel, size: number): U64 {
  const address = kernel.moduleAlloc(size);
  if (address === undefined) throw new Error("no memory");
  return address;
}

describe("vmalloc", () => {
  it("leaves one page unmapped behind each area and takes the first gap that is large enough", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const areas = [1, PAGE, PAGE + 1, 1].map((size) => area(kernel, size));
    expect(areas.map(hex64)).toEqual([at(0), at(2 * PAGE), at(4 * PAGE), at(7 * PAGE)]);
    expect(kernel.vfree(areas[1] ?? VMALLOC)).toBe(true);
    // Two pages and a guard do not fit into the two pages between the guards.
    expect(hex64(area(kernel, 2 * PAGE))).toBe(at(9 * PAGE));
    expect(hex64(area(kernel, PAGE))).toBe(at(2 * PAGE));
    expect(kernel.vfree(VMALLOC.add(PAGE))).toBe(false);
    expect(kernel.vmalloc.find(VMALLOC.add(5 * PAGE))?.bytes).toBe(2 * PAGE);
    expect(kernel.vmalloc.find(VMALLOC.add(6 * PAGE))).toBeUndefined();
  });
  it("keeps to a range with its guard page, and to an alignment", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const range = { size: PAGE, start: VMALLOC.add(PAGE), end: VMALLOC.add(4 * PAGE) };
    expect(hex64(kernel.vmallocNodeRange(range) ?? VMALLOC)).toBe(at(PAGE));
    expect(kernel.vmallocNodeRange(range)).toBeUndefined();
    const aligned = kernel.vmallocNodeRange({ ...range, align: 4 * PAGE, end: VMALLOC.add(8 * PAGE) });
    expect(hex64(aligned ?? VMALLOC)).toBe(at(4 * PAGE));
  });
  it("without memory gives nothing and keeps nothing", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const free = kernel.pages.free;
    for (const size of [RAM, Infinity, NaN, 0, -1]) expect(kernel.moduleAlloc(size)).toBeUndefined();
    const areas: U64[] = [];
    for (;;) {
      const next = kernel.moduleAlloc(8 * PAGE);
      if (next === undefined) break;
      areas.push(next);
    }
    expect(areas.length).toBeGreaterThan(40);
    areas.forEach((address) => expect(kernel.vfree(address)).toBe(true));
    expect(kernel.pages.held("vmalloc")).toBe(0);
    // Page tables stay.
    expect(free - kernel.pages.free).toBeLessThan(8);
  });
  it("with one page left has none for the page tables, and gives it back", () => {
    for (const layout of ["hash64k-4.15", "radix64k-6.12"]) {
      const kernel = new Kernel({ ramBytes: RAM, layout });
      while (kernel.pages.free > 1) kernel.pages.tryAllocate("user");
      expect(kernel.pages.free).toBe(1);
      expect(kernel.moduleAlloc(PAGE)).toBeUndefined();
      expect(kernel.pages.held("vmalloc")).toBe(0);
    }
  });
  it("pages are zero again when they come back, and gone when they are freed", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const first = area(kernel, PAGE);
    kernel.store(first, 8, u64(-1));
    kernel.vfree(first);
    expect(kernel.load(first, 8)).toBeInstanceOf(MemoryFault);
    const again = area(kernel, PAGE);
    expect(again.eq(first)).toBe(true);
    expect(kernel.load(again, 8)).toEqual(u64(0));
  });
  it("areas never overlap, whatever is allocated and freed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat(5 * PAGE), fc.nat(100)), { maxLength: 60 }),
        (steps) => {
          const kernel = new Kernel({ ramBytes: RAM });
          const held: U64[] = [];
          for (const [allocate, size, which] of steps) {
            if (allocate) {
              const address = kernel.moduleAlloc(size + 1);
              if (address !== undefined) held.push(address);
            } else if (held.length > 0) kernel.vfree(held.splice(which % held.length, 1)[0] ?? VMALLOC);
          }
          const areas = kernel.vmalloc.areas;
          expect(areas.length).toBe(held.length);
          areas.slice(1).forEach((next, i) => {
            const before = areas[i];
            expect(before !== undefined && before.address.add(before.bytes + PAGE).lte(next.address)).toBe(
              true,
            );
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("kallsyms", () => {
  it("an address belongs to the symbol that it lies in, with offset and size", () => {
    const kallsyms = new Kallsyms();
    const base = fromHalves(0xc000_0000, 0x1000);
    kallsyms.add({ name: "b", address: base.add(0x40), size: 0x10, type: "T" });
    kallsyms.add({ name: "a", address: base, size: 0x20, type: "T" });
    expect(kallsyms.lookup(base.add(0x1c))).toMatchObject({ name: "a", offset: 0x1c, size: 0x20 });
    expect(kallsyms.lookup(base.add(0x20))).toBeUndefined();
    expect(kallsyms.lookup(base.add(0x40))).toMatchObject({ name: "b", offset: 0 });
    expect(kallsyms.lookup(base.sub(1))).toBeUndefined();
    expect(kallsyms.address("b")?.eq(base.add(0x40))).toBe(true);
    expect(kallsyms.remove(base.add(0x44))).toBe(false);
    expect(kallsyms.remove(base.add(0x40))).toBe(true);
    expect(kallsyms.lookup(base.add(0x40))).toBeUndefined();
    expect(kallsyms.address("b")).toBeUndefined();
  });
});

describe("bpf_jit_binary_alloc", () => {
  it("4.15: size rounded from proglen + 4 + 128, header with pages, trap words around", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    // 65404 + 4 + 128 = 65536: one page; four bytes more need two.
    expect(kernel.bpfJitBinaryAlloc(65404)?.bytes).toBe(PAGE);
    const binary = kernel.bpfJitBinaryAlloc(65408);
    if (binary === undefined) throw new Error("no memory");
    expect(binary.bytes).toBe(2 * PAGE);
    expect(kernel.load(binary.header, 4)).toEqual(u64(2));
    expect(hex64(binary.header)).toBe(at(2 * PAGE));
    const offset = binary.image.sub(binary.header).toNumber();
    expect(offset % 4).toBe(0);
    expect(offset).toBeGreaterThanOrEqual(4);
    const data = kernel.read(binary.header, 2 * PAGE);
    if (data instanceof MemoryFault) throw new Error("fault");
    expect(Buffer.from(data.subarray(4, 8)).toString("hex")).toBe("0800e07f");
    expect(data.subarray(4).every((byte, i) => byte === data[4 + (i % 4)])).toBe(true);
  });
  it("6.12: a header of 8 bytes with the size, in the machine's byte order", () => {
    const kernel = new Kernel({ ramBytes: RAM, layout: "radix64k-6.12", endian: "be" });
    const binary = kernel.bpfJitBinaryAlloc(100);
    if (binary === undefined) throw new Error("no memory");
    expect(kernel.read(binary.header, 12)).toEqual(
      Uint8Array.from([0, 1, 0, 0, 0x7f, 0xe0, 0, 8, 0x7f, 0xe0, 0, 8]),
    );
  });
  it("the start is the seed's, 4-byte aligned, and the code fits behind it", () => {
    const starts = (seed: number): readonly number[] => {
      const kernel = new Kernel({ ramBytes: RAM, seed });
      return Array.from({ length: 8 }, (_, i) => {
        const binary = kernel.bpfJitBinaryAlloc(4 + 8000 * i);
        if (binary === undefined) throw new Error("no memory");
        const start = binary.image.sub(binary.header).toNumber();
        expect(start + 4 + 8000 * i).toBeLessThanOrEqual(PAGE);
        return start;
      });
    };
    expect(starts(0)).toEqual(starts(0));
    expect(starts(0)).not.toEqual(starts(1));
    expect(new Set(starts(0)).size).toBe(8);
  });
  it("bpf_jit_image_alloc is weak: an override chooses the pages", () => {
    const low = fromHalves(0xd000_1000, 0);
    const kernel = new Kernel({
      ramBytes: RAM,
      overrides: {
        bpfJitImageAlloc: (k, size) => k.vmallocNodeRange({ size, start: low, end: low.add(3 * PAGE) }),
      },
    });
    expect(kernel.bpfJitBinaryAlloc(4)?.header.eq(low)).toBe(true);
    expect(kernel.bpfJitBinaryAlloc(4)).toBeUndefined();
  });
});

describe("kernel memory", () => {
  it("accesses that cross pages, granules and the linear map's end are whole or fault without a trace", () => {
    for (const layout of ["hash64k-4.15", "radix64k-6.12"]) {
      const kernel = new Kernel({ ramBytes: RAM, layout });
      const two = area(kernel, 2 * PAGE);
      const value = fromHalves(0x0102_0304, 0x0506_0708);
      for (const offset of [PAGE - 3, 0x1000 - 5, 8]) {
        expect(kernel.store(two.add(offset), 8, value)).toBeUndefined();
        expect(kernel.load(two.add(offset), 8)).toEqual(value);
        expect(kernel.load(two.add(offset), 4)).toEqual(u64(0x0506_0708));
      }
      const end = two.add(2 * PAGE - 4);
      expect(kernel.store(end, 8, value)).toBeInstanceOf(MemoryFault);
      expect(kernel.load(end, 4)).toEqual(u64(0));
      const linearEnd = fromHalves(0xc000_0000, RAM - 4);
      expect(kernel.store(linearEnd, 8, value)).toBeInstanceOf(MemoryFault);
      expect(kernel.load(linearEnd, 4)).toEqual(u64(0));
      expect(kernel.load(u64(-4), 8)).toBeInstanceOf(MemoryFault);
      expect(kernel.read(u64(-4), 100)).toBeInstanceOf(MemoryFault);
    }
  });
  it("kernel text may be read, not written", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    expect(kernel.load(kernel.text.bpfCallBase, 4)).toEqual(u64(0x3860_0000));
    expect(kernel.store(kernel.text.bpfCallBase, 4, u64(0))).toMatchObject({ access: "store", bytes: 4 });
    expect(kernel.write(kernel.text.bpfCallBase, new Uint8Array(4))).toBeInstanceOf(MemoryFault);
  });
});
