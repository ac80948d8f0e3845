// vmalloc on small kernels: places, guards, lazy freeing, exhaustion, and long random runs through the MMU against a model of arrays.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kernel } from "./kernel.ts";
import { regionNamed } from "./layout/layout.ts";
import { PAGE_KERNEL_RO } from "./mm/mm.ts";
import { parseRamMap } from "./ram-map.ts";
import { runRandomAllocations, type SequenceReport } from "./test/random-allocations.ts";

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
    kernel.vmalloc.purge();
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
    expect(hex64(kernel.vmallocNodeRange({ ...range, noGuard: true }) ?? VMALLOC)).toBe(at(3 * PAGE));
    const aligned = kernel.vmallocNodeRange({ ...range, align: 4 * PAGE, end: VMALLOC.add(8 * PAGE) });
    expect(hex64(aligned ?? VMALLOC)).toBe(at(4 * PAGE));
    for (const [start, end] of [
      [VMALLOC.add(8 * PAGE), VMALLOC],
      [u64(-1), u64(-1)],
      [VMALLOC.add(8 * PAGE + 1), VMALLOC.add(10 * PAGE)],
    ] as const)
      expect(kernel.vmallocNodeRange({ size: PAGE, start, end })).toBeUndefined();
  });
  it("the addresses of a freed area fault at once and are used again after a purge", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const first = area(kernel, PAGE);
    kernel.store(first, 8, u64(-1));
    const [held] = [kernel.pages.held("vmalloc")];
    kernel.vfree(first);
    expect(kernel.load(first, 8)).toBeInstanceOf(MemoryFault);
    expect([held, kernel.pages.held("vmalloc")]).toEqual([1, 0]);
    expect(kernel.vfree(first)).toBe(false);
    expect(kernel.vmalloc.find(first)).toBeUndefined();
    expect(kernel.vmalloc.lazilyFreed.map(({ address }) => hex64(address))).toEqual([at(0)]);
    expect(hex64(area(kernel, PAGE))).toBe(at(2 * PAGE));
    kernel.vmalloc.purge();
    const again = area(kernel, PAGE);
    expect(again.eq(first)).toBe(true);
    expect(kernel.load(again, 8)).toEqual(u64(0));
  });
  it("a purge comes by itself when more than 32 MiB of addresses wait, or when a range is full of them", () => {
    for (const [layout, pageBytes] of [
      ["hash64k-4.15", 0x1_0000],
      ["radix4k-6.12", 0x1000],
    ] as const) {
      const kernel = new Kernel({ ramBytes: RAM, layout });
      const { start } = regionNamed(kernel.layout, "vmalloc");
      const half = 2 ** 20 - pageBytes;
      for (let i = 0; i < 32; i++) expect(kernel.vfree(area(kernel, half))).toBe(true);
      expect(kernel.vmalloc.lazilyFreed).toHaveLength(32);
      expect(area(kernel, half).eq(start.add(32 * 2 ** 20))).toBe(true);
      kernel.vfree(start.add(32 * 2 ** 20));
      expect(kernel.vmalloc.lazilyFreed).toHaveLength(0);
      const range = { size: pageBytes, start, end: start.add(2 * pageBytes) };
      for (let i = 0; i < 3; i++) {
        const only = kernel.vmallocNodeRange(range);
        expect(only?.eq(start)).toBe(true);
        kernel.vfree(start);
      }
    }
  });
  it("maps given pages, which stay the caller's, and reserves addresses without any", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const { pages, vmalloc } = kernel;
    const { start, end } = regionNamed(kernel.layout, "vmalloc");
    const reals = [0, 1].map(() => pages.allocateOrder(0, "bpf image") ?? 0);
    const twice = [0, 1].map(
      () =>
        vmalloc.allocate({ size: 2 * PAGE, start, end, pages: reals.toReversed(), caller: "twice" }) ??
        u64(0),
    );
    const [one = u64(0), other = u64(0)] = twice;
    kernel.store(one, 8, u64(42));
    expect(kernel.load(other, 8)).toEqual(u64(42));
    expect(kernel.load(fromHalves(0xc000_0000, reals[1] ?? 0), 8)).toEqual(u64(42));
    expect(vmalloc.find(one)).toMatchObject({ kind: "vmap", bytes: 2 * PAGE, caller: "twice" });
    expect(pages.held("vmalloc")).toBe(0);
    expect(vmalloc.free(one)).toBe(true);
    expect(kernel.load(other, 8)).toEqual(u64(42));
    expect(vmalloc.free(other)).toBe(true);
    expect(pages.held("bpf image")).toBe(2);
    const empty = vmalloc.allocate({ size: PAGE, start, end, pages: [] }) ?? u64(0);
    expect(kernel.load(empty, 8)).toBeInstanceOf(MemoryFault);
    expect(vmalloc.protect(empty, PAGE, PAGE_KERNEL_RO)).toBe(false);
    expect(vmalloc.allocate({ size: PAGE, start, end, pages: reals })).toBeUndefined();
  });
  it("accounts are the owner's, and W^X is kept", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    const { start, end } = regionNamed(kernel.layout, "vmalloc");
    const address = kernel.vmallocNodeRange({ size: 3 * PAGE, start, end, owner: "module" }) ?? u64(0);
    expect([kernel.pages.held("module"), kernel.pages.held("vmalloc")]).toEqual([3, 0]);
    const both = { write: true, execute: true, user: false };
    expect(() => kernel.vmalloc.protect(address, PAGE, both)).toThrow("W^X");
    expect(() => kernel.vmallocNodeRange({ size: PAGE, start, end, protection: both })).toThrow("W^X");
    expect(kernel.store(address, 8, u64(1))).toBeUndefined();
    expect(kernel.vfree(address)).toBe(true);
    expect(kernel.pages.held("module")).toBe(0);
  });
});

