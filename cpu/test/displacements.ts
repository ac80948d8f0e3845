// Test support: every prefixed load, store and add with displacements around each power of two that matters, for the forms of its operands.
import { u64 } from "../../word/long.ts";
import { encodeRow } from "../isa/encode.ts";
import type { Row } from "../isa/row.ts";
import { PLACE, withExits, type Case } from "./case.ts";
import type { Random } from "./random.ts";

/** What 34 bits can hold around where a sign or a piece of the field begins. */
const edges: readonly number[] = [0, 15, 16, 17, 31, 32, 33]
  .flatMap((bit) => [2 ** bit - 1, 2 ** bit, -(2 ** bit), 1 - 2 ** bit, -1 - 2 ** bit])
  .filter((n) => n >= -(2 ** 33) && n < 2 ** 33);

/** In the middle of the scratch memory, a multiple of 16. */
const TARGET = PLACE.SCRATCH + 128;

interface Form {
  readonly fields: Readonly<Record<string, number>>;
  /** What RA0 holds, where it is a register. */
  readonly base: number;
}

/** The valid forms with a displacement: from a register, from the data's own register, from 0, from the instruction. */
function formsOf(row: Row, displacement: number, at: number): readonly Form[] {
  const [name = "", data = ""] = ["SI", "D", "RT", "RS"].filter((known) =>
    row.fields.some((field) => field.name === known),
  );
  const fields = { [name]: displacement, [data]: 6, R: 0 };
  const base = TARGET - displacement;
  const fromRegister = [{ fields: { ...fields, RA0: 7 }, base }];
  const fromData = row.mnemonic === "plq" ? [] : [{ fields: { ...fields, RA0: 6 }, base }];
  if (name === "SI")
    return [0, 1].flatMap((R) => [
      ...(R === 0 ? [...fromRegister, ...fromData] : []),
      { fields: { ...fields, RA0: 0, R }, base: 0 },
    ]);
  const fromNowhere = [
    { fields: { ...fields, [name]: TARGET, RA0: 0 }, base: 0 },
    { fields: { ...fields, [name]: TARGET - at, RA0: 0, R: 1 }, base: 0 },
  ];
  return [...fromRegister, ...fromData, ...(displacement === 0 ? fromNowhere : [])];
}

/** Cases of each row with D or SI, laid out one after another, none across a boundary of 64 bytes. */
export function displacementCases(rows: readonly Row[], random: Random): readonly Case[] {
  const cases: Case[] = [];
  let address: number = PLACE.BLOCKS;
  for (const row of rows)
    for (const edge of edges)
      for (const [i] of formsOf(row, edge, 0).entries()) {
        if (address % 64 === 60) address += 4;
        const form = formsOf(row, edge, address)[i];
        if (form === undefined) continue;
        const gpr = Array.from({ length: 32 }, () => random.value());
        gpr[form.fields["RA0"] ?? 0] = u64(form.base);
        const words = withExits(address, encodeRow(row, form.fields));
        const shown = Object.entries(form.fields).map(([name, n]) => `${name}=${n}`);
        cases.push({
          ...{ name: [row.mnemonic, ...shown].join(" "), mnemonic: row.mnemonic, fields: form.fields },
          ...{ address, words, gpr, cr: 0, xer: 0, lr: u64(0), ctr: u64(0) },
        });
        address += 4 * words.length;
      }
  return cases;
}
