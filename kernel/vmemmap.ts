// The array of struct page in guest memory, mapped in the layout's vmemmap region where RAM exists, as sparse memory has it.
// Which struct page belongs to an address, and whether there is one, is address.ts's.
import { fromHalves, u64, type U64 } from "../word/long.ts";
import type { Ram } from "../cpu/ram.ts";
import type { Endian } from "../cpu/state.ts";
import { KernelUsageError } from "./error.ts";
import { regionNamed, type Layout } from "./layout/layout.ts";
import type { MemoryManagement } from "./mm/mm.ts";
import type { PageAllocator } from "./page-alloc.ts";
import { ramTotal, SECTION_BYTES, type RamRange } from "./ram-map.ts";

/** struct page: bytes, and offsets of what is kept there. @linux include/linux/mm_types.h page */
export const STRUCT_PAGE = Object.freeze({ bytes: 64, flags: 0, mapcount: 48, refcount: 52 });

/** Where flags hold the node: the eight highest bits. @linux include/linux/mmzone.h NODES_PGSHIFT */
const NODE_SHIFT = 56;
/** _mapcount of a page that no page table of a process has. */
const MAPPED_NOWHERE = u64(-1);
const LARGE_RAM = 2 ** 30;
const RADIX_LARGE_PAGE = 2 ** 21;

export interface VmemmapOptions {
  readonly layout: Layout;
  readonly ramMap: readonly RamRange[];
  readonly mm: MemoryManagement;
  readonly pages: PageAllocator;
  readonly ram: Ram;
  readonly endian: Endian;
}

/**
 * log2 of the size of the pages that a hash kernel maps its vmemmap with: one size for the whole segment.
 * @linux arch/powerpc/mm/book3s64/hash_utils.c htab_init_page_sizes
 */
export function hashVmemmapShift(layout: Layout, ramMap: readonly RamRange[]): 12 | 16 | 24 {
  return ramTotal(ramMap) >= LARGE_RAM ? 24 : layout.pageShift;
}

/** Struct pages by page frame number. */
export class Vmemmap {
  readonly #options: VmemmapOptions;
  /** Mapped stretches by offset in the region: real address and length in bytes. */
  readonly #blocks = new Map<number, { readonly real: number; readonly bytes: number }>();
  /** Bytes of the largest page to map with. */
  readonly #largePage: number;

  /**
   * Maps what RAM wants. Struct pages are all 0 until `initialize`.
   * @throws KernelUsageError where the region is too small for the RAM
   * @linux arch/powerpc/mm/init_64.c vmemmap_populate
   */
  constructor(options: VmemmapOptions) {
    this.#options = options;
    const { layout, ramMap } = options;
    this.#largePage = layout.mmu === "radix" ? RADIX_LARGE_PAGE : 2 ** hashVmemmapShift(layout, ramMap);
    for (const { start, end } of ramMap)
      for (let section = start; section < end; section += SECTION_BYTES)
        this.#populate(this.#offset(section), this.#offset(section + SECTION_BYTES));
  }

  /** Effective address of the struct page of a page frame, whether there is one or not. */
  pageAddress(frame: number): U64 {
    return regionNamed(this.#options.layout, "vmemmap").start.add(u64(frame * STRUCT_PAGE.bytes));
  }

  /**
   * Writes the struct pages as they are at the end of boot, and keeps their counts right from then on. What boot holds is reserved.
   * @linux mm/mm_init.c memmap_init, mm/memblock.c memblock_free_all
   */
  initialize(): void {
    const { ramMap, pages, layout, ram, endian } = this.#options;
    const reserved = 2 ** layout.version.pageReservedBit;
    for (const { start, end, node } of ramMap) {
      const high = node * 2 ** (NODE_SHIFT - 32);
      for (let from = start; from < end;) {
        const isFree = pages.isFree(from);
        let to = from + pages.pageBytes;
        while (to < end && pages.isFree(to) === isFree) to += pages.pageBytes;
        const page = { flags: fromHalves(high, isFree ? 0 : reserved), refcount: isFree ? 0 : 1 };
        this.#fill(this.#offset(from), this.#offset(to), page);
        from = to;
      }
    }
    pages.watch((real, count, refcount) => {
      const value = u64(refcount);
      for (let i = 0; i < count; i++) {
        const at = this.#realOf(this.#offset(real + i * pages.pageBytes)).real + STRUCT_PAGE.refcount;
        ram.store(4, at, value, endian);
      }
    });
  }

  /** Of a page's struct page in the region, in bytes. */
  #offset(real: number): number {
    return (real / this.#options.pages.pageBytes) * STRUCT_PAGE.bytes;
  }

  #populate(from: number, to: number): void {
    const { layout, pages, mm } = this.#options;
    const region = regionNamed(layout, "vmemmap");
    if (region.start.add(u64(to)).gt(region.end))
      throw new KernelUsageError(`layout ${layout.name}: its vmemmap region is too small for the RAM`);
    for (let at = from; at < to;) {
      const { start, bytes } = this.#step(at);
      at = start + bytes;
      if (this.#blocks.has(start)) continue;
      const real = pages.allocate(bytes / pages.pageBytes, "kernel", bytes);
      mm.mapVmemmap(region.start.add(u64(start)), real, bytes);
      this.#blocks.set(start, { real, bytes });
    }
  }

  /** The block that an offset lies in: of a large page, but on radix since 6.12 only where struct pages begin at its start. */
  #step(at: number): { readonly start: number; readonly bytes: number } {
    const { layout, pages } = this.#options;
    const large = at - (at % this.#largePage);
    const isSmall =
      layout.mmu === "radix" &&
      layout.version.name === "6.12" &&
      at !== large &&
      this.#blocks.get(large)?.bytes !== this.#largePage;
    if (!isSmall) return { start: large, bytes: this.#largePage };
    return { start: at - (at % pages.pageBytes), bytes: pages.pageBytes };
  }

  /** The same struct page again and again, mapped nowhere. */
  #fill(from: number, to: number, page: { readonly flags: U64; readonly refcount: number }): void {
    const { ram, endian } = this.#options;
    for (let at = from; at < to;) {
      const { real, length } = this.#realOf(at);
      const bytes = ram.bytes(real, Math.min(length, to - at));
      ram.store(8, real + STRUCT_PAGE.flags, page.flags, endian);
      ram.store(4, real + STRUCT_PAGE.mapcount, MAPPED_NOWHERE, endian);
      ram.store(4, real + STRUCT_PAGE.refcount, u64(page.refcount), endian);
      for (let done: number = STRUCT_PAGE.bytes; done < bytes.length; done *= 2)
        bytes.copyWithin(done, 0, Math.min(done, bytes.length - done));
      at += bytes.length;
    }
  }

  /** Real address of an offset in the region, and how much of the block follows. */
  #realOf(at: number): { readonly real: number; readonly length: number } {
    const start = at - (at % this.#largePage);
    const large = this.#blocks.get(start);
    const small = at - (at % this.#options.pages.pageBytes);
    const [base, block] =
      large !== undefined && at < start + large.bytes ? [start, large] : [small, this.#blocks.get(small)];
    if (block === undefined) throw new RangeError(`vmemmap offset 0x${at.toString(16)} is not mapped`);
    return { real: block.real + (at - base), length: block.bytes - (at - base) };
  }
}
