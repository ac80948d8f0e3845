// A user's own bpf_jit_image_alloc: pages wherever the function finds them; those of vmalloc areas can be locked and freed.
import type { U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import { VmallocImages } from "./vmalloc-images.ts";

/** @param imageAlloc pages for an image of so many bytes, writable; undefined where there are none */
export function overridden(
  kernel: Kernel,
  imageAlloc: (kernel: Kernel, size: number) => U64 | undefined,
): VmallocImages {
  return new VmallocImages(kernel, (bytes) => imageAlloc(kernel, bytes));
}
