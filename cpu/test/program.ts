// Test support: random programs of a hundred and more instructions: straight pieces, loops that CTR counts, branches forward.
import { u64 } from "../../word/long.ts";
import { encode, encodeRow } from "../isa/encode.ts";
import { fieldRange } from "../isa/pattern.ts";
import { existsOn, type Row } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { PLACE, SCRATCH_BYTES, withExits, type Case } from "./case.ts";
import type { Random } from "./random.ts";

/** The register that points to the middle of the scratch memory; no instruction of a program writes it. */
const BASE = 31;

const computing =
  /^(add|subf|neg|mull[dw]|mulli|mulhd|and|or|x?or|n?and|nor|eqv|ext|cnt|cmpb|popcnt|rl|s[lr][wd]|sra|cmp|isel|cr|mcrf|mfcr|setb|prty)/;
const memory = /^(l[bhwd]|st[bhwd])/;
const excluded = /^(mulhw|st.cx|l.arx|l..?cix|st..?cix|lmw|ls|sts|addex|mtocrf|mfocrf|cmprb)|u$|ux$|x$|ii$/;

function rowsOf(pattern: RegExp): readonly Row[] {
  return isa.filter(({ mnemonic }) => pattern.test(mnemonic) && !excluded.test(mnemonic));
}

/** Any valid words of the row; addresses are in the scratch memory. */
function word(row: Row, random: Random): readonly number[] {
  const fields: Record<string, number> = {};
  for (const field of [...row.fields, ...row.shape]) {
    const [least, greatest] = fieldRange(field);
    const { name, kind, scale } = field;
    if (name === "RT" || name === "RA" || (name === "RS" && kind === "gpr")) fields[name] = random.below(31);
    else fields[name] = least + random.below((greatest - least) / scale + 1) * scale;
  }
  if (memory.test(row.mnemonic)) {
    fields["RA0"] = BASE;
    if (fields["D"] !== undefined) fields["D"] = random.below(SCRATCH_BYTES - 8) - SCRATCH_BYTES / 2;
    if (fields["DS"] !== undefined)
      fields["DS"] = 4 * random.below(SCRATCH_BYTES / 4 - 2) - SCRATCH_BYTES / 2;
  }
  return encodeRow(row, fields);
}

/** A piece without branches. */
function straight(random: Random, rows: readonly (readonly Row[])[], length: number): number[] {
  return Array.from({ length }, () => word(random.pick(random.pick(rows)), random)).flat();
}

/** `count` programs, laid out one after another; every one comes to its end. */
export function randomPrograms(random: Random, count: number): readonly Case[] {
  const power9 = (pattern: RegExp): readonly Row[] =>
    rowsOf(pattern).filter((row) => existsOn(row, "power9"));
  const rows = [power9(computing), power9(computing), power9(memory)];
  let address: number = PLACE.BLOCKS;
  return Array.from({ length: count }, (_, i) => {
    const words: number[] = [];
    while (words.length < 150) {
      const piece = straight(random, rows, 5 + random.below(15));
      const kind = random.below(3);
      if (kind === 0) words.push(...piece);
      if (kind === 1) {
        const skip = encode("bc", {
          BO: random.pick([4, 12]),
          BI: random.below(32),
          BD: 4 * piece.length + 4,
        });
        words.push(skip, ...piece);
      }
      if (kind === 2) {
        const times = encode("addi", { RT: 0, RA0: 0, SI: 1 + random.below(40) });
        const start = [times, encode("mtspr", { SPR: 9, RS: 0 })];
        words.push(...start, ...piece, encode("bc", { BO: 16, BI: 0, BD: -4 * piece.length }));
      }
    }
    const gpr = Array.from({ length: 32 }, () => random.value());
    gpr[BASE] = u64(PLACE.SCRATCH + SCRATCH_BYTES / 2);
    const made: Case = {
      name: `program ${i}`,
      mnemonic: "program",
      fields: {},
      address,
      words: withExits(address, words),
      gpr,
      cr: random.word() >>> 0,
      xer: 0,
      lr: random.value(),
      ctr: random.value(),
    };
    address += 4 * made.words.length;
    return made;
  });
}
