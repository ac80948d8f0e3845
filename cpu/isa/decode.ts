// From an instruction word, or a prefix and its suffix, to its row. Reserved bits are ignored: UNDEF(I 1.3.3). Engines make faster tables of their own.
import { fieldValue, type WordLayout } from "./pattern.ts";
import { type CpuModel, existsOn, isInvalid, type Row } from "./row.ts";
import { isa } from "./table.ts";

export { fieldValue } from "./pattern.ts";
export type { CpuModel } from "./row.ts";

/** The rows that a primary opcode (bits 0:5 of the word, or of the suffix) allows; some rows allow several. */
function byPrimary(rows: readonly Row[]): readonly (readonly Row[])[] {
  const lists = Array.from({ length: 64 }, (): Row[] => []);
  for (const row of rows) {
    const free = ~row.mask >>> 26;
    const primary = row.match >>> 26;
    for (let bits = free; ; bits = (bits - 1) & free) {
      lists[primary | bits]?.push(row);
      if (bits === 0) break;
    }
  }
  return Object.freeze(lists);
}

const rowsByPrimary = byPrimary(isa.filter(({ prefix }) => prefix === undefined));
const prefixedByPrimary = byPrimary(isa.filter(({ prefix }) => prefix !== undefined));

/** The primary opcode of prefixes, which are no instruction on their own. */
const PREFIX = 1;
const prefixes = Object.freeze({ since: "power10", until: "power10" } as const);

/** Is this word the first of a prefixed instruction, whether or not there is one? Without `cpu`: on any processor. */
export function isPrefix(word: number, cpu?: CpuModel): boolean {
  return word >>> 26 === PREFIX && (cpu === undefined || existsOn(prefixes, cpu));
}

function fits({ mask, match }: WordLayout, word: number): boolean {
  return ((word & mask) ^ match) === 0;
}

/** Is this word, or this suffix with its prefix, the row's instruction? Invalid forms are not. */
export function matches(row: Row, word: number, prefix?: number): boolean {
  if (!fits(row, word) || (row.prefix === undefined) !== (prefix === undefined)) return false;
  if (prefix !== undefined && row.prefix !== undefined && !fits(row.prefix, prefix)) return false;
  return row.invalid.length === 0 || !isInvalid(row, allFields(row, word, prefix));
}

/** The instruction that a word alone is; without `cpu`, of any processor. Undefined for an illegal one. */
export function decode(word: number, cpu?: CpuModel): Row | undefined {
  const row = rowsByPrimary[word >>> 26]?.find((candidate) => matches(candidate, word));
  return row === undefined || cpu === undefined || existsOn(row, cpu) ? row : undefined;
}

/** The instruction that a prefix and its suffix are; without `cpu`, of any processor. Undefined for an illegal one. */
export function decodePrefixed(prefix: number, suffix: number, cpu?: CpuModel): Row | undefined {
  if (!isPrefix(prefix, cpu)) return undefined;
  return prefixedByPrimary[suffix >>> 26]?.find((row) => matches(row, suffix, prefix));
}

/** The values of all fields of a word, or of a suffix and its prefix, shape fields too, by name. */
export function allFields(row: Row, word: number, prefix?: number): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const field of [...row.fields, ...row.shape]) fields[field.name] = fieldValue(field, word, prefix);
  return fields;
}
