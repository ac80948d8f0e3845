// vmalloc: areas of kernel addresses backed by single pages, an unmapped guard page behind each, as Linux does it.
// Which addresses: vmalloc/space.ts. Page tables are mm/'s work, pages the page allocator's.
import { fromHalves, type U64 } from "../word/long.ts";
import { KernelUsageError, OutOfMemoryError } from "./error.ts";
import type { MemoryManagement, Protection } from "./mm/mm.ts";
import type { PageAllocator, PageOwner } from "./page-alloc.ts";
import { vmallocInfo, type InfoContext } from "./vmalloc/info.ts";
import { VmapSpace } from "./vmalloc/space.ts";

/** An area; addresses count pages of the layout from effective address 0, which a number holds exactly. */
interface Area {
  readonly start: number;
  /** Behind the guard page. */
  readonly end: number;
  /** Pages of the guard: 0 or 1. */
  readonly guard: number;
  /** Real addresses of what is mapped from the start on, as vm_struct has them: page tables are within a guest's reach. */
  reals: readonly number[];
  /** Whose account the pages are on; undefined where they are the caller's own. */
  readonly owner: PageOwner | undefined;
  readonly caller: string | U64 | undefined;
}

/** An area as others see it. */
export interface VmArea {
  readonly address: U64;
  /** Without the guard page. */
  readonly bytes: number;
  readonly guardBytes: number;
  /** "vmap" where the pages are the caller's own. @linux include/linux/vmalloc.h VM_ALLOC, VM_MAP */
  readonly kind: "vmalloc" | "vmap";
  /** Real addresses of its pages. */
  readonly pages: readonly number[];
  /** Who asked for it: a name, or an address in kernel text. */
  readonly caller: string | U64 | undefined;
}

export interface VmallocRequest {
  /** Bytes, rounded up to pages. */
  readonly size: number;
  /** Bytes, a power of two; a page unless told. */
  readonly align?: number;
  /** The range that area and guard page have to lie in. */
  readonly start: U64;
  readonly end: U64;
  /** Never both writable and executable. Default: what the kernel's data has. */
  readonly protection?: Protection;
  /** For /proc/vmallocinfo: a name, or an address in kernel text. */
  readonly caller?: string | U64;
  /** No guard page. @linux include/linux/vmalloc.h VM_NO_GUARD */
  readonly noGuard?: boolean;
  /**
   * Real addresses of pages to map in place of fresh ones, from the area's start on; they stay the caller's. Fewer than `size` holds leave
   * the rest unmapped. @linux mm/vmalloc.c vmap, get_vm_area
   */
  readonly pages?: readonly number[];
  /** Whose account fresh pages go on; default "vmalloc". */
  readonly owner?: PageOwner;
  /** NUMA node that fresh pages should come from. */
  readonly node?: number;
}

export interface VmallocOptions {
  /** log2 of the page size. */
  readonly pageShift: number;
  /** Of areas that ask for none. */
  readonly protection: Protection;
  /** What /proc/vmallocinfo needs to know besides the areas. */
  readonly info: InfoContext;
}

/** @linux mm/vmalloc.c lazy_max_pages, with one processor */
const LAZY_BYTES = 32 * 2 ** 20;

export class Vmalloc {
  readonly #mm: MemoryManagement;
  readonly #pages: PageAllocator;
  readonly #options: VmallocOptions;
  readonly #pageBytes: number;
  readonly #space: VmapSpace<Area>;

  constructor(mm: MemoryManagement, pages: PageAllocator, options: VmallocOptions) {
    this.#mm = mm;
    this.#pages = pages;
    this.#options = options;
    this.#pageBytes = 2 ** options.pageShift;
    const all = { start: 1, end: 2 ** (64 - options.pageShift) };
    this.#space = new VmapSpace(all, LAZY_BYTES / this.#pageBytes);
  }

