// The relocation types of ppc64 that gcc emits for code like the kernel's: one row each, with field, formula and overflow check.
// Names and numbers as in the ABI [ELFv2 3.5.3; ELFv1 4.5.1]; what Linux refuses is not here
// [Linux 6.12 arch/powerpc/kernel/module_64.c apply_relocate_add].
import { ZERO, type U64 } from "../../word/long.ts";

/** What of memory a relocation changes: `ds` leaves the low two bits, `low24` is a branch's LI, `prefix34` two words' immediate. */
export type RelocationField =
  "word64" | "word32" | "half16" | "half16ds" | "low24" | "prefix34" | "large-model prologue" | "nothing";

/** What a formula may use; names as in the ABI. */
export interface RelocationOperands {
  /** S + A: value of the symbol and addend. */
  readonly target: U64;
  /** P: address of what is changed. */
  readonly place: U64;
  /** .TOC.: r2 of the module. */
  readonly toc: U64;
  /** Address of a doubleword that holds S + A. */
  readonly got: () => U64;
  /** Where a branch to the symbol has to go: to its local entry point, or to a stub. `toc`: whether the caller uses r2. */
  readonly call: (caller: "toc" | "notoc") => U64;
}

export interface RelocationType {
  readonly number: number;
  /** Without `R_PPC64_`. */
  readonly name: string;
  readonly field: RelocationField;
  /** Bits of the two's complement number that the value must fit; 0: it is cut. */
  readonly bits: 0 | 16 | 26 | 32 | 34;
  readonly value: (o: RelocationOperands) => U64;
}

type Row = readonly [number, string, RelocationField, RelocationType["bits"], RelocationType["value"]];

const highAdjusted = (value: U64): U64 => value.add(0x8000).shru(16);

// prettier-ignore
const ROWS: readonly Row[] = [
  [  1, "ADDR32",       "word32",                0, (o) => o.target],
  [ 10, "REL24",        "low24",                26, (o) => o.call("toc").sub(o.place)],
  [ 26, "REL32",        "word32",               32, (o) => o.target.sub(o.place)],
  [ 38, "ADDR64",       "word64",                0, (o) => o.target],
  [ 44, "REL64",        "word64",                0, (o) => o.target.sub(o.place)],
  [ 47, "TOC16",        "half16",               16, (o) => o.target.sub(o.toc)],
  [ 48, "TOC16_LO",     "half16",                0, (o) => o.target.sub(o.toc)],
  [ 50, "TOC16_HA",     "half16",                0, (o) => highAdjusted(o.target.sub(o.toc))],
  [ 51, "TOC",          "word64",                0, (o) => o.toc],
  [ 63, "TOC16_DS",     "half16ds",             16, (o) => o.target.sub(o.toc)],
  [ 64, "TOC16_LO_DS",  "half16ds",              0, (o) => o.target.sub(o.toc)],
  [109, "TOCSAVE",      "nothing",               0, () => ZERO],
  [116, "REL24_NOTOC",  "low24",                26, (o) => o.call("notoc").sub(o.place)],
  [118, "ENTRY",        "large-model prologue",  0, (o) => o.toc.sub(o.place)],
  [132, "PCREL34",      "prefix34",             34, (o) => o.target.sub(o.place)],
  [133, "GOT_PCREL34",  "prefix34",             34, (o) => o.got().sub(o.place)],
  [250, "REL16_LO",     "half16",                0, (o) => o.target.sub(o.place)],
  [252, "REL16_HA",     "half16",                0, (o) => highAdjusted(o.target.sub(o.place))],
];

/** All of them, ascending. */
export const relocationTypes: readonly RelocationType[] = ROWS.map(([number, name, field, bits, value]) => ({
  number,
  name,
  field,
  bits,
  value,
}));

const byNumber: ReadonlyMap<number, RelocationType> = new Map(
  relocationTypes.map((type) => [type.number, type]),
);

/** The row of a number; undefined for what Linux does not know either. */
export function relocationType(number: number): RelocationType | undefined {
  return byNumber.get(number);
}

/** Numbers that only code for processors with prefixed instructions has. */
export const PCREL_TYPES: ReadonlySet<number> = new Set(
  relocationTypes.filter(({ name }) => /PCREL|NOTOC/.test(name)).map(({ number }) => number),
);

/** Branches that may need a stub. */
export const REL24 = 10;
export const REL24_NOTOC = 116;
/** References that need an entry of the GOT. */
export const GOT_PCREL34 = 133;