describe("vmalloc without memory or addresses", () => {
  it("gives nothing and keeps nothing", () => {
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
    // Page tables stay, on their own account.
    const tables = kernel.pages.held("page tables");
    expect(free - kernel.pages.free).toBeLessThan(8);
    areas.length = 0;
    for (let next = kernel.moduleAlloc(8 * PAGE); next !== undefined; next = kernel.moduleAlloc(8 * PAGE))
      areas.push(next);
    areas.forEach((address) => expect(kernel.vfree(address)).toBe(true));
    expect(kernel.pages.held("page tables")).toBe(tables);
  });
  it("with a few pages left has too few for the page tables, and gives them back", () => {
    for (const layout of ["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])
      for (const left of [1, 2, 3]) {
        const kernel = new Kernel({ ramBytes: RAM, layout });
        while (kernel.pages.free > left) kernel.pages.tryAllocate("user");
        const before = kernel.pages.held("page tables");
        const size = left * kernel.pages.pageBytes;
        // Its neighborhood has no page tables yet: two or three of them are wanted.
        const { start, end } = regionNamed(kernel.layout, "vmalloc");
        const place = start.add(fromHalves(0x20, 0));
        expect(kernel.vmallocNodeRange({ size, start: place, end }), layout).toBeUndefined();
        expect(kernel.pages.held("vmalloc")).toBe(0);
        expect(kernel.vmalloc.areas).toEqual([]);
        const tables = kernel.pages.held("page tables") - before;
        expect(kernel.pages.free + tables).toBe(left);
      }
  });
  it("a full range says no, and has room for exactly as much when it is empty again", () => {
    const kernel = new Kernel({ ramBytes: RAM, layout: "radix4k-6.12" });
    const { start } = regionNamed(kernel.layout, "vmalloc");
    const range = { size: 0x1000, start, end: start.add(100 * 0x1000) };
    for (let round = 0; round < 3; round++) {
      const areas: U64[] = [];
      for (let a = kernel.vmallocNodeRange(range); a !== undefined; a = kernel.vmallocNodeRange(range))
        areas.push(a);
      expect(areas).toHaveLength(50);
      for (const address of areas.toReversed()) kernel.vfree(address);
    }
    const whole = { ...range, size: 99 * 0x1000 };
    expect(kernel.vmallocNodeRange(whole)?.eq(start)).toBe(true);
  });
});

describe("/proc/vmallocinfo", () => {
  function kernelWithAreas(layout: string): { readonly kernel: Kernel; readonly start: U64 } {
    const kernel = new Kernel({ ramMap: parseRamMap("0-64M,1G-1040M@1"), layout });
    const { start, end } = regionNamed(kernel.layout, "vmalloc");
    const request = { start, end, caller: "load_module+0x1234/0x2000" };
    const text = kernel.text.bpfCallBase;
    for (const size of [1, 0x3_0000, 1]) kernel.vmallocNodeRange({ ...request, size });
    kernel.vmallocNodeRange({ ...request, size: 0x2_0000, node: 1, caller: text.add(4) });
    kernel.vmallocNodeRange({ ...request, size: 0x1_0000, pages: [] });
    kernel.vmallocNodeRange({ ...request, size: 0x1_0000, pages: [0x100_0000] });
    kernel.vfree(start.add(2 * PAGE));
    return { kernel, start };
  }
  it("has a line for each area as 4.15 prints it, freed ones among them", () => {
    const { kernel } = kernelWithAreas("hash64k-4.15");
    expect(kernel.vmalloc.info().trimEnd().split("\n")).toEqual([
      "0xd000000000000000-0xd000000000020000  131072 load_module+0x1234/0x2000 pages=1 vmalloc N0=1",
      "0xd000000000020000-0xd000000000060000  262144 unpurged vm_area",
      "0xd000000000060000-0xd000000000080000  131072 load_module+0x1234/0x2000 pages=1 vmalloc N0=1",
      "0xd000000000080000-0xd0000000000b0000  196608 __bpf_call_base+0x4/0x8 pages=2 vmalloc N1=2",
      "0xd0000000000b0000-0xd0000000000d0000  131072 load_module+0x1234/0x2000 vmap",
      "0xd0000000000d0000-0xd0000000000f0000  131072 load_module+0x1234/0x2000 pages=1 vmap N0=1",
    ]);
  });
  it("6.12 prints freed ones behind the others; pointers may be hashed or zeroed", () => {
    const { kernel, start } = kernelWithAreas("radix64k-6.12");
    const lines = kernel.vmalloc.info().trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe("0xc008000000020000-0xc008000000060000  262144 unpurged vm_area");
    const zeros = "0".repeat(16);
    expect(kernel.vmalloc.info("zeroed").split("\n")[5]).toBe(
      `0x${zeros}-0x${zeros}  262144 unpurged vm_area`,
    );
    const [, hash] =
      /^0x(0{8}[0-9a-f]{8})-0x0{8}[0-9a-f]{8} {2}131072 /.exec(kernel.vmalloc.info("hashed")) ?? [];
    expect(hash).toBe(kernel.pointerHash.text(start));
    expect(hash).not.toBe(zeros);
  });
});

/** A random run in the vmalloc range of a layout: places as a model of arrays has them, contents and guards through the MMU. */
function randomRun(
  layout: string,
  steps: number,
): { readonly kernel: Kernel; readonly report: SequenceReport } {
  const kernel = new Kernel({ ramBytes: RAM, layout });
  const { vmalloc, pages } = kernel;
  const { pageBytes } = pages;
  const { start: base, end } = regionNamed(kernel.layout, "vmalloc");
  const rounded = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;
  const lazyMost = 32 * 2 ** 20;
  /** What is taken: areas in use and freed ones, with their guards, ascending. */
  const taken: { readonly start: number; readonly end: number; free: boolean }[] = [];
  let lazy = 0;
  const modelPlace = (bytes: number): number => {
    let [place, index] = [0, 0];
    for (; index < taken.length; index++) {
      const next = taken[index];
      if (next === undefined || place + bytes <= next.start) break;
      place = next.end;
    }
    taken.splice(index, 0, { start: place, end: place + bytes, free: false });
    return place;
  };
  const modelFree = (start: number): void => {
    const freed = taken.find((t) => t.start === start);
    if (freed === undefined) return;
    freed.free = true;
    lazy += freed.end - freed.start;
    if (lazy <= lazyMost) return;
    lazy = 0;
    taken.splice(0, taken.length, ...taken.filter((t) => !t.free));
  };
  const ea = (offset: number): U64 => base.add(offset);
  const report = runRandomAllocations(
    {
      rounded,
      guardBytes: pageBytes,
      granuleBytes: pageBytes,
      allocate(bytes) {
        const address = vmalloc.allocate({ size: bytes, start: base, end });
        const place = modelPlace(rounded(bytes) + pageBytes);
        if (address === undefined) {
          // The place is there, the pages are not.
          modelFree(place);
          return undefined;
        }
        const offset = address.sub(base).toNumber();
        if (offset !== place) throw new Error(`at ${offset}, the lowest place is ${place}`);
        return offset;
      },
      free(offset) {
        if (!vmalloc.free(ea(offset))) throw new Error(`nothing at ${offset}`);
        modelFree(offset);
        if (offset % (16 * pageBytes) === 0 && !(kernel.load(ea(offset), 8) instanceof MemoryFault))
          throw new Error(`${offset} can still be read`);
      },
      held: () => pages.held("vmalloc") * pageBytes,
      stamp(start, bytes, mark) {
        kernel.store(ea(start), 4, u64(mark));
        kernel.store(ea(start + bytes - 4), 4, u64(mark));
      },
      intact: (start, bytes, mark) =>
        [start, start + bytes - 4].every((offset) => {
          const value = kernel.load(ea(offset), 4);
          return !(value instanceof MemoryFault) && value.low === mark;
        }),
      inspect(start, bytes) {
        expect(kernel.load(ea(start + bytes - 8), 8)).not.toBeInstanceOf(MemoryFault);
        expect(kernel.load(ea(start + bytes), 8)).toBeInstanceOf(MemoryFault);
        expect(kernel.store(ea(start + bytes - 4), 8, u64(0))).toBeInstanceOf(MemoryFault);
      },
    },
    {
      seed: 3,
      steps,
      mostHeld: 100,
      size: (random) => random.below(random.below(20) === 0 ? 12 * pageBytes : 4 * pageBytes) + 1,
    },
  );
  return { kernel, report };
}

describe("100,000 random allocations and frees", () => {
  for (const [layout, steps] of [
    ["hash64k-4.15", 100_000],
    ["radix4k-6.12", 100_000],
    ["hash4k-6.12", 5_000],
    ["radix64k-4.15", 5_000],
  ] as const)
    it(`${layout}, ${steps} steps: places are the lowest free, guards fault, accounts are exact, nothing is left`, () => {
      const { kernel, report } = randomRun(layout, steps);
      expect(report.allocations).toBeGreaterThan(steps * 0.4);
      expect(kernel.vmalloc.areas).toEqual([]);
      expect(kernel.pages.held("vmalloc")).toBe(0);
      kernel.vmalloc.purge();
      const { start, end } = regionNamed(kernel.layout, "vmalloc");
      expect(kernel.vmalloc.allocate({ size: 0x1_0000, start, end })?.eq(start)).toBe(true);
    }, 30_000);
});
