// The kernel's own bpf_jit_image_alloc: anywhere in the vmalloc range.
import type { ImageAllocStrategy } from "./strategy.ts";
import { VmallocImages } from "./vmalloc-images.ts";

/** @linux kernel/bpf/core.c bpf_jit_alloc_exec */
export const moduleAllocStrategy: ImageAllocStrategy = Object.freeze({
  name: "module_alloc",
  summary: "where modules go: the whole vmalloc range",
  create: (kernel) => new VmallocImages(kernel, (bytes) => kernel.moduleAlloc(bytes, { owner: "bpf image" })),
} satisfies ImageAllocStrategy);
