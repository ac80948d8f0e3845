// kmalloc: memory of the linear map in power-of-two sizes, naturally aligned, zeroed. Larger than half a page: whole pages.
// Real addresses here; the callers add PAGE_OFFSET.
import { OutOfMemoryError } from "./error.ts";
import type { PageAllocator, PageOwner } from "./page-alloc.ts";

const SMALLEST = 8;

/** A page of objects of one size. */
interface Slab {
  readonly real: number;
  readonly size: number;
  /** Real addresses, the next to be handed out last. */
  readonly free: number[];
}

/** What is held now. */
export interface KmallocUsage {
  readonly objects: number;
  /** Of the objects as rounded up; pages that slabs have in stock are not counted. */
  readonly bytes: number;
}

/** Slabs of one size, and blocks of pages. */
export class Kmalloc {
  readonly #pages: PageAllocator;
  readonly #owner: PageOwner;
  readonly #clear: (real: number, length: number) => void;
  /** By the page's real address. */
  readonly #slabs = new Map<number, Slab>();
  /** Slabs that have free objects, by size. */
  readonly #partial = new Map<number, Set<Slab>>();
  /** Size of what was handed out, by real address. */
  readonly #sizes = new Map<number, number>();
  #bytes = 0;

  constructor(pages: PageAllocator, owner: PageOwner, clear: (real: number, length: number) => void) {
    this.#pages = pages;
    this.#owner = owner;
    this.#clear = clear;
  }

  get usage(): KmallocUsage {
    return { objects: this.#sizes.size, bytes: this.#bytes };
  }

  /**
   * Real address of zeroed memory.
   * @param alignment bytes, a power of two; natural alignment of the rounded size is given in any case
   * @throws OutOfMemoryError
   */
  allocate(bytes: number, alignment = SMALLEST): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new OutOfMemoryError(`kmalloc of ${bytes} bytes`);
    const { pageBytes, maxOrder } = this.#pages;
    const rounded = powerOfTwoFrom(Math.max(bytes, alignment, SMALLEST));
    if (rounded > pageBytes * 2 ** maxOrder)
      throw new OutOfMemoryError(`kmalloc of ${bytes} bytes: more than the largest block of pages`);
    const isLarge = rounded > pageBytes / 2;
    const size = isLarge ? Math.max(1, Math.ceil(bytes / pageBytes)) * pageBytes : rounded;
    const real = isLarge
      ? this.#pages.allocate(size / pageBytes, this.#owner, Math.max(alignment, pageBytes))
      : this.#object(size);
    this.#sizes.set(real, size);
    this.#bytes += size;
    return real;
  }

  /** Gives back what `allocate` returned; throws RangeError for anything else: our bug. */
  free(real: number): void {
    const size = this.#sizes.get(real);
    if (size === undefined) throw new RangeError(`kfree of real 0x${real.toString(16)}: not allocated`);
    this.#sizes.delete(real);
    this.#bytes -= size;
    const { pageBytes } = this.#pages;
    const slab = this.#slabs.get(real - (real % pageBytes));
    if (slab === undefined) {
      this.#pages.release(real, size / pageBytes);
      return;
    }
    slab.free.push(real);
    if (slab.free.length === pageBytes / size) {
      this.#partial.get(size)?.delete(slab);
      this.#slabs.delete(slab.real);
      this.#pages.release(slab.real);
      return;
    }
    this.#clear(real, size);
    this.#partialSlabs(size).add(slab);
  }

  #object(size: number): number {
    const partial = this.#partialSlabs(size);
    const [slab = this.#newSlab(size)] = partial;
    const real = slab.free.pop();
    if (real === undefined) throw new RangeError(`a slab of ${size} bytes has no object left`);
    if (slab.free.length === 0) partial.delete(slab);
    else partial.add(slab);
    return real;
  }

  #newSlab(size: number): Slab {
    const { pageBytes } = this.#pages;
    const real = this.#pages.allocate(1, this.#owner);
    const free: number[] = [];
    for (let offset = pageBytes - size; offset >= 0; offset -= size) free.push(real + offset);
    const slab = { real, size, free };
    this.#slabs.set(real, slab);
    return slab;
  }

  #partialSlabs(size: number): Set<Slab> {
    const slabs = this.#partial.get(size) ?? new Set();
    this.#partial.set(size, slabs);
    return slabs;
  }
}

function powerOfTwoFrom(n: number): number {
  let size = 1;
  while (size < n) size *= 2;
  return size;
}
