// The page allocator against a model of plain arrays: no page twice, none lost, free lists as a buddy system has them, accounts exact.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buddyinfo, type ZoneInfo } from "./buddy.ts";
import { OutOfMemoryError } from "./error.ts";
import { Kernel } from "./kernel.ts";
import { PageAllocator, type PageAllocatorOptions } from "./page-alloc.ts";
import { parseRamMap } from "./ram-map.ts";
import { runRandomAllocations } from "./test/random-allocations.ts";

const MIB = 2 ** 20;
const clear = (): void => undefined;
const ram = parseRamMap("0-64M");

function booted(options: Partial<PageAllocatorOptions> = {}): PageAllocator {
  const pages = new PageAllocator({ pageBytes: 0x1000, ram, clear, ...options });
  pages.memblockFreeAll();
  return pages;
}

/** Free blocks of each order that pages have which are free: as large as alignment and neighbors allow, each page in one. */
function canonical(isFree: readonly boolean[], maxOrder: number): readonly number[] {
  const counts = Array<number>(maxOrder + 1).fill(0);
  for (let frame = 0; frame < isFree.length;) {
    let order = maxOrder;
    while (order > 0 && !(frame % 2 ** order === 0 && isFree.slice(frame, frame + 2 ** order).every(Boolean)))
      order--;
    if (isFree[frame] === true) counts[order] = (counts[order] ?? 0) + 1;
    frame += 2 ** order;
  }
  return counts;
}

const freePages = (zones: readonly ZoneInfo[]): number =>
  zones.reduce((sum, { free }) => sum + free.reduce((n, count, order) => n + count * 2 ** order, 0), 0);

describe("the page allocator at boot", () => {
  it("takes from the top of memory, as memblock does, around what is reserved and with alignment", () => {
    const reserved = [
      { start: 0, end: 32 * MIB },
      { start: 63 * MIB, end: 64 * MIB - 0x1000 },
    ];
    const pages = new PageAllocator({ pageBytes: 0x1000, ram, reserved, clear });
    expect(pages.total).toBe((31 * MIB) / 0x1000 + 1);
    expect(pages.tryAllocate("kernel")).toBe(64 * MIB - 0x1000);
    expect(pages.tryAllocate("kernel")).toBe(63 * MIB - 0x1000);
    expect(pages.allocate(3, "kernel", 0x4000)).toBe(63 * MIB - 0x4000);
    expect(pages.allocate(1, "kernel")).toBe(63 * MIB - 0x5000);
    pages.release(63 * MIB - 0x1000);
    expect(pages.tryAllocate("slab")).toBe(63 * MIB - 0x1000);
    expect(pages.allocate(1, "slab", 16 * MIB)).toBe(48 * MIB);
    expect(() => pages.allocate(15 * 256, "slab", 16 * MIB)).not.toThrow();
    expect(() => pages.allocate(16 * 256, "slab", 16 * MIB)).toThrow(OutOfMemoryError);
    pages.memblockFreeAll();
    expect(freePages(pages.zones)).toBe(pages.free);
  });
  it("leaves the RAM behind the kernel's image free, in a kernel of either version", () => {
    for (const [layout, zone] of [
      ["hash64k-4.15", "DMA"],
      ["radix4k-6.12", "Normal"],
    ] as const) {
      const { pages } = new Kernel({ layout, ramBytes: 64 * MIB });
      expect(pages.zones.map(({ name, node, start, end }) => [name, node, start, end])).toEqual([
        [zone, 0, 0, 64 * MIB],
      ]);
      expect(freePages(pages.zones)).toBe(pages.free);
      expect(pages.allocateRange(32 * MIB, 11 * MIB, "bpf image"), layout).toBe(true);
    }
  });
  it("afterwards hands out low pages first, on 4.15 high ones", () => {
    expect(booted().allocateOrder(12, "user")).toBe(0);
    expect(booted({ first: "high" }).allocateOrder(12, "user")).toBe(48 * MIB);
    expect(booted({ first: "high" }).tryAllocate("user")).toBe(48 * MIB);
  });
});

