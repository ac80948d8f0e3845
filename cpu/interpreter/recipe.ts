// Which bits of a word choose a handler, from the rows' patterns: the recipe of the decode table. For the generator alone.
import type { Field } from "../isa/pattern.ts";
import { cpuModels, type Row } from "../isa/row.ts";
import { STATE } from "../state.ts";
import { GenerateError } from "../wasm/emitter.ts";
import { FIRST_PREFIXED, type Entries, type Recipe, type Selector } from "./decode-table.ts";
import { LEAVE, PREFIX, type Variant } from "./handlers.ts";

/** Bits 21:31 hold the extended opcodes; shape fields above them are moved down. */
const LOW_BITS = 0x7ff;
const OPCODE_FIELD = 0x03ff_ffff;

function bitsOf(field: Field): number {
  return field.pieces.reduce((bits, piece) => bits | ((2 ** piece.width - 1) * 2 ** piece.shift), 0);
}

/** The bits of a field that holds `value`. */
function bitsOfValue(field: Field, value: number): number {
  return field.pieces.reduce(
    (bits, { at, width, shift }) => bits | (((value >> at) & (2 ** width - 1)) << shift),
    0,
  );
}

/** A variant with the bits that matter: shape fields on which the handler does not depend do not. */
interface Choice {
  readonly variant: Variant;
  readonly mask: number;
  readonly match: number;
}

function choices(variants: readonly Variant[]): readonly Choice[] {
  const byRow = new Map<Row, Variant[]>();
  for (const variant of variants) byRow.set(variant.row, [...(byRow.get(variant.row) ?? []), variant]);
  return [...byRow.values()].flatMap((group) => {
    const uniform = group.every(({ handler }) => handler === group[0]?.handler);
    if (uniform)
      return group
        .slice(0, 1)
        .map((variant) => ({ variant, mask: variant.row.mask, match: variant.row.match }));
    return group.map((variant) => {
      let { mask, match } = variant.row;
      for (const [field, value] of variant.shape) {
        mask |= bitsOf(field);
        match |= bitsOfValue(field, value);
      }
      return { variant, mask, match };
    });
  });
}

/** What stands in the table of prefixed instructions. @throws GenerateError where other bits than those of its index decide. */
function prefixedEntries(variants: readonly Variant[]): readonly Entries[] {
  return variants.flatMap(({ row, shape, handler }) => {
    if (row.prefix === undefined || handler === LEAVE) return [];
    let { mask, match } = row.prefix;
    for (const [field, value] of shape) {
      if (field.pieces.some(({ inPrefix }) => !inPrefix))
        throw new GenerateError(`${row.mnemonic}: ${field.name} is in the suffix`);
      mask |= bitsOf(field);
      match |= bitsOfValue(field, value);
    }
    if ((mask & 0xf_ffff) !== 0 || (row.mask & OPCODE_FIELD) !== 0)
      throw new GenerateError(`${row.mnemonic}: fixed bits that the table cannot see`);
    const key = (prefix: number, suffix: number): number => (((prefix >>> 20) & 63) << 6) | (suffix >>> 26);
    const since = cpuModels.indexOf(row.since);
    return [
      { first: FIRST_PREFIXED + key(match, row.match), free: 0xfff & ~key(mask, row.mask), handler, since },
    ];
  });
}

/** The primary opcode of prefixes. */
const PREFIXES = 1;

/** @throws GenerateError where the table does not fit its place. */
export function decodeRecipe(variants: readonly Variant[]): Recipe {
  const words = variants.filter(({ row }) => row.prefix === undefined);
  const all = choices(words).filter(({ variant }) => variant.handler !== LEAVE);
  const selectors: Selector[] = [];
  const entries: Entries[] = [];
  let base = 0;
  for (let primary = 0; primary < 64; primary++) {
    const here = all.filter(({ mask, match }) => ((primary << 26) & mask) >>> 26 === match >>> 26);
    const used = here.reduce((bits, { mask }) => bits | mask, 0) & OPCODE_FIELD;
    const low = used & LOW_BITS;
    const lowWidth = 32 - Math.clz32(low);
    const high = used & ~LOW_BITS;
    const lowestHigh = high === 0 ? lowWidth + 1 : 31 - Math.clz32(high & -high);
    const shift = lowestHigh - lowWidth;
    const selector = { base, low, high: high >>> shift, shift };
    const key = (word: number): number => (word & low) + ((word >>> shift) & selector.high);
    for (const { variant, mask, match } of here)
      entries.push({
        first: base + key(match),
        free: key(used & ~mask),
        handler: variant.handler,
        since: cpuModels.indexOf(variant.row.since),
      });
    if (primary === PREFIXES)
      entries.push({ first: base, free: 0, handler: PREFIX, since: cpuModels.indexOf("power10") });
    selectors.push(selector);
    base += key(used) + 1;
  }
  entries.push(...prefixedEntries(variants));
  if (STATE.DECODE + 2 * base > STATE.DECODEPREFIXED)
    throw new GenerateError(`decode table of ${base} entries`);
  return { selectors, entries };
}
