// Test support: valid cases for every row, from edge values and random ones. Which results are compared with what is the tests'.
import { u64, type U64 } from "../../word/long.ts";
import { encodeRow, encode } from "../isa/encode.ts";
import { fieldRange, type Field } from "../isa/pattern.ts";
import { isInvalid, type Row } from "../isa/row.ts";
import { SPR } from "../spr.ts";
import { PLACE, SCRATCH_BYTES, withExits, type Case } from "./case.ts";
import type { Random } from "./random.ts";

/** The bytes of a case's exits that come before the one for branches. */
const TO_TAKEN = 8;

/** A field's value: often one of its ends or near 0. */
function fieldFor(random: Random, field: Field): number {
  const [least, greatest] = fieldRange(field);
  const steps = (greatest - least) / field.scale + 1;
  if (random.below(3) > 0) return least + random.below(steps) * field.scale;
  return random.pick([least, greatest, 0, field.scale].filter((n) => n >= least && n <= greatest));
}

const SPRS = [SPR.XER, SPR.LR, SPR.CTR, SPR.TAR] as const;

/** Fields of which only some values are defined. */
const DEFINED: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  addex: { CY: [0] },
  dcbf: { LX: [0, 1] },
};

/** A case while it is made. */
interface Draft {
  readonly row: Row;
  readonly random: Random;
  readonly fields: Record<string, number>;
  readonly gpr: U64[];
  /** Of the instruction, where nothing stands before it. */
  readonly address: number;
  /** Words before the instruction. */
  readonly before: number[];
}

/** A prefixed load or store is like the one whose name follows the p. */
function likeUnprefixed(mnemonic: string): string {
  return mnemonic.replace(/^p(?=l|st)/, "");
}

/** Has the row an address for an operand? */
function hasAddress(row: Row): boolean {
  return /\(RA0?\)/.test(row.syntax) || /^(l[bhwdqs]|st[bhwdqs]|dcb|icb)/.test(row.mnemonic);
}

/** Bytes that an access may reach from its address, and what the address has to be a multiple of. */
function reach(name: string): { readonly bytes: number; readonly alignment: number } {
  const mnemonic = likeUnprefixed(name);
  if (/^(lq|stq)/.test(mnemonic)) return { bytes: 16, alignment: 16 };
  if (/^(lmw|stmw|ls|sts)/.test(mnemonic)) return { bytes: 128, alignment: 1 };
  const size = /^(?:l(.)arx|st(.)cx\.)$/.exec(mnemonic);
  const bytes = { b: 1, h: 2, w: 4, d: 8 }[size?.[1] ?? size?.[2] ?? "d"] ?? 8;
  return { bytes, alignment: size === null ? 1 : bytes };
}

/** Whether the registers make a valid form of an access. */
function validAccess({ row, fields }: Draft): boolean {
  const base = fields["RA0"] ?? fields["RA"] ?? 0;
  const index = fields["RB"] ?? -1;
  const data = fields["RT"] ?? fields["RS"] ?? -1;
  if (fields["RA"] !== undefined && (base === 0 || base === data)) return false;
  if (index === base && fields["RA0"] !== 0) return false; // the address would be twice a register
  if (/^(lq|stq)/.test(likeUnprefixed(row.mnemonic)))
    return data % 2 === 0 && ![data, data + 1].some((r) => r === base || r === index);
  if (/^(lmw|lsw)/.test(row.mnemonic)) return base < data && index < data && data < 24;
  return !row.mnemonic.startsWith("stsw") || data < 24;
}

