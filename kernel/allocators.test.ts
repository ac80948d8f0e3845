// The allocators of real memory and of addresses, on a small kernel.
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
