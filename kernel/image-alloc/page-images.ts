// Images in the linear region where the MMU maps single pages: each image has pages of its own, writable until it is locked.
// Where they lie and which RAM they have: a place's choice.
import { hex64, type U64 } from "../../word/long.ts";
import type { MemoryFault } from "../../bpf/memory.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX } from "../mm/mm.ts";
import type { Place, Stretch } from "./place.ts";
import type { ImageAllocator, ImageUsage, MovedRam } from "./strategy.ts";

interface Image {
  readonly stretch: Stretch;
  isLocked: boolean;
}

export class PageImages implements ImageAllocator {
  readonly granuleBytes: number;
  readonly #kernel: Kernel;
  readonly #place: Place;
  /** By address, and by the addresses of their pages. */
  readonly #images = new Map<string, Image>();

  constructor(kernel: Kernel, place: Place) {
    this.#kernel = kernel;
    this.#place = place;
    this.granuleBytes = place.granuleBytes;
  }

  get usage(): ImageUsage {
    return this.#place.usage;
  }

  get areaBytes(): number | undefined {
    return this.#place.areaBytes;
  }

  get moved(): MovedRam | undefined {
    return this.#place.moved;
  }

  allocate(bytes: number): U64 | undefined {
    const stretch = bytes > 0 ? this.#place.take(bytes) : undefined;
    if (stretch === undefined) return undefined;
    if (!this.#map(stretch)) {
      this.#unmap(stretch);
      this.#place.give(stretch);
      return undefined;
    }
    const image = { stretch, isLocked: false };
    for (const page of this.#pages(stretch)) this.#images.set(hex64(page), image);
    return stretch.ea;
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    const { memory, textPoke } = this.#kernel;
    const isLocked = this.#imageAt(address)?.isLocked === true;
    return isLocked ? textPoke.write(address, data) : memory.write(address, data);
  }

  lock(address: U64): boolean {
    const image = this.#imageAt(address);
    if (image === undefined) return false;
    for (const page of this.#pages(image.stretch)) this.#kernel.mm.protectIrregular(page, PAGE_KERNEL_ROX);
    image.isLocked = true;
    return true;
  }

  free(address: U64): boolean {
    const image = this.#images.get(hex64(address));
    if (image === undefined || !image.stretch.ea.eq(address)) return false;
    for (const page of this.#pages(image.stretch)) this.#images.delete(hex64(page));
    this.#unmap(image.stretch);
    this.#place.give(image.stretch);
    return true;
  }

  /** False where memory for page tables lacks, or a guest has spoilt them; some pages may be mapped then. */
  #map(stretch: Stretch): boolean {
    const { mm } = this.#kernel;
    try {
      return stretch.reals.every((real, i) =>
        mm.mapIrregular(stretch.ea.add(i * this.granuleBytes), real, PAGE_KERNEL),
      );
    } catch (error) {
      if (error instanceof OutOfMemoryError) return false;
      throw error;
    }
  }

  #unmap(stretch: Stretch): void {
    for (const page of this.#pages(stretch)) this.#kernel.mm.unmapIrregular(page);
  }

  #pages({ ea, reals }: Stretch): readonly U64[] {
    return reals.map((_, i) => ea.add(i * this.granuleBytes));
  }

  #imageAt(address: U64): Image | undefined {
    return this.#images.get(hex64(address.sub(address.low & (this.granuleBytes - 1))));
  }
}
