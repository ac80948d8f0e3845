// Struct pages where guest code finds them: mapped as each MMU maps them, right about what is free, and nowhere but for RAM.
import { describe, expect, it } from "vitest";
import { encode } from "../cpu/isa/encode.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { fromHalves, u64, type U64 } from "../word/long.ts";
import { Kernel, type KernelOptions } from "./kernel.ts";
import { regionNamed } from "./layout/layout.ts";
import { parseRamMap } from "./ram-map.ts";
import { hashVmemmapShift } from "./vmemmap.ts";

const MIB = 2 ** 20;

/** Guest code that returns the doubleword at r3. */
function loader(kernel: Kernel): (address: U64) => U64 | undefined {
  const image = kernel.moduleAlloc(8) ?? u64(0);
  kernel.store(image, 4, u64(encode("ld", { RT: 3, DS: 0, RA0: 3 })));
  kernel.store(image.add(4), 4, u64(encode("bclr", { BO: 20 })));
  kernel.setMemoryRox(image, 8);
  return (address) => {
    const outcome = kernel.call(image, [address]);
    return outcome.kind === "return" ? outcome.value : undefined;
  };
}

const page = (kernel: Kernel, real: number): U64 => kernel.vmemmap.pageAddress(real / kernel.pages.pageBytes);

const machines: readonly (KernelOptions & { readonly layout: string })[] = [
  { layout: "hash64k-4.15", engine: "reference" },
  { layout: "hash4k-4.15", endian: "be", abi: "elfv2" },
  { layout: "hash64k-6.12", cpu: "power8" },
  { layout: "hash4k-6.12" },
  { layout: "radix64k-4.15", endian: "be", abi: "elfv2" },
  { layout: "radix4k-6.12", engine: "reference" },
  { layout: "radix64k-6.12" },
];

for (const options of machines)
  describe(`struct pages of a kernel with ${options.layout}`, () => {
    const kernel = new Kernel({ ...options, ramMap: parseRamMap("0-64M,2G-2096M@3") });
    const read = loader(kernel);
    const reserved = kernel.layout.version.name === "4.15" ? 1 << 11 : 1 << 13;
    it("guest code reads flags, node and reference count", () => {
      const free = kernel.pages.tryAllocate("user") ?? 0;
      // _mapcount -1 and _refcount 1, in the machine's order.
      const counts = kernel.endian === "le" ? fromHalves(1, -1) : fromHalves(-1, 1);
      expect(read(page(kernel, 0))).toEqual(u64(reserved));
      expect(read(page(kernel, 0).add(48))).toEqual(counts);
      expect(read(page(kernel, free))?.low).toBe(0);
      expect(read(page(kernel, free).add(48))).toEqual(counts);
      kernel.pages.release(free);
      expect(read(page(kernel, free).add(48))).toEqual(
        kernel.endian === "le" ? fromHalves(0, -1) : fromHalves(-1, 0),
      );
      const other = kernel.pages.allocateOrder(0, "user", { node: 3 }) ?? 0;
      expect(other).toBeGreaterThanOrEqual(2048 * MIB);
      expect(read(page(kernel, other))).toEqual(fromHalves(0x0300_0000, 0));
      kernel.pages.release(other);
    });
    it("what the allocator says is free has no reference, everything else has one", () => {
      for (const { start, end } of kernel.ramMap)
        for (let real = start; real < end; real += MIB) {
          const count = kernel.load(page(kernel, real).add(52), 4);
          expect(count).toEqual(u64(kernel.pages.isFree(real) ? 0 : 1));
        }
    });
    it("there are none for the gap between ranges, nor behind them", () => {
      // A page of 2 MiB has the struct pages of 2 GiB of RAM, where pages are of 64K: those of a gap among them.
      const beyond = kernel.layout.mmu === "radix" && kernel.layout.pageShift === 16 ? [8192] : [1024, 3072];
      for (const real of beyond.map((n) => n * MIB)) {
        expect(kernel.load(page(kernel, real), 8)).toBeInstanceOf(MemoryFault);
        expect(read(page(kernel, real))).toBeUndefined();
      }
      const last = regionNamed(kernel.layout, "vmemmap").end.sub(64);
      expect(read(last)).toBeUndefined();
    });
  });

describe("vmemmap's pages", () => {
  it("are the layout's on hash, 16M from 1G of RAM on, and 2M on radix", () => {
    for (const [layout, ramMap, pageBytes, held] of [
      // 1024 struct pages of 64 bytes are 64 KiB; 16384 of them 1 MiB.
      ["hash64k-4.15", "0-64M", 0x1_0000, 0x1_0000],
      ["hash4k-6.12", "0-64M", 0x1000, MIB],
      ["hash64k-6.12", "0-1G", 16 * MIB, 16 * MIB],
      ["hash4k-4.15", "0-1G", 16 * MIB, 16 * MIB],
      ["radix64k-4.15", "0-64M", 2 * MIB, 2 * MIB],
      ["radix4k-6.12", "0-256M", 2 * MIB, 4 * MIB],
      // 128 MiB of RAM have 2 MiB of struct pages; what begins in the midst of that has small pages since 6.12.
      ["radix4k-4.15", "0-64M,1040M-1056M", 2 * MIB, 4 * MIB],
      ["radix4k-6.12", "0-64M,1040M-1056M", 2 * MIB, 2 * MIB + MIB / 4],
    ] as const) {
      const kernel = new Kernel({ layout, ramMap: parseRamMap(ramMap) });
      const first = page(kernel, 0);
      expect(kernel.load(first, 8)).not.toBeInstanceOf(MemoryFault);
      expect(kernel.cpu.mmu.translate(first, "load"), layout).toMatchObject({ kind: "page", pageBytes });
      expect(kernel.pages.held("kernel") * kernel.pages.pageBytes, `${layout} ${ramMap}`).toBe(held);
    }
  });
  it("a hash segment has one size for all of them", () => {
    const { layout } = new Kernel({ ramBytes: 64 * MIB });
    const shift = (ram: string): number => hashVmemmapShift(layout, parseRamMap(ram));
    expect([shift("0-1008M"), shift("0-512M,2G-2560M")]).toEqual([16, 24]);
  });
});
