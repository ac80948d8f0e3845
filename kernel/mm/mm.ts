// What the kernel asks of its memory management, the same for hash and radix: map pages, change protection, resolve faults.
// Which addresses are used for what is vmalloc.ts's and the layout's.
import type { U64 } from "../../word/long.ts";

/** What may be done with a page. */
export interface Protection {
  readonly write: boolean;
  readonly execute: boolean;
  /** Reachable in problem state. */
  readonly user: boolean;
}

export const PAGE_KERNEL: Protection = Object.freeze({ write: true, execute: false, user: false });
export const PAGE_KERNEL_RO: Protection = Object.freeze({ write: false, execute: false, user: false });
export const PAGE_KERNEL_ROX: Protection = Object.freeze({ write: false, execute: true, user: false });

/** Real addresses in pages that page tables and the like are made of; zeroed, aligned to their size. */
export interface TableMemory {
  /** Zeroed bytes, aligned to the next power of two. */
  allocateTable(bytes: number): number;
}

export interface MemoryManagement {
  /** Smallest piece of the linear map that can be mapped otherwise than its surroundings, in bytes: one page of its segment or tree. */
  readonly linearGranuleBytes: number;
  /** Maps RAM from real address `from` to `to` into the linear map, where it stays unless it is taken out. */
  mapLinear(from: number, to: number, protection: Protection): void;
  /** Takes RAM out of the linear map, whole granules. @throws OutOfMemoryError for page tables; all of it is there then */
  unmapLinear(from: number, to: number): void;
  /** Whether all of this RAM is at its linear address as `mapLinear` put it there. */
  isPlainLinear(real: number, length: number): boolean;
  /** Bytes of what `mapIrregular` maps at an address of the linear region: `linearGranuleBytes`, or less far from all RAM. */
  irregularGranule(ea: U64): number;
  /**
   * Maps one granule in the linear region that is not RAM at its linear address, or not with its protection.
   * @param ea aligned to the granule, as `real` is; false where something is mapped already
   * @throws OutOfMemoryError for page tables
   */
  mapIrregular(ea: U64, real: number, protection: Protection): boolean;
  /** Takes one irregular granule out; its real address, undefined where there is none. */
  unmapIrregular(ea: U64): number | undefined;
  /** Changes an irregular granule's protection; false where there is none. */
  protectIrregular(ea: U64, protection: Protection): boolean;
  /** Real address of a byte in vmalloc's or an irregular page; undefined where none is mapped. @linux mm/vmalloc.c vmalloc_to_pfn */
  realAddress(ea: U64): number | undefined;
  /** Maps one page of struct pages for good: bolted on hash, in the tree on radix. @linux arch/powerpc/mm/init_64.c vmemmap_create_mapping */
  mapVmemmap(ea: U64, real: number, bytes: number): void;
  /** Maps one base page; false where a larger page is in the way. */
  map(ea: U64, real: number, protection: Protection): boolean;
  /** Takes one base page out; its real address, undefined where none was mapped. */
  unmap(ea: U64): number | undefined;
  /** Changes one base page's protection; false where none is mapped. */
  protect(ea: U64, protection: Protection): boolean;
  /** Drops what the processor finds of a page that is not bolted, as another page's entry may at any time; false where nothing was entered. */
  evict(ea: U64): boolean;
  /**
   * What the handlers of storage and segment interrupts do: fill the SLB or the hash table.
   * @returns whether the access may be tried again; false is an oops.
   */
  resolve(vector: number, ea: U64): boolean;
  /** Writes the registers and bolted SLB entries that translation stands on. */
  restore(): void;
}