/** Sets the registers and the displacement so that the address is in the scratch memory. False where the form has no address. */
function aim({ row, random, fields, gpr, address }: Draft): boolean {
  const { bytes, alignment } = reach(row.mnemonic);
  const target = PLACE.SCRATCH + random.below((SCRATCH_BYTES - bytes) / alignment + 1) * alignment;
  const base = fields["RA0"] ?? fields["RA"] ?? 0;
  const noBase = fields["RA0"] === 0;
  const displacement = ["D", "DS", "DQ"].find((name) => fields[name] !== undefined);
  if (displacement !== undefined) {
    if (fields["R"] === 1) fields[displacement] = target - address;
    else if (noBase) fields[displacement] = target - (target % 4);
    else gpr[base] = u64(target - (fields[displacement] ?? 0));
    return true;
  }
  const index = fields["RB"];
  if (index === undefined) {
    gpr[base] = u64(target);
    return !noBase;
  }
  if (noBase) gpr[index] = u64(target);
  else gpr[base] = u64(target).sub(gpr[index] ?? u64(0));
  return true;
}

/** Most store conditionals have a reservation: a load and reserve of the same address stands before. */
function reserve({ row, random, fields, before }: Draft): void {
  const size = /^st(.)cx\.$/.exec(row.mnemonic)?.[1];
  const { RA0 = 0, RB = 0, RS = 0 } = fields;
  if (size === undefined || random.below(3) === 0 || Math.max(RA0, RB, RS) >= 30) return;
  before.push(encode(`l${size}arx`, { RT: 30, RA0, RB }));
}

/** A valid case of a row for this address; undefined where chance gave an invalid form. */
export function rowCase(row: Row, random: Random, address: number): Case | undefined {
  const fields: Record<string, number> = {};
  for (const field of [...row.fields, ...row.shape]) fields[field.name] = fieldFor(random, field);
  if (fields["SPR"] !== undefined) fields["SPR"] = random.pick(SPRS);
  for (const [name, values] of Object.entries(DEFINED[row.mnemonic] ?? {}))
    fields[name] = random.pick(values);
  if (isInvalid(row, fields)) return undefined;
  const gpr = Array.from({ length: 32 }, () => random.value());
  const draft: Draft = { row, random, fields, gpr, address, before: [] };
  if (hasAddress(row)) {
    if (!validAccess(draft) || !aim(draft)) return undefined;
    reserve(draft);
  }
  if (row.mnemonic === "bctar") draft.before.push(encode("mtspr", { SPR: SPR.TAR, RS: 5 }));
  const behind = address + 4 * (draft.before.length + 1);
  const taken = u64(behind + 4);
  if (row.mnemonic === "b") fields["LI"] = fields["AA"] === 1 ? PLACE.TAKEN : TO_TAKEN;
  if (row.mnemonic === "bc") fields["BD"] = fields["AA"] === 1 ? PLACE.TAKEN : TO_TAKEN;
  if (row.mnemonic === "bctar") gpr[5] = taken;
  const decrements = ((fields["BO"] ?? 0) & 4) === 0;
  if (row.mnemonic === "bcctr" && decrements) return undefined; // an invalid form
  const ctr = row.mnemonic === "bcctr" ? taken : random.pick([u64(0), u64(1), u64(2), random.value()]);
  const lr = row.mnemonic === "bclr" ? taken : random.value();
  const shown = Object.entries(fields).map(([name, n]) => `${name}=${n}`);
  return {
    name: [row.mnemonic, ...shown].join(" "),
    mnemonic: row.mnemonic,
    fields,
    address,
    words: withExits(address, [...draft.before, ...encodeRow(row, fields)]),
    gpr,
    cr: random.word() >>> 0,
    xer: random.pick([0, 0x2000_0000, 0xe00c_0000, 0x8000_0000, 0x6004_0000]) + random.below(33), // at most 8 registers of a string
    lr,
    ctr,
  };
}

/** About `each` cases of each row, laid out one after another. */
export function rowCases(rows: readonly Row[], random: Random, each: number): readonly Case[] {
  const cases: Case[] = [];
  let address: number = PLACE.BLOCKS;
  for (const row of rows)
    for (let i = 0; i < each; i++) {
      const made = rowCase(row, random, address);
      if (made === undefined) continue;
      cases.push(made);
      address += 4 * made.words.length;
    }
  return cases;
}
