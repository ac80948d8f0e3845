// START-END as the argument of a strategy: two addresses, whole pages, the first below the second.
import { hex64, parseU64, type U64 } from "../../word/long.ts";
import { KernelUsageError } from "../error.ts";

/** A stretch of effective addresses. */
export interface AddressRange {
  readonly start: U64;
  /** First address behind it. */
  readonly end: U64;
}

/**
 * Reads `START-END`.
 * @param strategy whose argument it is, for the message
 * @throws KernelUsageError for any other text, and for a range of nothing or of parts of pages
 */
export function parseRange(strategy: string, text: string, pageBytes: number): AddressRange {
  const [first, second, ...more] = text.split("-");
  const start = parseU64(first ?? "");
  const end = parseU64(second ?? "");
  if (start === undefined || end === undefined || more.length > 0) {
    throw new KernelUsageError(`${strategy}: '${text}' is no range START-END of 64-bit addresses`);
  }
  if (start.gte(end)) throw new KernelUsageError(`${strategy}: no address in ${rangeText({ start, end })}`);
  if (((start.low | end.low) & (pageBytes - 1)) !== 0) {
    throw new KernelUsageError(
      `${strategy}: ${rangeText({ start, end })} is not made of pages of ${pageBytes} bytes`,
    );
  }
  return { start, end };
}

/** As `parseRange` reads it. */
export function rangeText({ start, end }: AddressRange): string {
  return `${hex64(start)}-${hex64(end)}`;
}
