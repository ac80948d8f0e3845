// How memory gets into a crash dump and is found in it again: pages by their numbers, kernel addresses by arithmetic.
// Writing a dump file is not modelled.
import type { U64 } from "../word/long.ts";
import type { MemoryFault } from "../bpf/memory.ts";
import type { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";
import { regionOf } from "./layout/layout.ts";
import { linearOffset } from "./mm/linear-map.ts";

/** One page, read where __va says it is. @linux arch/powerpc/kernel/crash_dump.c copy_oldmem_page */
export function copyOldmemPage(kernel: Kernel, pfn: number): Uint8Array | MemoryFault {
  const { pageBytes } = kernel.pages;
  return kernel.read(linear(pfn * pageBytes), pageBytes);
}

/**
 * The real address at which a reader of the dump looks for a kernel address: the program headers say that the linear map is 1:1,
 * vmalloc is found through the page tables. undefined where the dump has nothing of the kind.
 * @linux fs/proc/vmcore.c; include/linux/elfcore.h PT_LOAD
 */
export function realInDump(kernel: Kernel, ea: U64): number | undefined {
  if (regionOf(kernel.layout, ea)?.name !== "linear map") return kernel.mm.realAddress(ea);
  const real = linearOffset(ea);
  return kernel.cpu.ram.has(real, 1) ? real : undefined;
}
