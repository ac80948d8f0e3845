// A hole in the linear map near the kernel: the RAM that was there is mapped elsewhere in 0xc, images are where it was. What takes
// that RAM to be at its linear address finds images there, so it is kept back from the page allocator; docs say what would break.
import { u64 } from "../../word/long.ts";
import { KernelUsageError, OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { IMAGE, linear } from "../layout/image.ts";
import { PAGE_KERNEL } from "../mm/mm.ts";
import { ramEnd } from "../ram-map.ts";
import { imagesAt } from "./linear-images.ts";
import { takeOut } from "./place.ts";
import { AllocatedBacking, RangePlace, type Backing } from "./range-place.ts";
import { ImageAllocError, type ImageAllocator, type ImageAllocStrategy, type MovedRam } from "./strategy.ts";

const NAME = "linear-hole";
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const DEFAULT_BYTES = 16 * MIB;
/** Sizes are multiples of the largest granule there is. */
const STEP = 16 * MIB;
/** The hole lies within 4 GiB of the kernel, as was proposed. */
const MOST_BYTES = 4096 * MIB - IMAGE.end;

export const linearHoleStrategy: ImageAllocStrategy = Object.freeze({
  name: NAME,
  argument: "SIZE",
  summary: "where RAM near the kernel was, which is mapped elsewhere in 0xc",
  create: (kernel, argument) => makeHole(kernel, argument === undefined ? DEFAULT_BYTES : size(argument)),
} satisfies ImageAllocStrategy);

/** `16M`, `1G`. */
function size(text: string): number {
  const [, digits, unit] = /^(\d{1,5})([MG])$/i.exec(text) ?? [];
  const bytes = Number(digits) * (unit?.toUpperCase() === "G" ? GIB : MIB);
  if (bytes > 0 && bytes % STEP === 0 && bytes <= MOST_BYTES) return bytes;
  throw new KernelUsageError(
    `${NAME}: '${text}' is no size in steps of 16M up to ${Math.floor(MOST_BYTES / STEP) * 16}M`,
  );
}

/** Moves the RAM behind the kernel's image to behind the end of RAM. */
function makeHole(kernel: Kernel, bytes: number): ImageAllocator {
  const { mm, pages } = kernel;
  const real = IMAGE.end;
  if (!pages.allocateRange(real, bytes, "bpf image")) {
    throw new ImageAllocError(
      "EBUSY",
      `${NAME}: not all of ${bytes} bytes of RAM at real 0x${real.toString(16)} are free`,
    );
  }
  const granuleBytes = mm.linearGranuleBytes;
  const moved = { real, bytes, ea: linear(Math.ceil(ramEnd(kernel.ramMap) / STEP) * STEP) };
  if (!mapMoved(kernel, moved) || !takeOut(kernel, real, real + bytes)) {
    unmapMoved(kernel, moved);
    pages.release(real, bytes / pages.pageBytes);
    throw new ImageAllocError("ENOMEM", `${NAME}: no memory for page tables`);
  }
  const range = { start: linear(real), end: linear(real + bytes), granuleBytes };
  return imagesAt(kernel, new RangePlace(kernel, range, new MovedBacking(kernel, moved), moved));
}

/** The moved RAM itself where images take single pages, its last page first; else blocks of other RAM, as a block would stay where it was. */
class MovedBacking implements Backing {
  readonly #moved: MovedRam;
  readonly #granuleBytes: number;
  readonly #blocks: AllocatedBacking | undefined;
  /** Real addresses that were given back; the last is taken first. */
  readonly #free: number[] = [];

  constructor(kernel: Kernel, moved: MovedRam) {
    this.#moved = moved;
    this.#granuleBytes = kernel.mm.linearGranuleBytes;
    if (this.#granuleBytes !== kernel.pages.pageBytes) {
      this.#blocks = new AllocatedBacking(kernel, this.#granuleBytes);
      return;
    }
    const { real, bytes } = moved;
    for (let page = real; page < real + bytes; page += this.#granuleBytes) this.#free.push(page);
  }

  get ramBytes(): number {
    return this.#moved.bytes + (this.#blocks?.ramBytes ?? 0);
  }

  take(): number | undefined {
    return this.#blocks === undefined ? this.#free.pop() : this.#blocks.take();
  }

  give(real: number): void {
    if (this.#blocks === undefined) this.#free.push(real);
    else this.#blocks.give(real);
  }
}

/** False where memory for page tables lacks; some of it may be mapped then. */
function mapMoved({ mm }: Kernel, { real, bytes, ea }: MovedRam): boolean {
  try {
    for (let at = 0; at < bytes; at += mm.linearGranuleBytes) {
      if (!mm.mapIrregular(ea.add(u64(at)), real + at, PAGE_KERNEL))
        throw new Error("something is mapped behind RAM");
    }
    return true;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return false;
    throw error;
  }
}

function unmapMoved({ mm }: Kernel, { bytes, ea }: MovedRam): void {
  for (let at = 0; at < bytes; at += mm.linearGranuleBytes) mm.unmapIrregular(ea.add(u64(at)));
}
