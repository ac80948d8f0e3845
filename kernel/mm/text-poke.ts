// Writing into what is read-only and executable: the page is mapped a second time, writable, at an address of its own, for as long
// as the write takes. No page is ever writable and executable at one address.
// DIVERGES(6.1): on radix Linux maps it in an address space of its own since then, here in vmalloc as before and on hash.
import type { U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { regionNamed } from "../layout/layout.ts";
import { PAGE_KERNEL, PAGE_KERNEL_RO } from "./mm.ts";

/** One processor's text poke area. */
export class TextPoke {
  readonly #kernel: Kernel;
  #area: U64 | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Takes the address that pages are mapped at, with page tables for it, once; a write does so too.
   * @throws OutOfMemoryError
   * @linux arch/powerpc/lib/code-patching.c text_area_cpu_up
   */
  area(): U64 {
    if (this.#area !== undefined) return this.#area;
    const { layout, vmalloc, pages, mm } = this.#kernel;
    const { start, end } = regionNamed(layout, "vmalloc");
    const area = vmalloc.allocate({
      size: pages.pageBytes,
      start,
      end,
      pages: [],
      caller: "text_area_cpu_up",
    });
    if (area === undefined) throw new OutOfMemoryError("no text poke area");
    try {
      mm.map(area, 0, PAGE_KERNEL_RO);
      mm.unmap(area);
    } catch (error) {
      vmalloc.free(area);
      throw error;
    }
    this.#area = area;
    return area;
  }

  /**
   * Writes to pages of vmalloc, or irregular ones of the linear region, whatever their protection: nothing where a page is not mapped. A fault
   * in between is a guest's doing that has written to the MMU's tables.
   * @throws OutOfMemoryError where there is no poke area yet and no memory for it
   * @linux arch/powerpc/lib/code-patching.c patch_instructions
   */
  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    const { pageBytes } = this.#kernel.pages;
    const pieces: { readonly real: number; readonly from: number; readonly to: number }[] = [];
    for (let from = 0; from < data.length;) {
      const at = address.add(from);
      const to = Math.min(data.length, from + pageBytes - (at.low & (pageBytes - 1)));
      const real = this.#kernel.mm.realAddress(at);
      if (real === undefined) return new MemoryFault(at, "store", to - from);
      pieces.push({ real, from, to });
      from = to;
    }
    const failed = pieces.find(({ real, from, to }) => !this.#poke(real, data.subarray(from, to)));
    if (failed === undefined) return undefined;
    return new MemoryFault(address.add(failed.from), "store", failed.to - failed.from);
  }

  /** Within one page; whether it could be mapped and written. */
  #poke(real: number, data: Uint8Array): boolean {
    const { mm, memory, pages } = this.#kernel;
    const area = this.area();
    const offset = real % pages.pageBytes;
    if (!mm.map(area, real - offset, PAGE_KERNEL)) return false;
    const fault = memory.write(area.add(offset), data);
    mm.unmap(area);
    return fault === undefined;
  }
}