  /**
   * Maps fresh zeroed pages, or given ones, at the lowest free place of a range.
   * @returns the address; undefined where address space or memory lacks (ENOMEM), no page and no area is held then
   * @throws KernelUsageError for memory that would be writable and executable
   * @linux mm/vmalloc.c __vmalloc_node_range, vmap
   */
  allocate(request: VmallocRequest): U64 | undefined {
    const { size, align = 1, pages, noGuard = false, protection = this.#options.protection } = request;
    checkWx(protection);
    const count = Math.ceil(size / this.#pageBytes);
    const firstPage = this.#page(request.start) + (request.start.low % this.#pageBytes === 0 ? 0 : 1);
    if (!(count > 0) || (pages === undefined ? count > this.#pages.total : count < pages.length))
      return undefined;
    const guard = noGuard ? 0 : 1;
    const start = this.#space.find({
      count: count + guard,
      step: Math.max(1, align / this.#pageBytes),
      start: firstPage,
      end: this.#page(request.end),
    });
    if (start === undefined) return undefined;
    const owner = pages === undefined ? (request.owner ?? "vmalloc") : undefined;
    const area = {
      start,
      end: start + count + guard,
      guard,
      reals: pages ?? [],
      owner,
      caller: request.caller,
    };
    this.#space.take(area);
    if (pages === undefined && !this.#populate(area, count, request.node)) return undefined;
    if (this.#map(area, protection)) return this.#address(start);
    this.#release(area);
    return undefined;
  }

  /**
   * Gives back an area by its address; whether there was one. Its pages are free at once, its addresses are used again after a purge.
   * DIVERGES: every later access faults; Linux flushes the TLB at the purge, and stale entries may serve until then.
   * @linux mm/vmalloc.c vfree, vunmap
   */
  free(address: U64): boolean {
    const area = this.#space.holding(this.#page(address));
    if (area === undefined || !this.#address(area.start).eq(address)) return false;
    this.#release(area);
    return true;
  }

  /** Lets the addresses of areas that have been freed be used again. @linux mm/vmalloc.c vm_unmap_aliases */
  purge(): void {
    this.#space.purge();
  }

  /** The area that an address lies in; the guard page is not part of it. */
  find(address: U64): VmArea | undefined {
    const page = this.#page(address);
    const area = this.#space.holding(page);
    return area === undefined || page >= area.end - area.guard ? undefined : this.#seen(area);
  }

  /** All areas, ascending. */
  get areas(): readonly VmArea[] {
    return Array.from(this.#space.busy, (area) => this.#seen(area));
  }

  /** Areas that were freed and whose addresses are not to be used again yet, ascending. */
  get lazilyFreed(): readonly VmArea[] {
    return this.#space.lazy.map((area) => this.#seen(area));
  }

  /**
   * The text of /proc/vmallocinfo.
   * @param pointers how %pK prints addresses: as a capable reader sees them with kernel.kptr_restrict=1, as everybody with 0, or with 2
   */
  info(pointers: "plain" | "hashed" | "zeroed" = "plain"): string {
    return vmallocInfo(this.areas, this.lazilyFreed, this.#options.info, pointers);
  }

  /**
   * Changes the protection of whole pages; false (and nothing changed) where one is not mapped or not all are one area's.
   * @throws KernelUsageError for memory that would be writable and executable
   */
  protect(address: U64, bytes: number, protection: Protection): boolean {
    checkWx(protection);
    const first = this.#page(address);
    const count = Math.ceil(bytes / this.#pageBytes);
    const area = this.#space.holding(first);
    if (area === undefined || !(first + count <= area.start + area.reals.length)) return false;
    for (let page = first; page < first + count; page++) this.#mm.protect(this.#address(page), protection);
    return true;
  }

  /** Fresh pages for an area; without enough of them the area is given back. @linux mm/vmalloc.c vm_area_alloc_pages */
  #populate(area: Area, count: number, node: number | undefined): boolean {
    const { owner = "vmalloc" } = area;
    const reals: number[] = [];
    area.reals = reals;
    // Nothing can be reclaimed: what is not free now will not be.
    while (count <= this.#pages.free + reals.length && reals.length < count) {
      const real = this.#pages.allocateOrder(0, owner, node === undefined ? {} : { node });
      if (real === undefined) break;
      reals.push(real);
    }
    if (reals.length === count) return true;
    this.#release(area);
    return false;
  }

  /** A page table may want memory too: false where there is none. @linux mm/vmalloc.c vmap_pages_range */
  #map(area: Area, protection: Protection): boolean {
    try {
      return area.reals.every((real, i) => this.#mm.map(this.#address(area.start + i), real, protection));
    } catch (error) {
      if (error instanceof OutOfMemoryError) return false;
      throw error;
    }
  }

  #release(area: Area): void {
    area.reals.forEach((real, i) => {
      this.#mm.unmap(this.#address(area.start + i));
      if (area.owner !== undefined) this.#pages.release(real);
    });
    this.#space.release(area);
  }

  #seen(area: Area): VmArea {
    const { start, end, guard, reals, owner, caller } = area;
    return {
      address: this.#address(start),
      bytes: (end - guard - start) * this.#pageBytes,
      guardBytes: guard * this.#pageBytes,
      kind: owner === undefined ? "vmap" : "vmalloc",
      pages: reals,
      caller,
    };
  }

  #page(address: U64): number {
    return address.shru(this.#options.pageShift).toNumber();
  }

  #address(page: number): U64 {
    const high = Math.floor(page / 2 ** (32 - this.#options.pageShift));
    return fromHalves(high | 0, ((page * this.#pageBytes) % 2 ** 32) | 0);
  }
}

/** W^X: no mapping of vmalloc's is both. */
function checkWx({ write, execute }: Protection): void {
  if (write && execute)
    throw new KernelUsageError("W^X: memory that is both writable and executable was asked for");
}
