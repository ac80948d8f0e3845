// The linear region on the hash MMU: RAM bolted in pages of 16 MiB, pieces taken out of it, and irregular pages that the fault handler
// enters when they are wanted. The structures are linear-map.ts's, the table hash-table.ts's.
import type { U64 } from "../../word/long.ts";
import type { Cpu } from "../../cpu/cpu.ts";
import type { Segment } from "../../cpu/mmu/slb.ts";
import { linear } from "../layout/image.ts";
import type { HashPage, HashPageShift, HashSlot, KernelHashTable } from "./hash-table.ts";
import {
  granuleOf,
  IrregularPages,
  LinearExceptions,
  linearOffset,
  type IrregularPage,
} from "./linear-map.ts";
import { PAGE_KERNEL, type Protection } from "./mm.ts";

/** log2 of the linear map's pages. */
const LINEAR_SHIFT = 24;
export const LINEAR_BYTES = 2 ** LINEAR_SHIFT;
/** The linear map's segments are of 1T. */
const SEGMENT_BYTES = 2 ** 40;

export interface HashLinearOptions {
  readonly cpu: Cpu;
  readonly hash: KernelHashTable;
  /** log2 of the layout's pages. */
  readonly pageShift: HashPageShift;
  /** The segment of an address of the linear region. */
  readonly segment: (ea: U64) => Segment;
}

/** What MemoryManagement asks of the linear region, under the same names where it is the same. */
export class HashLinear {
  readonly #options: HashLinearOptions;
  readonly #exceptions = new LinearExceptions(LINEAR_BYTES);
  readonly #irregular = new IrregularPages();
  /** Numbers of the linear region's segments that hold RAM. */
  readonly #ramSegments = new Set<number>();

  constructor(options: HashLinearOptions) {
    this.#options = options;
  }

  /**
   * log2 of the base page size of an address's segment. A segment has one [Power ISA v3.1B III 6.7.8], and no page in it is smaller:
   * 16 MiB where RAM is mapped, else the layout's size.
   */
  shift(ea: U64): HashPageShift {
    // The first segment is bolted in the SLB before any RAM is mapped.
    const segment = Math.floor(linearOffset(ea) / SEGMENT_BYTES);
    return segment === 0 || this.#ramSegments.has(segment) ? LINEAR_SHIFT : this.#options.pageShift;
  }

  mapLinear(from: number, to: number, protection: Protection): void {
    for (let real = from; real < to; real += LINEAR_BYTES) {
      this.#ramSegments.add(Math.floor(real / SEGMENT_BYTES));
      this.#options.hash.insert(this.#bolted(real, protection));
    }
    this.#exceptions.set(from, to, false);
  }

  unmapLinear(from: number, to: number): void {
    for (let real = from; real < to; real += LINEAR_BYTES) {
      this.#options.hash.removeBolted(this.#bolted(real, PAGE_KERNEL));
    }
    this.#exceptions.set(from, to, true);
    this.#options.cpu.flushTlb();
  }

  isPlainLinear(real: number, length: number): boolean {
    return this.#exceptions.isPlain(real, length);
  }

  mapIrregular(ea: U64, real: number, protection: Protection): boolean {
    if (this.#irregular.get(ea) !== undefined) return false;
    this.#irregular.set(ea, { real, protection, slot: undefined });
    return true;
  }

  unmapIrregular(ea: U64): number | undefined {
    const page = this.#irregular.get(ea);
    if (page === undefined) return undefined;
    this.#irregular.delete(ea);
    if (page.slot !== undefined) {
      this.#options.hash.remove(this.#hashPage(ea, page), page.slot);
      this.#options.cpu.flushTlb();
    }
    return page.real;
  }

  protectIrregular(ea: U64, protection: Protection): boolean {
    const page = this.#irregular.get(ea);
    if (page === undefined) return false;
    const changed = { ...page, protection };
    this.#irregular.set(ea, changed);
    if (page.slot !== undefined) {
      this.#options.hash.protect(this.#hashPage(ea, changed), page.slot);
      this.#options.cpu.flushTlb();
    }
    return true;
  }

  realAddress(ea: U64): number | undefined {
    const granule = 2 ** this.shift(ea);
    const page = this.#irregular.get(granuleOf(ea, granule));
    return page === undefined ? undefined : page.real + (linearOffset(ea) % granule);
  }

  /** What was entered in the hash table for an address's page, and where; it may have been evicted since. */
  entered(address: U64): { readonly page: HashPage; readonly slot: HashSlot } | undefined {
    const ea = granuleOf(address, 2 ** this.shift(address));
    const page = this.#irregular.get(ea);
    return page?.slot === undefined ? undefined : { page: this.#hashPage(ea, page), slot: page.slot };
  }

  /** What hash_page would do for the linear region, had it tables there: Linux's bolts it and knows no fault of it. */
  resolve(address: U64): boolean {
    const ea = granuleOf(address, 2 ** this.shift(address));
    const page = this.#irregular.get(ea);
    if (page === undefined) return false;
    const hashPage = this.#hashPage(ea, page);
    // Entered, not evicted, and yet the processor did not find it: the guest has tampered with the SLB.
    if (page.slot !== undefined && this.#options.hash.protect(hashPage, page.slot)) return false;
    this.#irregular.set(ea, { ...page, slot: this.#options.hash.insert(hashPage) });
    this.#options.cpu.flushTlb();
    return true;
  }

  #bolted(real: number, protection: Protection): HashPage {
    const ea = linear(real);
    const segment = this.#options.segment(ea);
    return { segment, ea, real, shift: LINEAR_SHIFT, protection, bolted: true };
  }

  #hashPage(ea: U64, { real, protection }: IrregularPage): HashPage {
    const segment = this.#options.segment(ea);
    return { segment, ea, real, shift: this.shift(ea), protection, bolted: false };
  }
}
