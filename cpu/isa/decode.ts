// From an instruction word to its row. Reserved bits are ignored: UNDEF(I 1.3.3). Engines make faster tables of their own.
import { fieldValue } from "./pattern.ts";
import { type CpuModel, existsOn, type Row } from "./row.ts";
import { isa } from "./table.ts";

export { fieldValue } from "./pattern.ts";
export type { CpuModel } from "./row.ts";

/** The rows that a primary opcode (bits 0:5) allows; some rows allow several. */
const rowsByPrimary: readonly (readonly Row[])[] = (() => {
  const lists = Array.from({ length: 64 }, (): Row[] => []);
  for (const row of isa) {
    const free = ~row.mask >>> 26;
    const primary = row.match >>> 26;
    for (let bits = free; ; bits = (bits - 1) & free) {
      lists[primary | bits]?.push(row);
      if (bits === 0) break;
    }
  }
  return Object.freeze(lists);
})();

/** Is this word the row's instruction? */
export function matches(row: Row, word: number): boolean {
  return ((word & row.mask) ^ row.match) === 0;
}

/** The instruction that a word is; without `cpu`, of any processor. Undefined for an illegal one. */
export function decode(word: number, cpu?: CpuModel): Row | undefined {
  const row = rowsByPrimary[word >>> 26]?.find((candidate) => matches(candidate, word));
  return row === undefined || cpu === undefined || existsOn(row, cpu) ? row : undefined;
}

/** The values of all fields of a word, shape fields too, by name. */
export function allFields(row: Row, word: number): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const field of [...row.fields, ...row.shape]) fields[field.name] = fieldValue(field, word);
  return fields;
}