describe("the buddy system", () => {
  it("splits the smallest block that is large enough and merges it again", () => {
    const pages = booted();
    const before = pages.zones;
    expect(before[0]?.free).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    expect(pages.allocateOrder(1, "user")).toBe(0);
    expect(pages.zones[0]?.free).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3]);
    expect(pages.tryAllocate("user")).toBe(0x2000);
    expect(pages.zones[0]?.free).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3]);
    pages.release(0, 3);
    expect(pages.zones).toEqual(before);
  });
  it("a count that is no power of two gives back the rest of its block", () => {
    const pages = booted();
    expect(pages.allocate(5, "user")).toBe(0);
    expect([pages.held("user"), pages.total - pages.free]).toEqual([5, 5]);
    expect(pages.zones[0]?.free.slice(0, 4)).toEqual([1, 1, 0, 1]);
    expect(pages.allocate(2, "user", 0x8000)).toBe(0x8000);
  });
  it("no pages, or less than none, are none: nothing is taken, at boot and after it", () => {
    const early = new PageAllocator({ pageBytes: 0x1000, ram, clear });
    for (const pages of [early, booted()]) {
      for (const count of [0, -1, Number.NaN]) {
        expect(() => pages.allocate(count, "user")).toThrow(OutOfMemoryError);
        expect([pages.free, pages.held("user")]).toEqual([pages.total, 0]);
      }
      for (const order of [-1, 0.5, 64, Number.NaN])
        expect(pages.allocateOrder(order, "user")).toBeUndefined();
      expect([pages.free, pages.held("user")]).toEqual([pages.total, 0]);
    }
  });
  it("more than the largest block is found where pages adjoin", () => {
    const pages = booted();
    expect(pages.allocateRange(0x1000, 0x1000, "kernel")).toBe(true);
    expect(pages.allocate(5000, "user")).toBe(0x2000);
    expect(pages.allocate(5000, "user", 32 * MIB)).toBe(32 * MIB);
    expect(() => pages.allocate(5000, "user")).toThrow(`no 5000 adjoining pages of 4096 bytes`);
    pages.release(0x2000, 5000);
    pages.release(32 * MIB, 5000);
    pages.release(0x1000);
    expect(pages.zones[0]?.free.at(-1)).toBe(4);
  });
  it("nodes have zones of their own; one that is empty falls back to the others", () => {
    const pages = booted({ ram: parseRamMap("0-64M,1G-1040M@1,2G-2064M") });
    expect(pages.zones.map(({ node, start, end }) => [node, start / MIB, end / MIB])).toEqual([
      [0, 0, 2064],
      [1, 1024, 1040],
    ]);
    expect(pages.allocateOrder(12, "user", { node: 1 })).toBe(1024 * MIB);
    expect(pages.allocateOrder(12, "user", { node: 1 })).toBe(0);
    expect(pages.allocateOrder(0, "user", { zone: "DMA" })).toBeUndefined();
    expect([1, 2, 3, 4].map(() => pages.allocateOrder(12, "user"))).toEqual(
      [16, 32, 48, 2048].map((n) => n * MIB),
    );
    expect(pages.tryAllocate("user")).toBeUndefined();
    expect(pages.free).toBe(0);
    pages.release(0, (64 * MIB) / 0x1000);
    pages.release(1024 * MIB, 4096);
    pages.release(2048 * MIB, 4096);
    expect(pages.zones.map(({ free }) => free.at(-1))).toEqual([5, 1]);
  });
  it("is exhausted to the last page, says so, and has everything again when it is freed", () => {
    for (const pageBytes of [0x1000, 0x1_0000]) {
      const pages = booted({ pageBytes });
      const before = pages.zones;
      const reals = new Set<number>();
      for (let real = pages.tryAllocate("user"); real !== undefined; real = pages.tryAllocate("user"))
        reals.add(real);
      expect(reals.size).toBe(pages.total);
      expect([pages.free, pages.held("user")]).toEqual([0, pages.total]);
      expect(() => pages.allocate(1, "kernel")).toThrow(OutOfMemoryError);
      expect(pages.held("kernel")).toBe(0);
      for (const real of reals) pages.release(real);
      expect([pages.free, pages.held("user")]).toEqual([pages.total, 0]);
      expect(pages.zones).toEqual(before);
    }
  });
  it("refuses to take back what nobody holds, or what is not RAM", () => {
    const pages = booted({ ram: parseRamMap("0-64M,128M-144M"), reserved: [{ start: 0, end: MIB }] });
    for (const real of [0, MIB, 64 * MIB, 144 * MIB, -0x1000])
      expect(() => {
        pages.release(real);
      }).toThrow(RangeError);
    expect(pages.free).toBe(pages.total);
  });
  it("prints its lists as /proc/buddyinfo does", () => {
    // The lines are those of Documentation/filesystems/proc.rst.
    const zone = { start: 0, end: 0 };
    expect(
      buddyinfo([
        { ...zone, node: 0, name: "DMA", free: [0, 4, 5, 4, 4, 3] },
        { ...zone, node: 0, name: "Normal", free: [1, 0, 0, 1, 101, 8] },
      ]),
    ).toBe(
      "Node 0, zone      DMA      0      4      5      4      4      3 \n" +
        "Node 0, zone   Normal      1      0      0      1    101      8 \n",
    );
  });
});

