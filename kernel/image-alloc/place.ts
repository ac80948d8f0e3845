// Where in the linear region images may lie, and which RAM stands behind: given out in granules, the smallest pieces that the MMU
// maps apart there. Nothing is mapped here; how images share a granule is page-images.ts's and block-images.ts's.
import type { U64 } from "../../word/long.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { linear } from "../layout/image.ts";
import { PAGE_KERNEL } from "../mm/mm.ts";
import type { ImageUsage, MovedRam } from "./strategy.ts";

/** Adjoining granules of addresses, and the RAM of each. */
export interface Stretch {
  readonly ea: U64;
  /** Real address of each granule, in the order of the addresses. */
  readonly reals: readonly number[];
  /** Bytes from `ea` on that images may use; the rest is there for the granule's sake. */
  readonly usableBytes: number;
}

export interface Place {
  readonly granuleBytes: number;
  /** Adjoining granules that hold so many bytes; undefined where there are none, nothing is held then. The RAM holds anything. */
  take(bytes: number): Stretch | undefined;
  give(stretch: Stretch): void;
  readonly usage: ImageUsage;
  /** As an allocator has them. */
  readonly areaBytes?: number | undefined;
  readonly moved?: MovedRam | undefined;
}

/** Pages at their own place in the linear map: effective and real addresses adjoin alike. */
export class LinearPlace implements Place {
  readonly granuleBytes: number;
  readonly #kernel: Kernel;
  #held = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.granuleBytes = kernel.mm.linearGranuleBytes;
  }

  get usage(): ImageUsage {
    const bytes = this.#held * this.granuleBytes;
    return { ramBytes: bytes, vaBytes: bytes };
  }

  take(bytes: number): Stretch | undefined {
    const count = Math.ceil(bytes / this.granuleBytes);
    const real = adjoiningPages(this.#kernel, count * this.granuleBytes, this.granuleBytes);
    if (real === undefined) return undefined;
    const stretch = linearStretch(real, count, this.granuleBytes);
    if (!takeOut(this.#kernel, real, real + count * this.granuleBytes)) {
      this.#release(stretch);
      return undefined;
    }
    this.#held += count;
    return stretch;
  }

  give(stretch: Stretch): void {
    putBack(this.#kernel, stretch, this.granuleBytes);
    this.#release(stretch);
    this.#held -= stretch.reals.length;
  }

  #release({ reals }: Stretch): void {
    const { pages } = this.#kernel;
    for (const real of reals) pages.release(real, this.granuleBytes / pages.pageBytes);
  }
}

/** Takes RAM out of the linear map, all of it or nothing; false where memory for page tables lacks. */
export function takeOut({ mm }: Kernel, from: number, to: number): boolean {
  try {
    mm.unmapLinear(from, to);
    return true;
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    return false;
  }
}

/** Maps a 1:1 stretch into the linear map again. */
function putBack({ mm }: Kernel, { reals }: Stretch, granuleBytes: number): void {
  for (const real of reals) mm.mapLinear(real, real + granuleBytes, PAGE_KERNEL);
}

/** Granules of RAM at their linear addresses. */
export function linearStretch(real: number, count: number, granuleBytes: number): Stretch {
  const reals = Array.from({ length: count }, (_, i) => real + i * granuleBytes);
  return { ea: linear(real), reals, usableBytes: count * granuleBytes };
}

/** Real address of adjoining pages of RAM, for images; undefined where there are none. */
export function adjoiningPages({ pages }: Kernel, bytes: number, alignBytes: number): number | undefined {
  try {
    return pages.allocate(bytes / pages.pageBytes, "bpf image", alignBytes);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return undefined;
    throw error;
  }
}
