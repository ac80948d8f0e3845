// Images in their pages: header, size, random start and trap words, by Linux's rounding worked out by hand.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kernel } from "./kernel.ts";

const RAM = 0x400_0000;
const VMALLOC = fromHalves(0xd000_0000, 0);
const PAGE = 0x1_0000;

describe("bpf_jit_binary_alloc", () => {
  it("4.15: size rounded from proglen + 4 + 128, header with pages, trap words around", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    // 65404 + 4 + 128 = 65536: one page; four bytes more need two.
    expect(kernel.bpfJitBinaryAlloc(65404)?.bytes).toBe(PAGE);
    const binary = kernel.bpfJitBinaryAlloc(65408);
    if (binary === undefined) throw new Error("no memory");
    expect(binary.bytes).toBe(2 * PAGE);
    expect(kernel.load(binary.header, 4)).toEqual(u64(2));
    expect(hex64(binary.header)).toBe(hex64(VMALLOC.add(2 * PAGE)));
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
