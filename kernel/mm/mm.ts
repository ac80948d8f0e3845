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
  /** Maps RAM from real address `from` to `to` into the linear map for good. */
  mapLinear(from: number, to: number, protection: Protection): void;
  /** Maps one base page; false where a larger page is in the way. */
  map(ea: U64, real: number, protection: Protection): boolean;
  /** Takes one base page out; its real address, undefined where none was mapped. */
  unmap(ea: U64): number | undefined;
  /** Changes one base page's protection; false where none is mapped. */
  protect(ea: U64, protection: Protection): boolean;
  /**
   * What the handlers of storage and segment interrupts do: fill the SLB or the hash table.
   * @returns whether the access may be tried again; false is an oops.
   */
  resolve(vector: number, ea: U64): boolean;
  /** Writes the registers and bolted SLB entries that translation stands on. */
  restore(): void;
}
