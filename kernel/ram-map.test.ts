// RAM in several places: what is read and refused, and what a kernel on it can and cannot reach.
import { describe, expect, it } from "vitest";
import { encode } from "../cpu/isa/encode.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { u64 } from "../word/long.ts";
import { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";
import { parseRamMap, ramEnd, ramHoles, ramMapText, ramTotal } from "./ram-map.ts";

const MIB = 2 ** 20;

describe("a RAM map", () => {
  it("is ranges with units and nodes, and knows its total, end and gaps", () => {
    const map = parseRamMap("0-128M,1G-1152M,1152M-0x49000000@1");
    expect(map).toEqual([
      { start: 0, end: 128 * MIB, node: 0 },
      { start: 1024 * MIB, end: 1152 * MIB, node: 0 },
      { start: 1152 * MIB, end: 1168 * MIB, node: 1 },
    ]);
    expect([ramTotal(map), ramEnd(map)]).toEqual([272 * MIB, 1168 * MIB]);
    expect(ramHoles(map)).toEqual([{ start: 128 * MIB, end: 1024 * MIB }]);
    expect(parseRamMap(ramMapText(map))).toEqual(map);
  });
  it("is refused with one line that names the range", () => {
    for (const [text, why] of [
      ["", "''"],
      ["0-", "'0-'"],
      ["0-64M@", "'0-64M@'"],
      ["0-64M,", "''"],
      ["0-1e9", "'0-1e9'"],
      ["0-65M", "0-65M does not begin and end at multiples of 16M"],
      ["0-64M,64M-64M", "64M-64M is empty"],
      ["0-128M,64M-256M", "64M-256M begins below the end of the range before it"],
      ["16M-256M", "the first range holds the kernel"],
      ["0-32M,1G-2G", "the first range holds the kernel"],
      ["0-4G", "0-4096M ends above 4080M"],
      ["0-64M@256", "node 256: there are nodes 0 to 255"],
      ["0-999999999999G", "multiples"],
    ] as const)
      expect(() => parseRamMap(text), text).toThrow(why);
    expect(() => new Kernel({ ramBytes: 64 * MIB, ramMap: parseRamMap("0-64M") })).toThrow(
      "ramBytes and ramMap",
    );
    expect(() => new Kernel({ ramMap: [] })).toThrow("the first range");
    expect(() => new Kernel({ ramBytes: 65 * MIB })).toThrow("a multiple of 16M from 64M to 4080M");
  });
});

for (const layout of ["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])
  for (const engine of ["reference", "interpreter"] as const)
    describe(`a kernel on RAM with a gap, ${layout}, ${engine}`, () => {
      const kernel = new Kernel({ layout, engine, ramMap: parseRamMap("0-64M,512M-544M@1") });
      it("reaches the linear map of each range and faults between and behind them", () => {
        const image = kernel.moduleAlloc(8) ?? u64(0);
        kernel.store(image, 4, u64(encode("ld", { RT: 3, DS: 0, RA0: 3 })));
        kernel.store(image.add(4), 4, u64(encode("bclr", { BO: 20 })));
        kernel.setMemoryRox(image, 8);
        for (const real of [64 * MIB - 8, 512 * MIB + 0x1000]) {
          expect(kernel.store(linear(real), 8, u64(real))).toBeUndefined();
          expect(kernel.call(image, [linear(real)])).toMatchObject({ kind: "return", value: u64(real) });
        }
        for (const real of [64 * MIB, 512 * MIB - 8, 544 * MIB]) {
          expect(kernel.load(linear(real), 8)).toBeInstanceOf(MemoryFault);
          expect(kernel.store(linear(real), 8, u64(1))).toBeInstanceOf(MemoryFault);
          expect(kernel.call(image, [linear(real)])).toMatchObject({ kind: "oops", oops: { trap: 0x300 } });
        }
      });
      it("a page table that leads into the gap is a machine check", () => {
        const ea = kernel.moduleAlloc(8) ?? u64(0);
        kernel.mm.unmap(ea);
        kernel.mm.map(ea, 256 * MIB, { write: true, execute: false, user: false });
        expect(kernel.load(ea, 8)).toBeInstanceOf(MemoryFault);
        expect(kernel.cpu.mmu.translate(ea, "load")).toMatchObject({ kind: "interrupt", vector: 0x200 });
      });
      it("gives out pages of every range and none of the gap", () => {
        const { pages } = kernel;
        const reals: number[] = [];
        for (;;) {
          const real = pages.tryAllocate("user");
          if (real === undefined) break;
          reals.push(real);
        }
        expect(pages.free).toBe(0);
        expect(reals.every((real) => kernel.cpu.ram.has(real, pages.pageBytes))).toBe(true);
        const high = reals.filter((real) => real >= 512 * MIB).length;
        expect(high).toBeGreaterThan(0);
        expect(high).toBeLessThan(reals.length);
        for (const real of reals) pages.release(real);
      });
      it("gives out a certain stretch where nobody holds any of it", () => {
        const { pages } = kernel;
        expect(pages.allocateRange(40 * MIB, 2 * MIB, "bpf image")).toBe(true);
        expect(pages.held("bpf image")).toBe((2 * MIB) / pages.pageBytes);
        for (const [real, bytes] of [
          [41 * MIB, pages.pageBytes],
          [60 * MIB, 8 * MIB],
          [511 * MIB, 2 * MIB],
          [0, MIB],
          [1000 * MIB, MIB],
          [40 * MIB + 1, 1],
        ] as const)
          expect(pages.allocateRange(real, bytes, "bpf image"), String(real)).toBe(false);
        expect(pages.held("bpf image")).toBe((2 * MIB) / pages.pageBytes);
        pages.release(40 * MIB, (2 * MIB) / pages.pageBytes);
        expect(pages.held("bpf image")).toBe(0);
      });
    });
