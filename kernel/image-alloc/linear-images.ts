// Images in the linear region: by the page where the MMU maps pages there, else in blocks. Both have the same interface.
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { BlockImages } from "./block-images.ts";
import { PageImages } from "./page-images.ts";
import type { Place } from "./place.ts";
import { ImageAllocError, type ImageAllocator } from "./strategy.ts";

/** The allocator for a place. @throws ImageAllocError ENOMEM where there is no memory for a text poke area */
export function imagesAt(kernel: Kernel, place: Place): ImageAllocator {
  if (place.granuleBytes === kernel.pages.pageBytes) return new PageImages(kernel, place);
  try {
    return new BlockImages(kernel, place);
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    throw new ImageAllocError("ENOMEM", error.message);
  }
}
