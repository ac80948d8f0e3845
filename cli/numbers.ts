// Numbers on the command line: counts, sizes and addresses. All throw UsageError with the option's name.
import { parseU64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";
import { UsageError } from "./errors.ts";

/** A whole number `least … most`, decimal or 0x, or with an exponent as in 1e9. */
export function count(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const plain = /^(?:\d+|0x[0-9a-f]+|\d+(?:\.\d+)?e\d+)$/i.test(text) ? Number(text) : NaN;
    if (Number.isSafeInteger(plain) && plain >= least && plain <= most) return plain;
    throw new UsageError(`${option}: '${text}' is no whole number from ${least} to ${most}`);
  };
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** A size in bytes with a K, M or G behind it, `least … most` bytes. */
export function size(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const [, digits, unit] = /^(\d{1,12})([KMG]?)$/i.exec(text) ?? [];
    const bytes = Number(digits) * (UNITS[unit?.toUpperCase() ?? ""] ?? NaN);
    if (bytes >= least && bytes <= most && bytes % 1024 ** 2 === 0) return bytes;
    const range = `${least / 1024 ** 2}M to ${most / 1024 ** 3}G`;
    throw new UsageError(`${option}: '${text}' is no size from ${range} (as in 256M)`);
  };
}

/** A number of bytes from 1 on, decimal or 0x, or decimal with a K, M or G behind it. */
export function bytes(option: string): (text: string) => number {
  return (text) => {
    const [, digits, unit] = /^(\d+|0x[0-9a-f]+)([KMG]?)$/i.exec(text) ?? [];
    const number = Number(digits) * (UNITS[unit?.toUpperCase() ?? ""] ?? NaN);
    if (Number.isSafeInteger(number) && number >= 1) return number;
    throw new UsageError(`${option}: '${text}' is no number of bytes from 1 on (as in 65536 or 64K)`);
  };
}

/** A 64-bit address, decimal or 0x, `_` allowed between digits. */
export function address(option: string): (text: string) => U64 {
  return (text) => {
    const value = text.startsWith("-") ? undefined : parseU64(text);
    if (value !== undefined) return value;
    throw new UsageError(`${option}: '${text}' is no 64-bit address`);
  };
}
