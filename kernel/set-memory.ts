// What Linux's set_memory_rox says of an address: it changes Linux page tables, which the linear map has not on hash, nor on radix
// below its large pages. Nothing is changed here; Kernel.setMemoryRox does it for vmalloc.
import type { U64 } from "../word/long.ts";
import type { Kernel } from "./kernel.ts";
import { regionOf } from "./layout/layout.ts";

/**
 * @returns why it would fail; 4.15 has no set_memory functions on powerpc, they are 6.12's here
 * @linux arch/powerpc/mm/pageattr.c change_memory_attr
 */
export function setMemoryError(kernel: Kernel, ea: U64): "EINVAL" | undefined {
  const region = regionOf(kernel.layout, ea)?.name;
  if (kernel.layout.mmu === "hash") return region === "vmalloc" || region === "IO" ? undefined : "EINVAL";
  // A base page in the tree: apply_to_existing_page_range refuses leaves above.
  return kernel.mm.realAddress(ea) === undefined ? "EINVAL" : undefined;
}
