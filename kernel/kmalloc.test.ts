// kmalloc on pages: sizes, alignment, zeroes, accounts, and what a long random run leaves behind: nothing.
import { describe, expect, it } from "vitest";
import { OutOfMemoryError } from "./error.ts";
import { Kmalloc } from "./kmalloc.ts";
import { PageAllocator } from "./page-alloc.ts";
import { runRandomAllocations } from "./test/random-allocations.ts";

interface Machine {
  readonly memory: Uint8Array;
  readonly pages: PageAllocator;
  readonly kmalloc: Kmalloc;
}

function machine(pageBytes: number, bytes: number): Machine {
  const memory = new Uint8Array(bytes);
  const clear = (real: number, length: number): void => void memory.fill(0, real, real + length);
  const pages = new PageAllocator({ pageBytes, ram: [{ start: 0, end: bytes, node: 0 }], clear });
  pages.memblockFreeAll();
  return { memory, pages, kmalloc: new Kmalloc(pages, "slab", clear) };
}

describe("kmalloc", () => {
  it("objects are aligned to their size, apart, zeroed, and used again", () => {
    const { memory, kmalloc } = machine(0x1_0000, 0x10_0000);
    const taken = new Set<number>();
    for (const size of [1, 8, 9, 100, 4096, 0x8000, 0x8001, 0x2_0000]) {
      const real = kmalloc.allocate(size);
      expect(real % Math.min(2 ** Math.ceil(Math.log2(Math.max(size, 8))), 0x1_0000)).toBe(0);
      for (let i = real; i < real + size; i++) {
        if (memory[i] !== 0 || taken.has(i)) throw new Error(`byte ${i} is not zero or taken`);
        taken.add(i);
        memory[i] = 0xff;
      }
    }
    const small = kmalloc.allocate(64, 256);
    expect(small % 256).toBe(0);
    kmalloc.allocate(256);
    kmalloc.free(small);
    expect(kmalloc.allocate(200)).toBe(small);
    expect(() => kmalloc.allocate(0x20_0000)).toThrow(OutOfMemoryError);
    for (const bytes of [-1, NaN, Infinity, 1.5])
      expect(() => kmalloc.allocate(bytes)).toThrow(OutOfMemoryError);
  });
  it("refuses to free what is not an object: another address, or the same one twice", () => {
    const { kmalloc } = machine(0x1000, 0x10_0000);
    const real = kmalloc.allocate(64);
    kmalloc.free(real);
    for (const wrong of [real, real + 8, 12, -8])
      expect(() => {
        kmalloc.free(wrong);
      }).toThrow(RangeError);
  });
  it("counts objects and bytes, and gives a page back when its last object goes", () => {
    const { pages, kmalloc } = machine(0x1000, 0x10_0000);
    const reals = [1, 100, 2048, 2049, 0x5000].map((bytes) => kmalloc.allocate(bytes));
    expect(kmalloc.usage).toEqual({ objects: 5, bytes: 8 + 128 + 2048 + 0x1000 + 0x5000 });
    expect(pages.held("slab")).toBe(3 + 1 + 5);
    for (const real of reals) kmalloc.free(real);
    expect(kmalloc.usage).toEqual({ objects: 0, bytes: 0 });
    expect([pages.held("slab"), pages.free]).toEqual([0, pages.total]);
  });
  it("100,000 random steps: nothing overlaps, contents stay, the account is exact and everything is given back", () => {
    for (const pageBytes of [0x1000, 0x1_0000]) {
      const { memory, pages, kmalloc } = machine(pageBytes, 0x40_0000);
      const before = pages.zones;
      runRandomAllocations(
        {
          rounded: (bytes) =>
            bytes > pageBytes / 2
              ? Math.ceil(bytes / pageBytes) * pageBytes
              : 2 ** Math.ceil(Math.log2(Math.max(bytes, 8))),
          granuleBytes: 8,
          allocate(bytes) {
            try {
              const real = kmalloc.allocate(bytes);
              if (memory[real] !== 0 || memory[real + bytes - 1] !== 0)
                throw new Error(`0x${real.toString(16)} is not zero`);
              return real;
            } catch (error) {
              if (error instanceof OutOfMemoryError) return undefined;
              throw error;
            }
          },
          free: (real) => {
            kmalloc.free(real);
          },
          held: () => kmalloc.usage.bytes,
          stamp: (start, bytes, mark) =>
            memory
              .fill(mark, start, start + Math.min(bytes, 64))
              .fill(mark, start + bytes - 1, start + bytes),
          intact: (start, bytes, mark) =>
            memory.subarray(start, start + Math.min(bytes, 64)).every((m) => m === mark) &&
            memory[start + bytes - 1] === mark,
        },
        {
          seed: 7,
          steps: 100_000,
          mostHeld: 200,
          size: (random) => random.below(2 ** (random.below(17) + 1)) + 1,
        },
      );
      expect(pages.zones).toEqual(before);
      expect(pages.held("slab")).toBe(0);
    }
  });
});
