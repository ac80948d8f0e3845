// Writing into what is read-only and executable: the page is mapped a second time, writable, at an address of its own, for as long
// as the write takes. No page is ever writable and executable at one address.
// DIVERGES(6.1): on radix Linux maps it in an address space of its own since then, here in vmalloc as before and on hash.
import type { U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { regionNamed } from "../layout/layout.ts";
import { PAGE_KERNEL } from "./mm.ts";

/** One processor's text poke area. */
export class TextPoke {
  readonly #kernel: Kernel;
  #area: U64 | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Takes the address that pages are mapped at, once; a write does so too.
   * @throws OutOfMemoryError
   * @linux arch/powerpc/lib/code-patching.c text_area_cpu_up
   */
  area(): U64 {
    if (this.#area !== undefined) return this.#area;
    const { layout, vmalloc, pages } = this.#kernel;
    const { start, end } = regionNamed(layout, "vmalloc");
    const area = vmalloc.allocate({
      size: pages.pageBytes,
      start,
      end,
      pages: [],
      caller: "text_area_cpu_up",
    });
    if (area === undefined) throw new OutOfMemoryError("no text poke area");
    this.#area = area;
    return area;
  }

  /**
   * Writes to pages of vmalloc, or irregular ones of the linear region, whatever their protection; all of it or nothing.
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
    for (const { real, from, to } of pieces) this.#poke(real, data.subarray(from, to));
    return undefined;
  }

  /** Within one page. */
  #poke(real: number, data: Uint8Array): void {
    const { mm, memory, pages } = this.#kernel;
    const area = this.area();
    const offset = real % pages.pageBytes;
    mm.map(area, real - offset, PAGE_KERNEL);
    const fault = memory.write(area.add(offset), data);
    mm.unmap(area);
    if (fault !== undefined) throw new Error("the text poke area cannot be written");
  }
}
