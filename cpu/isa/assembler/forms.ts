// What can stand as a mnemonic, and the rows that it stands for. Operands are read in operands.ts.
import { acceptedBranches, printedBranches } from "../branch-spelling.ts";
import { rowOf } from "../encode.ts";
import { type CpuModel, existsOn, type Row } from "../row.ts";
import { accepted, printed } from "../simplified.ts";
import {
  type Condition,
  type OperandSyntax,
  parseSyntax,
  spelling,
  type Spelling,
  suffixes,
} from "../spelling.ts";
import { sprNames } from "../spr-names.ts";
import { isa } from "../table.ts";

/** A mnemonic with its suffixes, for one row. */
export interface Form {
  readonly row: Row;
  readonly syntax: readonly OperandSyntax[];
  readonly where: readonly Condition[];
  /** What the suffixes say. */
  readonly shape: Readonly<Record<string, number>>;
}

const spellingsByName: ReadonlyMap<string, readonly Spelling[]> = (() => {
  const map = new Map<string, Spelling[]>();
  for (const spelled of [...printed, ...accepted, ...printedBranches, ...acceptedBranches]) {
    const name = spelled.mnemonic + spelled.hint;
    const list = map.get(name);
    if (list === undefined) map.set(name, [spelled]);
    else list.push(spelled);
  }
  return map;
})();

/** Names of prefixed instructions; they have no suffixes. */
const prefixedNames: ReadonlySet<string> = new Set([
  ...isa.filter(({ prefix }) => prefix !== undefined).map(({ mnemonic }) => mnemonic),
  ...[...printed, ...accepted]
    .filter(({ base }) => rowOf(base)?.prefix !== undefined)
    .map(({ mnemonic }) => mnemonic),
]);

/** Does a mnemonic stand for two words? */
export function isPrefixedName(mnemonic: string): boolean {
  return prefixedNames.has(mnemonic);
}

/** Every way to take a mnemonic apart: `bnela+` into `bne+` and `l` and `a`; the suffixes are those of shape fields. */
function splits(mnemonic: string): { readonly name: string; readonly shape: Record<string, number> }[] {
  const [, stem = "", hint = ""] = /^(.*?)([+-]?)$/.exec(mnemonic) ?? [];
  let found: { stem: string; shape: Record<string, number> }[] = [{ stem, shape: {} }];
  for (const [field, text] of [...suffixes].reverse())
    found = found.flatMap((split) =>
      split.stem.endsWith(text) && split.stem.length > text.length
        ? [split, { stem: split.stem.slice(0, -text.length), shape: { ...split.shape, [field]: 1 } }]
        : [split],
    );
  return found.map((split) => ({ name: split.stem + hint, shape: split.shape }));
}

/** Can the row have these suffixes, and does the spelling leave them free? */
function takes(row: Row, shape: Readonly<Record<string, number>>, where: readonly Condition[]): boolean {
  return Object.keys(shape).every(
    (name) => row.shape.some((field) => field.name === name) && !where.some(({ field }) => field === name),
  );
}

/** mfNAME and mtNAME; `mfsprg0` beside `mfsprg rt,0`. */
function sprSpellings(mnemonic: string): Spelling[] {
  const [, direction, register] = /^m([ft])(\w+)$/.exec(mnemonic) ?? [];
  if (direction === undefined) return [];
  const [access, base, operand] =
    direction === "f" ? (["r", "mfspr", "RT"] as const) : (["w", "mtspr", "RS"] as const);
  return sprNames
    .filter((entry) => entry.access.includes(access))
    .flatMap(({ number, name, index, since }) => {
      if (register === (index === undefined ? name : `${name}${index}`))
        return [spelling(mnemonic, operand, `${base} SPR=${number}`, { since })];
      if (register !== name || index !== 0) return [];
      // The upper and the lower halves of a BAT take turns, the SPRGs follow one another.
      const step = name.includes("bat") ? 2 : 1;
      return [
        spelling(mnemonic, direction === "f" ? "RT,n" : "n,RS", `${base} SPR=${number}+${step}*n`, { since }),
      ];
    });
}

/** The forms of a mnemonic that a processor has. */
export function formsOf(mnemonic: string, cpu: CpuModel | undefined): readonly Form[] {
  const exists = (thing: Pick<Row, "since" | "until">): boolean => cpu === undefined || existsOn(thing, cpu);
  const forms: Form[] = [];
  for (const { name, shape } of splits(mnemonic)) {
    const row = rowOf(name);
    if (row !== undefined && exists(row) && takes(row, shape, []))
      forms.push({ row, shape, syntax: parseSyntax(row.syntax), where: [] });
    for (const spelled of spellingsByName.get(name) ?? []) {
      const base = rowOf(spelled.base);
      if (base !== undefined && exists(base) && exists(spelled) && takes(base, shape, spelled.where))
        forms.push({ row: base, shape, syntax: spelled.syntax, where: spelled.where });
    }
  }
  if (forms.length > 0) return forms;
  return sprSpellings(mnemonic).flatMap(({ base, syntax, where }) => {
    const row = rowOf(base);
    return row === undefined ? [] : [{ row, shape: {}, syntax, where }];
  });
}
