// Virtual segment numbers as Linux makes them: a context number and a segment, scrambled by a multiplication.
// 68-bit virtual addresses, which every processor here has. [Linux 6.12 arch/powerpc/include/asm/book3s/64/mmu-hash.h]
import { u64, type U64 } from "../../word/long.ts";

/** VSID_MULTIPLIER_256M and VSID_MULTIPLIER_1T. */
const MULTIPLIER = u64(12_538_073);
const VIRTUAL_BITS = 68;
const CONTEXT_BITS = 19;

/**
 * The VSID of the segment of `ea` in a context.
 * @param segmentShift 28 for segments of 256 MiB, 40 for 1 TiB
 * @linux arch/powerpc/include/asm/book3s/64/mmu-hash.h get_vsid
 */
export function vsidOf(context: number, ea: U64, segmentShift: 28 | 40): U64 {
  const esidBits = VIRTUAL_BITS - CONTEXT_BITS - segmentShift;
  const esid = ea.shru(segmentShift).and(2 ** esidBits - 1);
  return scramble(u64(context).shl(esidBits).or(esid), VIRTUAL_BITS - segmentShift);
}

/** `proto * MULTIPLIER mod (2^bits - 1)`, the product modulo 2^64 as Linux has it. */
function scramble(proto: U64, bits: number): U64 {
  const modulus = u64(2 ** bits - 1);
  const product = proto.mul(MULTIPLIER);
  const folded = product.shru(bits).add(product.and(modulus));
  return folded.add(folded.add(1).shru(bits)).and(modulus);
}
