// Real memory by the page, with an account for each owner. First fit; a buddy allocator this is not.
// It hands out real addresses; mapping them is the callers' work.
import { OutOfMemoryError } from "./error.ts";

/** Who holds pages, as accounts name it. */
export type PageOwner = "kernel" | "page tables" | "slab" | "vmalloc" | "user" | "bpf image" | "module";

const OWNERS: readonly PageOwner[] = [
  "kernel",
  "page tables",
  "slab",
  "vmalloc",
  "user",
  "bpf image",
  "module",
];

/** Marks what is not RAM. */
const NOBODY = 0xff;

export interface PageAllocatorOptions {
  /** Bytes of a page, a power of two. */
  readonly pageBytes: number;
  /** Real addresses, page-aligned: the first that may be handed out, and the end. */
  readonly start: number;
  readonly end: number;
  /** Real addresses between them that are not RAM, page-aligned. */
  readonly holes?: readonly { readonly start: number; readonly end: number }[];
  /** Sets `length` bytes at a real address to 0. */
  readonly clear: (real: number, length: number) => void;
}

/** Hands out pages that are zeroed; memory that was never used is taken to be zero. */
export class PageAllocator {
  readonly pageBytes: number;
  readonly #options: PageAllocatorOptions;
  /** For each page 0 when free, else the owner's index + 1. */
  readonly #owner: Uint8Array;
  /** 1 where a page has been handed out before, so that it must be cleared. */
  readonly #used: Uint8Array;
  readonly #held = new Map<PageOwner, number>();
  /** Pages there are. */
  readonly total: number;
  /** No page below this index is free. */
  #hint = 0;

  constructor(options: PageAllocatorOptions) {
    this.#options = options;
    this.pageBytes = options.pageBytes;
    const count = Math.floor((options.end - options.start) / options.pageBytes);
    this.#owner = new Uint8Array(count);
    this.#used = new Uint8Array(count);
    for (const { start, end } of options.holes ?? [])
      this.#owner.fill(NOBODY, Math.max(0, this.#index(start)), Math.max(0, this.#index(end)));
    this.total = this.#owner.reduce((sum, owner) => sum + (owner === 0 ? 1 : 0), 0);
  }

  /** Pages that nobody holds. */
  get free(): number {
    return this.total - OWNERS.reduce((sum, owner) => sum + this.held(owner), 0);
  }

  /** Pages that an owner holds. */
  held(owner: PageOwner): number {
    return this.#held.get(owner) ?? 0;
  }

  /** Real address of one zeroed page, or undefined when none is left. */
  tryAllocate(owner: PageOwner): number | undefined {
    const page = this.#owner.indexOf(0, this.#hint);
    if (page < 0) {
      this.#hint = this.#owner.length;
      return undefined;
    }
    this.#hint = page + 1;
    return this.#take(page, 1, owner);
  }

  /**
   * Real address of `count` adjoining zeroed pages.
   * @param alignBytes alignment of the first, a power of two
   * @throws OutOfMemoryError
   */
  allocate(count: number, owner: PageOwner, alignBytes = this.pageBytes): number {
    const { start } = this.#options;
    const step = Math.max(1, alignBytes / this.pageBytes);
    const misaligned = (start / this.pageBytes) % step;
    let page = this.#hint;
    for (;;) {
      page += (step - ((page + misaligned) % step)) % step;
      if (page + count > this.#owner.length) break;
      const taken = this.#firstTaken(page, count);
      if (taken === undefined) return this.#take(page, count, owner);
      page = taken + 1;
    }
    throw new OutOfMemoryError(
      `no ${count} adjoining pages of ${this.pageBytes} bytes: ${this.free} of ${this.total} are free`,
    );
  }

  /**
   * Takes certain pages, zeroed: whether all of them were free, else nothing is taken.
   * @param real page-aligned; bytes are rounded up to pages
   * @linux mm/page_alloc.c alloc_contig_range
   */
  allocateRange(real: number, bytes: number, owner: PageOwner): boolean {
    const [page, count] = [this.#index(real), Math.ceil(bytes / this.pageBytes)];
    if (!(Number.isInteger(page) && page >= 0 && count > 0 && page + count <= this.#owner.length))
      return false;
    if (this.#firstTaken(page, count) !== undefined) return false;
    this.#take(page, count, owner);
    return true;
  }

  /** Gives pages back. Throws RangeError for pages that nobody holds: our bug. */
  release(real: number, count = 1): void {
    const first = this.#index(real);
    for (let page = first; page < first + count; page++) {
      const owner = OWNERS[(this.#owner[page] ?? 0) - 1];
      if (owner === undefined) throw new RangeError(`page at real 0x${real.toString(16)} is not held`);
      this.#owner[page] = 0;
      this.#held.set(owner, this.held(owner) - 1);
    }
    this.#hint = Math.min(this.#hint, first);
  }

  #index(real: number): number {
    return (real - this.#options.start) / this.pageBytes;
  }

  #firstTaken(page: number, count: number): number | undefined {
    for (let p = page + count - 1; p >= page; p--) if (this.#owner[p] !== 0) return p;
    return undefined;
  }

  #take(page: number, count: number, owner: PageOwner): number {
    const { start, clear } = this.#options;
    const mark = OWNERS.indexOf(owner) + 1;
    for (let p = page; p < page + count; p++) {
      if (this.#used[p] === 1) clear(start + p * this.pageBytes, this.pageBytes);
      this.#used[p] = 1;
      this.#owner[p] = mark;
    }
    this.#held.set(owner, this.held(owner) + count);
    return start + page * this.pageBytes;
  }
}
