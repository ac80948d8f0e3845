// The software TLB in the machine's memory: what an entry looks like, how one is made, found and forgotten.
// It knows nothing of translation; three of them (load, store, fetch) lie at offsets that cpu/state.ts names.
import type { U64 } from "../word/long.ts";

/** Entries of one TLB; direct-mapped by bits 42:51 of the effective address. */
export const TLB_ENTRIES = 1024;
/** An entry: the page's effective address (8 bytes), what to add to the low word of an effective address to reach the memory (4), 4 unused. */
export const TLB_ENTRY_BYTES = 16;
export const TLB_BYTES = TLB_ENTRIES * TLB_ENTRY_BYTES;
/** Bytes that one entry maps, whatever the page's size. */
export const GRANULE = 0x1000;

/** Makes every entry miss: its tag is a page of another index, so the check needs no valid bit. */
export function invalidTlb(tlb: DataView): void {
  for (let index = 0; index < TLB_ENTRIES; index++) {
    tlb.setInt32(index * TLB_ENTRY_BYTES, (index ^ 1) * GRANULE, true);
    tlb.setInt32(index * TLB_ENTRY_BYTES + 4, 0, true);
  }
}

/** Byte offset, in a TLB, of the entry that may hold `ea`. */
export function tlbEntryOffset(ea: U64): number {
  return ((ea.low >>> 12) & (TLB_ENTRIES - 1)) * TLB_ENTRY_BYTES;
}

/** Enters the granule of `ea`; `place` is the byte in the memory that `ea` itself reaches. */
export function enterTlb(tlb: DataView, ea: U64, place: number): void {
  const at = tlbEntryOffset(ea);
  tlb.setInt32(at, ea.low & -GRANULE, true);
  tlb.setInt32(at + 4, ea.high, true);
  tlb.setInt32(at + 8, (place - ea.low) | 0, true);
}

/** The byte in the memory that `bytes` bytes from `ea` start at, or undefined where the TLB lacks the page or they leave its granule. */
export function lookUpTlb(tlb: DataView, ea: U64, bytes: number): number | undefined {
  const at = tlbEntryOffset(ea);
  const offset = ea.low ^ tlb.getInt32(at, true);
  if (ea.high !== tlb.getInt32(at + 4, true) || offset >>> 0 > GRANULE - bytes) return undefined;
  return (ea.low + tlb.getInt32(at + 8, true)) >>> 0;
}
