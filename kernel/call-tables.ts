// Memory for the addresses that JITed calls load from: kernel data that a signed 32-bit offset from the TOC reaches, where there is any.
// Whether it does reach is for the JIT to see; what stands in a table is the JIT's, too.
import { hex64, u64, type U64 } from "../word/long.ts";
import { OutOfMemoryError } from "./error.ts";
import type { Kernel } from "./kernel.ts";
import { IMAGE, linear } from "./layout/image.ts";

/** What addis and a 16-bit displacement add at most, and a doubleword behind it. */
const REACH = 0x7fff_8000;

/** Tables of one kernel's programs. */
export class CallTables {
  readonly #kernel: Kernel;
  /** Real addresses of those that are pages of their own, by address. */
  readonly #pages = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Zeroed memory: of kmalloc, and where that gives what lies out of reach, a page within reach if one is free.
   * @param bytes at most a page
   * @returns undefined where there is no memory at all
   */
  allocate(bytes: number): U64 | undefined {
    const kernel = this.#kernel;
    let table: U64;
    try {
      table = kernel.allocate(bytes);
    } catch (error) {
      if (error instanceof OutOfMemoryError) return undefined;
      throw error;
    }
    const end = kernel.text.toc.add(u64(REACH));
    if (table.add(bytes).lte(end)) return table;
    const page = bytes > kernel.pages.pageBytes ? undefined : this.#pageBelow(end.low >>> 0);
    if (page === undefined) return table;
    kernel.free(table);
    const address = linear(page);
    this.#pages.set(hex64(address), page);
    return address;
  }

  free(table: U64): void {
    const page = this.#pages.get(hex64(table));
    if (page === undefined) {
      this.#kernel.free(table);
      return;
    }
    this.#pages.delete(hex64(table));
    this.#kernel.pages.release(page);
  }

  /** Takes the lowest free page behind the kernel's image; its real address. */
  #pageBelow(end: number): number | undefined {
    const { pages } = this.#kernel;
    for (let real: number = IMAGE.end; real + pages.pageBytes <= end; real += pages.pageBytes)
      if (pages.isFree(real) && pages.allocateRange(real, pages.pageBytes, "kernel")) return real;
    return undefined;
  }
}
