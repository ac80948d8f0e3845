// Memory for images at the addresses that a test chooses, to the word, in a booted kernel: what it maps is run by the emulated
// processor. In vmalloc by areas of pages, in the linear region by granules; nothing is given back.
import type { Kernel } from "../index.ts";
import type { JitMemory } from "../jit/target.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX } from "../kernel/mm/mm.ts";
import { linearOffset } from "../kernel/mm/linear-map.ts";
import { regionNamed } from "../kernel/layout/layout.ts";
import { hex64, u64, type U64 } from "../word/long.ts";

export class PlacedImages implements JitMemory {
  readonly #kernel: Kernel;
  readonly #places: U64[];
  readonly #table: U64 | undefined;
  /** Pages and granules that are mapped, by address. */
  readonly #mapped = new Set<string>();

  /**
   * @param places where images start, in the order of the functions
   * @param table where the program's table of addresses starts; the kernel's memory where there is none
   */
  constructor(kernel: Kernel, places: readonly U64[], table?: U64) {
    this.#kernel = kernel;
    this.#places = [...places];
    this.#table = table;
  }

  allocate(bytes: number): { readonly header: U64; readonly image: U64 } | undefined {
    const image = this.#places.shift();
    if (image === undefined) return undefined;
    this.#map(image, bytes);
    return { header: image, image };
  }

  write(image: U64, code: Uint8Array): void {
    if (this.#kernel.write(image, code) !== undefined) throw new Error(`${hex64(image)} is not mapped`);
    for (const page of this.#pagesOf(image, code.length))
      if (this.#isVmalloc(page)) this.#kernel.setMemoryRox(page, this.#granule(page));
      else this.#kernel.mm.protectIrregular(page, PAGE_KERNEL_ROX);
  }

  lock(): void {
    // `write` has.
  }
  free(): void {
    // The kernel is thrown away.
  }

  allocateTable(bytes: number): U64 | undefined {
    if (this.#table === undefined) return this.#kernel.allocate(bytes);
    this.#map(this.#table, bytes);
    return this.#table;
  }
  writeTable(address: U64, table: Uint8Array): void {
    if (this.#kernel.write(address, table) !== undefined) throw new Error(`${hex64(address)} is not mapped`);
  }
  freeTable(): void {
    // As `free`.
  }

  #isVmalloc(ea: U64): boolean {
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    return ea.gte(start) && ea.lt(end);
  }

  #granule(ea: U64): number {
    const { mm, pages } = this.#kernel;
    return this.#isVmalloc(ea) ? pages.pageBytes : mm.irregularGranule(ea);
  }

  *#pagesOf(start: U64, bytes: number): Generator<U64> {
    const granule = this.#granule(start);
    const end = start.add(bytes);
    for (let page = start.and(u64(-granule)); page.lt(end); page = page.add(granule)) yield page;
  }

  #map(start: U64, bytes: number): void {
    for (const page of this.#pagesOf(start, bytes)) {
      if (this.#mapped.has(hex64(page))) continue;
      this.#mapped.add(hex64(page));
      if (!this.#mapOne(page)) throw new Error(`${hex64(page)} cannot be mapped`);
    }
  }

  #mapOne(page: U64): boolean {
    const kernel = this.#kernel;
    const size = this.#granule(page);
    if (this.#isVmalloc(page))
      return kernel.vmallocNodeRange({ size, start: page, end: page.add(size), noGuard: true }) !== undefined;
    const real = this.#ram(page, size);
    return real !== undefined && kernel.mm.mapIrregular(page, real, PAGE_KERNEL);
  }

  /** RAM for a granule of the linear region: its own, taken out of the linear map, or other where it has none. */
  #ram(page: U64, size: number): number | undefined {
    const { pages, mm, ramMap } = this.#kernel;
    const own = linearOffset(page);
    if (!ramMap.some(({ start, end }) => own >= start && own + size <= end))
      return pages.allocate(size / pages.pageBytes, "bpf image", size);
    if (!pages.allocateRange(own, size, "bpf image")) return undefined;
    mm.unmapLinear(own, own + size);
    return own;
  }
}
