// A device that reads what the kernel has mapped for it, as a network card reads a packet. No IOMMU tables: what would stand in
// them is what the device gets, the real address that the kernel computed.
import type { U64 } from "../word/long.ts";
import { computedReal } from "./address.ts";
import type { Kernel } from "./kernel.ts";
import { regionOf } from "./layout/layout.ts";

/**
 * The real address that is given to a device for a kernel address: that of the struct page that __pa leads to.
 * @returns undefined where Linux refuses the address: since 5.5 where it is vmalloc's
 * @linux include/linux/dma-mapping.h dma_map_single_attrs
 */
export function dmaMapSingle({ layout }: Kernel, ea: U64): number | undefined {
  const refuses = layout.version.name !== "4.15" && regionOf(layout, ea)?.name === "vmalloc";
  return refuses ? undefined : computedReal(ea);
}

/** What the device reads at a real address; undefined where there is no RAM. */
export function deviceRead({ cpu }: Kernel, real: number, bytes: number): Uint8Array | undefined {
  return cpu.ram.has(real, bytes) ? cpu.ram.bytes(real, bytes).slice() : undefined;
}
