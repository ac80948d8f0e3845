// From a mnemonic and the values of its fields to an instruction word. Spelling is the assembler's.
import { fieldBits, fieldRange } from "./pattern.ts";
import type { Row } from "./row.ts";
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

/** The word of a row. A field that is not given is 0. Throws EncodeError. */
export function encodeRow(row: Row, fields: Readonly<Record<string, number>>): number {
  let word = row.match;
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
    word += bits;
  }
  if (used !== Object.keys(fields).length) {
    const known = [...row.fields, ...row.shape].map((field) => field.name);
    const unknown = Object.keys(fields).filter((name) => !known.includes(name));
    throw new EncodeError(row.mnemonic, `no field ${unknown.join(", ")}; it has ${known.join(", ")}`);
  }
  return word;
}

/** The word, unsigned, of an instruction. A field that is not given is 0: `encode("add", { RT: 3, RA: 4, RB: 5, Rc: 1 })`. Throws EncodeError. */
export function encode(mnemonic: string, fields: Readonly<Record<string, number>>): number {
  const row = rowOf(mnemonic);
  if (row === undefined) throw new EncodeError(mnemonic, "no such instruction");
  return encodeRow(row, fields);
}
