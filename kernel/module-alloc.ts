// Memory for modules and JITed code: anywhere in the vmalloc range.
import type { U64 } from "../word/long.ts";
import { regionNamed, type Layout } from "./layout/layout.ts";
import type { Vmalloc, VmallocRequest } from "./vmalloc.ts";

/** Who asks: as /proc/vmallocinfo names it, and whose account the pages are on. */
export type ModuleAllocAccount = Pick<VmallocRequest, "caller" | "owner">;

/**
 * Writable, not executable memory of `size` bytes, rounded up to pages; undefined where there is none.
 * DIVERGES(4.15): there it is executable too, and images stay writable; later kernels keep these apart.
 * @linux arch/powerpc/kernel/module.c module_alloc; 6.12: mm/execmem.c execmem_alloc
 */
export function moduleAlloc(
  vmalloc: Vmalloc,
  layout: Layout,
  size: number,
  account: ModuleAllocAccount = {},
): U64 | undefined {
  const { start, end } = regionNamed(layout, "vmalloc");
  return vmalloc.allocate({ caller: "module_alloc", ...account, size, start, end });
}