describe("100,000 random steps", () => {
  for (const pageBytes of [0x1000, 0x1_0000])
    it(`pages of ${pageBytes / 1024}K: free lists are what a model of booleans says, pages come zeroed, accounts are exact`, () => {
      const count = (64 * MIB) / pageBytes;
      const marks = new Uint8Array(count);
      const isFree = Array<boolean>(count).fill(true);
      const pages = booted({
        pageBytes,
        clear: (real, length) => marks.fill(0, real / pageBytes, (real + length) / pageBytes),
      });
      const before = pages.zones;
      const sizes = new Map<number, number>();
      const report = runRandomAllocations(
        {
          rounded: (bytes) => Math.ceil(bytes / pageBytes) * pageBytes,
          granuleBytes: pageBytes,
          allocate(bytes) {
            const n = Math.ceil(bytes / pageBytes);
            try {
              const real = pages.allocate(n, "user");
              sizes.set(real, n);
              const first = real / pageBytes;
              if (marks.subarray(first, first + n).some((mark) => mark !== 0)) throw new Error("not zeroed");
              isFree.fill(false, first, first + n);
              return real;
            } catch (error) {
              if (error instanceof OutOfMemoryError) return undefined;
              throw error;
            }
          },
          free(real) {
            const n = sizes.get(real) ?? 0;
            isFree.fill(true, real / pageBytes, real / pageBytes + n);
            pages.release(real, n);
          },
          held: () => pages.held("user") * pageBytes,
          stamp: (start, bytes, mark) => marks.fill(mark, start / pageBytes, (start + bytes) / pageBytes),
          intact: (start, bytes, mark) =>
            marks.subarray(start / pageBytes, (start + bytes) / pageBytes).every((m) => m === mark),
          inspect: () => {
            if (sizes.size % 8 === 0) expect(pages.zones[0]?.free).toEqual(canonical(isFree, pages.maxOrder));
          },
        },
        {
          seed: pageBytes,
          steps: 100_000,
          mostHeld: 150,
          size: (random) => (random.below(random.below(40) === 0 ? 200 : 12) + 1) * pageBytes,
        },
      );
      expect(report.allocations).toBeGreaterThan(40_000);
      if (pageBytes === 0x1_0000) expect(report.refused).toBeGreaterThan(0);
      expect(pages.zones).toEqual(before);
      expect(pages.free).toBe(pages.total);
    });
  it("orders, counts, alignments and ranges in any mixture leave the free lists as the model has them", () => {
    const frames = 1024;
    const frame = fc.nat(frames - 1);
    const step = fc.oneof(
      fc.record({ kind: fc.constant("order" as const), n: fc.nat(6), m: fc.constant(0) }),
      fc.record({ kind: fc.constant("count" as const), n: fc.integer({ min: 1, max: 300 }), m: fc.nat(5) }),
      fc.record({ kind: fc.constant("range" as const), n: frame, m: fc.integer({ min: 1, max: 70 }) }),
      fc.record({ kind: fc.constant("release" as const), n: frame, m: fc.integer({ min: 1, max: 70 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pages = booted({ pageBytes: 0x1_0000 });
        const isFree = Array<boolean>(frames).fill(true);
        const held: (readonly [number, number])[] = [];
        const take = (real: number | undefined, count: number): void => {
          if (real === undefined) return;
          const first = real / 0x1_0000;
          expect(isFree.slice(first, first + count)).toEqual(Array(count).fill(true));
          isFree.fill(false, first, first + count);
          held.push([first, count]);
        };
        for (const { kind, n, m } of steps) {
          if (kind === "order") take(pages.allocateOrder(n, "user"), 2 ** n);
          else if (kind === "range") {
            const free = n + m <= frames && isFree.slice(n, n + m).every(Boolean);
            expect(pages.allocateRange(n * 0x1_0000, m * 0x1_0000, "user")).toBe(free);
            if (free) take(n * 0x1_0000, m);
          } else if (kind === "release") {
            const [first, count] = held.splice(n % Math.max(held.length, 1), 1)[0] ?? [0, 0];
            if (count > 0) pages.release(first * 0x1_0000, count);
            isFree.fill(true, first, first + count);
          } else {
            try {
              const real = pages.allocate(n, "user", 2 ** m * 0x1_0000);
              expect(real % (2 ** m * 0x1_0000)).toBe(0);
              take(real, n);
            } catch (error) {
              if (!(error instanceof OutOfMemoryError)) throw error;
            }
          }
          expect(pages.zones[0]?.free).toEqual(canonical(isFree, 8));
          expect(pages.held("user")).toBe(isFree.filter((free) => !free).length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
