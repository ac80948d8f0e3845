// 64-bit distances as the halves that instructions hold [ELFv2 3.5.1: @ha, @l].
import { u64, type U64 } from "../../word/long.ts";

/** The low 16 bits as a signed number: what addi, ld and std add. */
export function lo(value: U64): number {
  return (value.low << 16) >> 16;
}

/** The upper half for addis, -0x8000 to 0x7fff: with `lo` added as a signed number the low 32 bits come out. */
export function ha(value: U64): number {
  return value.add(0x8000).low >> 16;
}

/** Whether a distance is a two's complement number of so many bits. */
export function fitsSigned(value: U64, bits: number): boolean {
  return value
    .add(u64(2 ** (bits - 1)))
    .shru(bits)
    .isZero();
}
