// Puts the value of a relocation into memory: each kind of field, with what it must be a multiple of.
// What the value is, is relocation.ts's.
import type { U64 } from "../../word/long.ts";
import { encode } from "../../cpu/isa/encode.ts";
import { store64 } from "./image.ts";
import { fitsSigned, ha, lo } from "./immediate.ts";
import type { RelocationField } from "./relocation.ts";

/** Bytes that a field takes, from the relocation's offset on. */
export const FIELD_BYTES: Readonly<Record<RelocationField, number>> = {
  word64: 8,
  word32: 4,
  half16: 2,
  half16ds: 2,
  low24: 4,
  prefix34: 8,
  "large-model prologue": 8,
  nothing: 0,
};

/** Fields whose value must be a multiple of 4. */
export const WORD_ALIGNED: ReadonlySet<RelocationField> = new Set(["half16ds", "low24"]);

const LI = 0x03ff_fffc;
/** Upper part of a prefixed instruction's immediate, in the prefix; the lower 16 bits are in the suffix. */
const PREFIX_IMMEDIATE = 0x3_ffff;

/** Changes the field at `offset`; the value was checked. */
export function putField(
  field: RelocationField,
  view: DataView,
  offset: number,
  value: U64,
  little: boolean,
): void {
  switch (field) {
    case "word64":
      store64(view, offset, value, little);
      return;
    case "word32":
      view.setInt32(offset, value.low, little);
      return;
    case "half16":
      view.setInt16(offset, value.low, little);
      return;
    case "half16ds":
      view.setInt16(offset, (view.getInt16(offset, little) & 3) | (value.low & 0xfffc), little);
      return;
    case "low24":
      replace(view, offset, LI, value.low, little);
      return;
    case "prefix34":
      replace(view, offset, PREFIX_IMMEDIATE, value.shru(16).low, little);
      replace(view, offset + 4, 0xffff, value.low, little);
      return;
    case "large-model prologue":
      shortenPrologue(view, offset, value, little);
      return;
    case "nothing":
  }
}

function replace(view: DataView, offset: number, mask: number, value: number, little: boolean): void {
  view.setInt32(offset, (view.getInt32(offset, little) & ~mask) | (value & mask), little);
}

const LD_R2_R12 = encode("ld", { RT: 2, RA0: 12, DS: 0 });
const ADD_R2_R12 = encode("add", { RT: 2, RA: 2, RB: 12 });

/**
 * `ld r2,…(r12); add r2,r2,r12` becomes addis and addi where the TOC is within 2 GiB.
 * @param distance from the function to the TOC
 * @linux arch/powerpc/kernel/module_64.c R_PPC64_ENTRY
 */
function shortenPrologue(view: DataView, offset: number, distance: U64, little: boolean): void {
  if (!fitsSigned(distance.add(0x8000), 32)) return;
  if ((view.getUint32(offset, little) & ~0xfffc) >>> 0 !== LD_R2_R12) return;
  if (view.getUint32(offset + 4, little) !== ADD_R2_R12) return;
  view.setUint32(offset, encode("addis", { RT: 2, RA0: 12, SI: ha(distance) }), little);
  view.setUint32(offset + 4, encode("addi", { RT: 2, RA0: 2, SI: lo(distance) }), little);
}
