// Sizes as people write them: 64K, 56T. Nothing about layouts.
import { u64, type U64 } from "../../word/long.ts";

const UNITS = ["", "K", "M", "G", "T", "P", "E"];

/** 56T, 512T, 64K …: exact, in the largest unit that divides it. */
export function sizeText(bytes: U64 | number): string {
  let size = typeof bytes === "number" ? u64(bytes) : bytes;
  let unit = 0;
  for (; unit < UNITS.length - 1 && (size.low & 1023) === 0 && size.gte(1024); unit++) size = size.shru(10);
  return `${size.toString()}${UNITS[unit] ?? ""}`;
}
