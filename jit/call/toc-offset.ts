// Bytes from the kernel's TOC pointer as addis and a 16-bit displacement add them. Emits no code.
import { u64, type U64 } from "../../word/long.ts";
import { fitsS32 } from "../immediates.ts";

/** The immediate of addis, and the signed 16 bits that are added to what it gives. */
interface TocOffset {
  readonly high: number;
  readonly low: number;
}

/** Undefined where the two do not reach: from -0x8000_8000 to 0x7fff_7fff they do, but only signed 32 bits are taken. */
export function tocOffset(kernelToc: U64, address: U64): TocOffset | undefined {
  const offset = address.subtract(kernelToc);
  const low = (offset.low << 16) >> 16;
  const high = offset.subtract(u64(low)).toSigned().shiftRight(16).toNumber();
  return !fitsS32(offset) || high > 0x7fff ? undefined : { high, low };
}
