// Segments and the hash table's registers as a kernel sets them, for kernel and user address spaces alike.
// Which contexts and addresses are used is the callers' matter.
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import type { Cpu } from "../../cpu/cpu.ts";
import { BASE_PAGE_SIZES } from "../../cpu/mmu/hash.ts";
import type { Segment } from "../../cpu/mmu/slb.ts";
import { vsidOf } from "./vsid.ts";

/** Bits of an SLB entry's doublewords. */
export const SLB = Object.freeze({ VALID: 0x0800_0000, KS: 0x800, KP: 0x400, C: 0x80 });

/** SLB entries that stay: 0 the linear map, 1 the kernel stack [layouts.md]. */
export const BOLTED_ENTRIES = 2;

export interface SegmentRequest {
  readonly context: number;
  /** An address inside. */
  readonly ea: U64;
  readonly segmentShift: 28 | 40;
  /** log2 of the base page size. */
  readonly baseShift: number;
  /** Of SLB: the keys and C. */
  readonly flags: number;
}

/** The SLB entry for a segment. @linux arch/powerpc/mm/book3s64/slb.c mk_vsid_data, mk_esid_data */
export function segmentFor(request: SegmentRequest): Segment {
  const { context, ea, segmentShift, baseShift, flags } = request;
  const large = segmentShift === 40;
  const sllp = BASE_PAGE_SIZES.find((size) => size.shift === baseShift)?.sllp ?? 0;
  const vsid = vsidOf(context, ea, segmentShift).shl(large ? 24 : 12);
  const esidMask = large ? fromHalves(0xffff_ff00, 0) : fromHalves(-1, 0xf000_0000);
  return {
    index: 0,
    segmentShift,
    vsidWord: vsid.or(fromHalves(large ? 0x4000_0000 : 0, flags | sllp)),
    esidWord: ea.and(esidMask).or(SLB.VALID),
  };
}

/** Bytes of a partition table; PATS says them as log2 less 12. */
export const PARTITION_TABLE_BYTES = 0x1_0000;
const PATS = 4;

/**
 * Makes the processor use a hash table.
 * @param table real address, aligned to its size; size in bytes, 2^18 or more
 * @param partitionTable real address of PARTITION_TABLE_BYTES; power8 has none and does not look at it
 */
export function useHashTable(
  cpu: Cpu,
  table: { readonly base: number; readonly bytes: number },
  partitionTable: number,
): void {
  // HTABORG and HTABSIZE, alike in SDR1 and in the partition table: the size is counted from 2^18 bytes.
  const word = u64(table.base + Math.log2(table.bytes) - 18);
  if (cpu.state.model === "power8") {
    cpu.state.setSpr("SDR1", word);
    return;
  }
  cpu.ram.store(8, partitionTable, word, "be");
  cpu.state.setSpr("PTCR", u64(partitionTable + PATS));
}
