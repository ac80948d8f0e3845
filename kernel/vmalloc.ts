// vmalloc: areas of kernel addresses backed by single pages, first fit, one unmapped guard page behind each, as Linux does it.
// Page tables are mm/'s work, pages the page allocator's.
import { fromHalves, type U64 } from "../word/long.ts";
import { OutOfMemoryError } from "./error.ts";
import type { MemoryManagement, Protection } from "./mm/mm.ts";
import type { PageAllocator } from "./page-alloc.ts";

/** An area; addresses count pages of the layout from effective address 0, which a number holds exactly. */
interface Area {
  readonly page: number;
  /** Mapped pages; the guard page comes behind them. */
  readonly count: number;
  /** Their real addresses, as vm_struct has them: page tables are within a guest's reach. */
  readonly reals: readonly number[];
}

/** An area as others see it. */
export interface VmArea {
  readonly address: U64;
  /** Without the guard page. */
  readonly bytes: number;
}

export interface VmallocRequest {
  /** Bytes, rounded up to pages. */
  readonly size: number;
  /** Bytes, a power of two; a page unless told. */
  readonly align?: number;
  /** The range that area and guard page have to lie in. */
  readonly start: U64;
  readonly end: U64;
  readonly protection?: Protection;
}

export class Vmalloc {
  readonly #mm: MemoryManagement;
  readonly #pages: PageAllocator;
  readonly #pageShift: number;
  readonly #default: Protection;
  /** Ascending. */
  readonly #areas: Area[] = [];

  constructor(
    mm: MemoryManagement,
    pages: PageAllocator,
    options: { readonly pageShift: number; readonly protection: Protection },
  ) {
    this.#mm = mm;
    this.#pages = pages;
    this.#pageShift = options.pageShift;
    this.#default = options.protection;
  }

  /**
   * Maps fresh zeroed pages at the lowest free place of a range.
   * @returns the address; undefined where address space or memory lacks, nothing is held then
   * @linux mm/vmalloc.c __vmalloc_node_range
   */
  allocate(request: VmallocRequest): U64 | undefined {
    const pageBytes = 2 ** this.#pageShift;
    const count = Math.ceil(request.size / pageBytes);
    if (!(count > 0) || count > this.#pages.free) return undefined;
    const place = this.#firstFit(request, count);
    if (place === undefined) return undefined;
    const reals: number[] = [];
    const area = { page: place.page, count, reals };
    while (reals.length < count) {
      const real = this.#mapPage(place.page + reals.length, request.protection ?? this.#default);
      if (real === undefined) {
        this.#unmapPages(area);
        return undefined;
      }
      reals.push(real);
    }
    this.#areas.splice(place.index, 0, area);
    return this.#address(place.page);
  }

  /** Gives back an area by its address; whether there was one. @linux mm/vmalloc.c vfree */
  free(address: U64): boolean {
    const index = this.#indexFrom(this.#page(address));
    const area = this.#areas[index];
    if (area === undefined || !this.#address(area.page).eq(address)) return false;
    this.#areas.splice(index, 1);
    this.#unmapPages(area);
    return true;
  }

  /** The area that an address lies in; the guard page is not part of it. */
  find(address: U64): VmArea | undefined {
    const page = this.#page(address);
    const area = this.#areas[this.#indexFrom(page)];
    if (area === undefined || page < area.page || page >= area.page + area.count) return undefined;
    return { address: this.#address(area.page), bytes: area.count * 2 ** this.#pageShift };
  }

  /** All areas, ascending. */
  get areas(): readonly VmArea[] {
    return this.#areas.map((area) => ({
      address: this.#address(area.page),
      bytes: area.count * 2 ** this.#pageShift,
    }));
  }

  /** Changes the protection of whole pages; false (and nothing changed) where one is not mapped. */
  protect(address: U64, bytes: number, protection: Protection): boolean {
    const area = this.find(address);
    if (area === undefined) return false;
    const first = this.#page(address);
    const count = Math.ceil(bytes / 2 ** this.#pageShift);
    if (first + count > this.#page(area.address) + area.bytes / 2 ** this.#pageShift) return false;
    for (let page = first; page < first + count; page++) this.#mm.protect(this.#address(page), protection);
    return true;
  }

  #firstFit(request: VmallocRequest, count: number): { page: number; index: number } | undefined {
    const step = Math.max(1, (request.align ?? 1) / 2 ** this.#pageShift);
    const roundUp = (page: number): number => Math.ceil(page / step) * step;
    const pageBytes = 2 ** this.#pageShift;
    const end = this.#page(request.end);
    let page = roundUp(this.#page(request.start.add(pageBytes - 1)));
    let index = this.#indexFrom(page);
    for (; ; index++) {
      const area = this.#areas[index];
      const limit = area === undefined ? end : Math.min(end, area.page);
      if (page + count + 1 <= limit) return { page, index };
      if (area === undefined || area.page >= end) return undefined;
      page = Math.max(page, roundUp(area.page + area.count + 1));
    }
  }

  /** Index of the first area that ends (with its guard page) above a page. */
  #indexFrom(page: number): number {
    let low = 0;
    let high = this.#areas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const area = this.#areas[middle];
      if (area !== undefined && area.page + area.count + 1 <= page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A page table may want memory too. */
  #mapPage(page: number, protection: Protection): number | undefined {
    const real = this.#pages.tryAllocate("vmalloc");
    if (real === undefined) return undefined;
    try {
      if (this.#mm.map(this.#address(page), real, protection)) return real;
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
    }
    this.#pages.release(real);
    return undefined;
  }

  #unmapPages(area: Area): void {
    area.reals.forEach((real, i) => {
      this.#mm.unmap(this.#address(area.page + i));
      this.#pages.release(real);
    });
  }

  #page(address: U64): number {
    return address.shru(this.#pageShift).toNumber();
  }

  #address(page: number): U64 {
    const high = Math.floor(page / 2 ** (32 - this.#pageShift));
    return fromHalves(high | 0, ((page * 2 ** this.#pageShift) % 2 ** 32) | 0);
  }
}
