// As near to kernel text as RAM can be: the stretch behind the kernel's image from where one `bl` reaches the helpers, set aside
// when the kernel boots. It is at its linear address; what it costs is that nobody else can have it.
import type { Kernel } from "../kernel.ts";
import { IMAGE, linear } from "../layout/image.ts";
import { linearOffset } from "../mm/linear-map.ts";
import { FirstFit } from "./first-fit.ts";
import { imagesAt } from "./linear-images.ts";
import { linearStretch, takeOut, type Place, type Stretch } from "./place.ts";
import {
  ImageAllocError,
  type ImageAllocator,
  type ImageAllocStrategy,
  type ImageUsage,
} from "./strategy.ts";

const NAME = "near-text";
/** How far back a `bl` goes: LI is a signed field of 24 bits that counts words [Power ISA v3.1B I 2.4]. */
export const BL_REACH = 2 ** 25;

/** A stretch that was set aside; granules that are pages are given out with an unmapped page behind. */
class FixedPlace implements Place {
  readonly granuleBytes: number;
  readonly areaBytes: number;
  readonly usage: ImageUsage;
  readonly #start: number;
  readonly #units: FirstFit;
  readonly #guard: number;

  /** @param end of what images may use; @param held the end of what is set aside, whole granules */
  constructor(kernel: Kernel, { start, end, held }: { start: number; end: number; held: number }) {
    this.granuleBytes = kernel.mm.linearGranuleBytes;
    this.areaBytes = end - start;
    this.usage = { ramBytes: held - start, vaBytes: held - start };
    this.#start = start;
    const isPage = this.granuleBytes === kernel.pages.pageBytes;
    this.#guard = isPage ? 1 : 0;
    this.#units = new FirstFit((held - start) / this.granuleBytes);
  }

  take(bytes: number): Stretch | undefined {
    if (bytes > this.areaBytes) return undefined;
    const count = Math.ceil(bytes / this.granuleBytes);
    const first = this.#units.take(count + this.#guard);
    if (first === undefined) return undefined;
    const offset = first * this.granuleBytes;
    const stretch = linearStretch(this.#start + offset, count, this.granuleBytes);
    return { ...stretch, usableBytes: Math.min(stretch.usableBytes, this.areaBytes - offset) };
  }

  give({ ea, reals }: Stretch): void {
    const first = (linearOffset(ea) - this.#start) / this.granuleBytes;
    this.#units.give(first, reals.length + this.#guard);
  }
}

export const nearTextStrategy: ImageAllocStrategy = Object.freeze({
  name: NAME,
  summary: "RAM behind the kernel's image, set aside, from where `bl` reaches the helpers",
  create: setAside,
} satisfies ImageAllocStrategy);

function setAside(kernel: Kernel): ImageAllocator {
  const { mm, pages, text } = kernel;
  const start = IMAGE.end;
  const reach = linearOffset(text.bpfCallBase) + BL_REACH;
  const end = reach - (reach % pages.pageBytes);
  const held = Math.ceil(end / mm.linearGranuleBytes) * mm.linearGranuleBytes;
  if (!pages.allocateRange(start, held - start, "bpf image")) {
    const bytes = held - start;
    throw new ImageAllocError(
      "EBUSY",
      `${NAME}: RAM at real 0x${start.toString(16)} is in use, ${bytes} bytes of it are wanted`,
    );
  }
  if (!takeOut(kernel, start, held)) {
    pages.release(start, (held - start) / pages.pageBytes);
    throw new ImageAllocError(
      "ENOMEM",
      `${NAME}: no memory for the page tables of ${linear(start).toString(16)}`,
    );
  }
  return imagesAt(kernel, new FixedPlace(kernel, { start, end, held }));
}
