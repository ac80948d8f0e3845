// Which kernel addresses are taken: areas in use, free stretches, and areas that are freed but not yet to be used again.
// Pages and page tables behind them are vmalloc.ts's.
import { RangeTree, type FitRequest, type PageRange } from "./range-tree.ts";

/** Addresses in pages. Areas are first fit; freed ones are reserved until many of them have come together. */
export class VmapSpace<T extends PageRange> {
  readonly #free = new RangeTree<PageRange>();
  readonly #busy = new RangeTree<T>();
  readonly #lazyMost: number;
  #lazy: T[] = [];
  #lazyPages = 0;

  /**
   * @param space all that there is
   * @param lazyMost pages of freed areas that are kept back before they are purged. @linux mm/vmalloc.c lazy_max_pages
   */
  constructor(space: PageRange, lazyMost: number) {
    this.#free.insert(space);
    this.#lazyMost = lazyMost;
  }

  /** Areas in use, ascending. */
  get busy(): Iterable<T> {
    return this.#busy;
  }

  /** Freed areas that have not been purged, ascending. */
  get lazy(): readonly T[] {
    return this.#lazy.toSorted((a, b) => a.start - b.start);
  }

  /** The area in use that a page lies in. */
  holding(page: number): T | undefined {
    return this.#busy.holding(page);
  }

  /**
   * The lowest place, after a purge where there is none; undefined where there is none then. It is free until `take`.
   * @linux mm/vmalloc.c alloc_vmap_area
   */
  find(request: FitRequest): number | undefined {
    const page = this.#free.firstFit(request);
    if (page !== undefined || this.#lazy.length === 0) return page;
    this.purge();
    return this.#free.firstFit(request);
  }

  /** Takes free pages for an area. Throws RangeError where they are not free: our bug. */
  take(area: T): void {
    const around = this.#free.holding(area.start);
    if (around === undefined || area.end > around.end) throw new RangeError(`page ${area.start} is not free`);
    const before = { start: around.start, end: area.start };
    const after = { start: area.end, end: around.end };
    if (before.start < before.end) {
      this.#free.replace(around.start, before);
      if (after.start < after.end) this.#free.insert(after);
    } else if (after.start < after.end) this.#free.replace(around.start, after);
    else this.#free.remove(around.start);
    this.#busy.insert(area);
  }

  /** Frees an area; its addresses are not used again before the next purge. @linux mm/vmalloc.c free_vmap_area_noflush */
  release(area: T): void {
    this.#busy.remove(area.start);
    this.#lazy.push(area);
    this.#lazyPages += area.end - area.start;
    if (this.#lazyPages > this.#lazyMost) this.purge();
  }

  /** Makes the addresses of freed areas free. @linux mm/vmalloc.c __purge_vmap_area_lazy */
  purge(): void {
    for (const { start, end } of this.#lazy) this.#giveBack(start, end);
    this.#lazy = [];
    this.#lazyPages = 0;
  }

  /** @linux mm/vmalloc.c merge_or_add_vmap_area_augment */
  #giveBack(start: number, end: number): void {
    const before = this.#free.floor(start);
    const after = this.#free.floor(end);
    const joined = { start, end };
    if (after?.start === end) {
      joined.end = after.end;
      this.#free.remove(after.start);
    }
    if (before?.end === start) {
      joined.start = before.start;
      this.#free.replace(before.start, joined);
    } else this.#free.insert(joined);
  }
}
