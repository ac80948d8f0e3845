// Test support: random programs of a hundred and more instructions: straight pieces, loops that CTR counts, branches forward. Prefixed
// instructions are where 64 bytes let them.
import { u64 } from "../../word/long.ts";
import { encode, encodeRow } from "../isa/encode.ts";
import { fieldRange } from "../isa/pattern.ts";
import { existsOn, type CpuModel, type Row } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { PLACE, SCRATCH_BYTES, withExits, type Case } from "./case.ts";
import type { Random } from "./random.ts";

/** The register that points to the middle of the scratch memory; no instruction of a program writes it. */
const BASE = 31;

const computing =
  /^(p?add|subf|neg|mull[dw]|mulli|mulhd|and|or|x?or|n?and|nor|eqv|ext|cnt|cmpb|popcnt|rl|s[lr][wd]|sra|cmp|isel|cr|mcrf|mfcr|setb|prty)/;
const memory = /^p?(l[bhwd]|st[bhwd])/;
const excluded = /^(mulhw|st.cx|l.arx|l..?cix|st..?cix|lmw|ls|sts|addex|mtocrf|mfocrf|cmprb)|u$|ux$|x$|ii$/;

function rowsOf(pattern: RegExp): readonly Row[] {
  return isa.filter(({ mnemonic }) => pattern.test(mnemonic) && !excluded.test(mnemonic));
}

/** Any valid words of the row; addresses are in the scratch memory. */
function words(row: Row, random: Random): readonly number[] {
  const fields: Record<string, number> = {};
  for (const field of [...row.fields, ...row.shape]) {
    const [least, greatest] = fieldRange(field);
    const { name, kind, scale } = field;
    if (name === "RT" || name === "RA" || (name === "RS" && kind === "gpr")) fields[name] = random.below(31);
    else fields[name] = least + random.below((greatest - least) / scale + 1) * scale;
  }
  if (fields["R"] === 1) fields["RA0"] = 0;
  if (memory.test(row.mnemonic)) {
    fields["RA0"] = BASE;
    if (fields["R"] !== undefined) fields["R"] = 0;
    if (fields["D"] !== undefined) fields["D"] = random.below(SCRATCH_BYTES - 8) - SCRATCH_BYTES / 2;
    if (fields["DS"] !== undefined)
      fields["DS"] = 4 * random.below(SCRATCH_BYTES / 4 - 2) - SCRATCH_BYTES / 2;
  }
  return encodeRow(row, fields);
}

/** A piece without branches, for this address. */
function straight(
  random: Random,
  rows: readonly (readonly Row[])[],
  instructions: number,
  address: number,
): number[] {
  const piece: number[] = [];
  for (let i = 0; i < instructions; i++) {
    const next = words(random.pick(random.pick(rows)), random);
    if (next.length === 2 && (address + 4 * piece.length) % 64 === 60) piece.push(encode("ori", {}));
    piece.push(...next);
  }
  return piece;
}

/** `count` programs, laid out one after another; every one comes to its end. */
export function randomPrograms(random: Random, count: number, model: CpuModel): readonly Case[] {
  const existing = (pattern: RegExp): readonly Row[] => rowsOf(pattern).filter((row) => existsOn(row, model));
  const rows = [existing(computing), existing(computing), existing(memory)];
  let address: number = PLACE.BLOCKS;
  return Array.from({ length: count }, (_, i) => {
    const program: number[] = [];
    while (program.length < 150) {
      // the words before a piece: none, a branch around it, or the count of a loop
      const kind = random.below(3);
      const start = address + 4 * (program.length + kind);
      const piece = straight(random, rows, 5 + random.below(15), start);
      if (kind === 0) program.push(...piece);
      if (kind === 1) {
        const skip = encode("bc", {
          BO: random.pick([4, 12]),
          BI: random.below(32),
          BD: 4 * piece.length + 4,
        });
        program.push(skip, ...piece);
      }
      if (kind === 2) {
        const times = encode("addi", { RT: 0, RA0: 0, SI: 1 + random.below(40) });
        const before = [times, encode("mtspr", { SPR: 9, RS: 0 })];
        program.push(...before, ...piece, encode("bc", { BO: 16, BI: 0, BD: -4 * piece.length }));
      }
    }
    const gpr = Array.from({ length: 32 }, () => random.value());
    gpr[BASE] = u64(PLACE.SCRATCH + SCRATCH_BYTES / 2);
    const made: Case = {
      name: `program ${i}`,
      mnemonic: "program",
      fields: {},
      address,
      words: withExits(address, program),
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
