// From a mnemonic and the values of its fields to an instruction's word, or its two words. Spelling is the assembler's.
import { fieldBits, fieldRange } from "./pattern.ts";
import { isInvalid, type Row } from "./row.ts";
import { isa } from "./table.ts";

/** Unusable input of `encode`: the message names mnemonic, field, value and range. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
  /** The message without the mnemonic. */
  readonly reason: string;

  constructor(mnemonic: string, reason: string) {
    super(`${mnemonic}: ${reason}`);
    this.reason = reason;
  }
}

const rowsByMnemonic: ReadonlyMap<string, Row> = new Map(isa.map((row) => [row.mnemonic, row]));

/** The row with a mnemonic (the base one: `add`, never `add.` or `addo`); undefined where there is none. */
export function rowOf(mnemonic: string): Row | undefined {
  return rowsByMnemonic.get(mnemonic);
}

/** A word, or a prefix and its suffix; unsigned, in the order of memory. */
export type InstructionWords = readonly [word: number] | readonly [prefix: number, suffix: number];

/** The words of a row. A field that is not given is 0. Throws EncodeError. */
export function encodeRow(row: Row, fields: Readonly<Record<string, number>>): InstructionWords {
  let word = row.match;
  let prefix = row.prefix?.match ?? 0;
  let used = 0;
  for (const field of [...row.fields, ...row.shape]) {
    const value = fields[field.name];
    if (value === undefined) continue;
    used++;
    const bits = fieldBits(field, value);
    if (bits === undefined) {
      const [least, greatest] = fieldRange(field);
      const multiple = field.scale === 1 ? "" : `, a multiple of ${field.scale}`;
      throw new EncodeError(
        row.mnemonic,
        `${field.name} is ${value}, not ${least} to ${greatest}${multiple}`,
      );
    }
    word += bits.word;
    prefix += bits.prefix;
  }
  if (used !== Object.keys(fields).length) {
    const known = [...row.fields, ...row.shape].map((field) => field.name);
    const unknown = Object.keys(fields).filter((name) => !known.includes(name));
    throw new EncodeError(row.mnemonic, `no field ${unknown.join(", ")}; it has ${known.join(", ")}`);
  }
  if (isInvalid(row, fields)) {
    const values = row.invalid.map(({ field }) => `${field} ${fields[field] ?? 0}`);
    throw new EncodeError(row.mnemonic, `${values.join(" and ")} are an invalid form`);
  }
  return row.prefix === undefined ? [word] : [prefix, word];
}

function knownRow(mnemonic: string): Row {
  const row = rowOf(mnemonic);
  if (row === undefined) throw new EncodeError(mnemonic, "no such instruction");
  return row;
}

/** The word, unsigned, of an instruction that is one word. A field that is not given is 0: `encode("add", { RT: 3, RA: 4, RB: 5, Rc: 1 })`. Throws EncodeError. */
export function encode(mnemonic: string, fields: Readonly<Record<string, number>>): number {
  const [word, suffix] = encodeRow(knownRow(mnemonic), fields);
  if (suffix !== undefined) throw new EncodeError(mnemonic, "two words; encodePrefixed makes them");
  return word;
}

/** Prefix and suffix of a prefixed instruction: `encodePrefixed("pld", { RT: 3, D: 16, R: 1 })`. Throws EncodeError. */
export function encodePrefixed(
  mnemonic: string,
  fields: Readonly<Record<string, number>>,
): readonly [prefix: number, suffix: number] {
  const words = encodeRow(knownRow(mnemonic), fields);
  if (words.length === 1) throw new EncodeError(mnemonic, "one word; encode makes it");
  return words;
}
