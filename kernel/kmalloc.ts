// kmalloc: memory of the linear map in power-of-two sizes, naturally aligned, zeroed. Larger than half a page: whole pages.
// Real addresses here; the callers add PAGE_OFFSET.
import { OutOfMemoryError } from "./error.ts";
import type { PageAllocator, PageOwner } from "./page-alloc.ts";

const SMALLEST = 8;

/** Slabs of one size, and blocks of pages. */
export class Kmalloc {
  readonly #pages: PageAllocator;
  readonly #owner: PageOwner;
  readonly #clear: (real: number, length: number) => void;
  /** Free objects by size. */
  readonly #free = new Map<number, number[]>();
  /** Size of what was handed out, by real address. */
  readonly #sizes = new Map<number, number>();

  constructor(pages: PageAllocator, owner: PageOwner, clear: (real: number, length: number) => void) {
    this.#pages = pages;
    this.#owner = owner;
    this.#clear = clear;
  }

  /**
   * Real address of zeroed memory.
   * @param alignment bytes, a power of two; natural alignment of the rounded size is given in any case
   * @throws OutOfMemoryError
   */
  allocate(bytes: number, alignment = SMALLEST): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new OutOfMemoryError(`kmalloc of ${bytes} bytes`);
    const size = powerOfTwoFrom(Math.max(bytes, alignment, SMALLEST));
    const { pageBytes } = this.#pages;
    if (size > pageBytes / 2) {
      const count = Math.ceil(bytes / pageBytes);
      const real = this.#pages.allocate(Math.max(count, 1), this.#owner, Math.max(alignment, pageBytes));
      this.#sizes.set(real, Math.max(count, 1) * pageBytes);
      return real;
    }
    const real = this.#free.get(size)?.pop() ?? this.#fromNewSlab(size);
    this.#sizes.set(real, size);
    return real;
  }

  /** Gives back what `allocate` returned; throws RangeError for anything else: our bug. */
  free(real: number): void {
    const size = this.#sizes.get(real);
    if (size === undefined) throw new RangeError(`kfree of real 0x${real.toString(16)}: not allocated`);
    this.#sizes.delete(real);
    const { pageBytes } = this.#pages;
    if (size > pageBytes / 2) {
      this.#pages.release(real, size / pageBytes);
      return;
    }
    this.#clear(real, size);
    this.#freeList(size).push(real);
  }

  #fromNewSlab(size: number): number {
    const { pageBytes } = this.#pages;
    const slab = this.#pages.allocate(1, this.#owner);
    const list = this.#freeList(size);
    for (let offset = pageBytes - size; offset > 0; offset -= size) list.push(slab + offset);
    return slab;
  }

  #freeList(size: number): number[] {
    const list = this.#free.get(size) ?? [];
    this.#free.set(size, list);
    return list;
  }
}

function powerOfTwoFrom(n: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return size;
}
