// How an instruction is written: its operands in order, the suffixes of its mnemonic, and other names for special cases of it.
// The names are in simplified.ts and branch-spelling.ts; text is read and made elsewhere.
import type { CpuModel } from "./row.ts";

/** An operand in a syntax: a field, or a field with a base register in parentheses. */
export interface OperandSyntax {
  readonly name: string;
  /** The register in parentheses: `D(RA0)`. */
  readonly base: string | undefined;
  /** May be left out, and is this then. */
  readonly ifOmitted: number | undefined;
}

/** Reads `RT,D(RA0)`, `RS,L?`, `RA0,RB,TH?8`. */
export function parseSyntax(syntax: string): readonly OperandSyntax[] {
  if (syntax === "") return [];
  return syntax.split(",").map((text) => {
    const [left = "", omitted] = text.split("?");
    const [name = "", base] = left.replace(")", "").split("(");
    return { name, base, ifOmitted: omitted === undefined ? undefined : Number(omitted) };
  });
}

/** What a shape field of 1 adds to the mnemonic, in this order. */
export const suffixes = [
  ["OE", "o"],
  ["Rc", "."],
  ["LK", "l"],
  ["AA", "a"],
] as const;

/** What a field is in a special case: a constant, up to `last`; or constant + sum of factor × operand. */
export interface Condition {
  readonly field: string;
  readonly constant: number;
  /** Only with a constant: any value from it to this one. */
  readonly last: number;
  /** Names of operands: fields of the row, or n and b. */
  readonly terms: readonly { readonly operand: string; readonly factor: number }[];
}

/** Another way to write some words of a row. Operands and conditions are read from text when they are first asked for. */
export class Spelling {
  readonly mnemonic: string;
  /** Comes after the suffixes: a branch hint. */
  readonly hint: "" | "+" | "-";
  /** Mnemonic of the row. */
  readonly base: string;
  readonly since: CpuModel;
  readonly until: CpuModel;
  readonly #syntaxText: string;
  readonly #whereText: string;
  #syntax: readonly OperandSyntax[] | undefined;
  #where: readonly Condition[] | undefined;

  /** `meaning` is the row and what the spelling takes for granted: `rlwinm SH=n MB=0 ME=31-n`. */
  constructor(mnemonic: string, syntax: string, meaning: string, options: SpellingOptions) {
    const blank = meaning.indexOf(" ");
    this.mnemonic = mnemonic;
    this.hint = options.hint ?? "";
    this.base = blank < 0 ? meaning : meaning.slice(0, blank);
    this.since = options.since ?? "power8";
    this.until = options.until ?? "power10";
    this.#syntaxText = syntax;
    this.#whereText = blank < 0 ? "" : meaning.slice(blank + 1);
  }

  get syntax(): readonly OperandSyntax[] {
    return (this.#syntax ??= parseSyntax(this.#syntaxText));
  }

  get where(): readonly Condition[] {
    return (this.#where ??= this.#whereText === "" ? [] : parseConditions(this.#whereText));
  }
}

export interface SpellingOptions {
  readonly hint?: "" | "+" | "-";
  readonly since?: CpuModel;
  readonly until?: CpuModel;
}

/** Reads conditions with blanks between them. */
export function parseConditions(text: string): readonly Condition[] {
  return text.split(" ").map(parseCondition);
}

/** Reads `SH=n`, `ME=31-n`, `BI=4*BF+2`, `RB=RS`, `TH=0..7`. */
export function parseCondition(text: string): Condition {
  const [field = "", value = ""] = text.split("=");
  const range = /^(\d+)\.\.(\d+)$/.exec(value);
  if (range !== null) {
    const [, first, last] = range;
    return { field, constant: Number(first), last: Number(last), terms: [] };
  }
  let constant = 0;
  const terms: { operand: string; factor: number }[] = [];
  for (const [, sign, factor = "1", operand, number] of value.matchAll(
    /([+-]?)(?:(?:(\d+)\*)?([A-Za-z]\w*)|(\d+))/g,
  )) {
    const unit = sign === "-" ? -1 : 1;
    if (operand === undefined) constant += unit * Number(number);
    else terms.push({ operand, factor: unit * Number(factor) });
  }
  return { field, constant, last: constant, terms };
}

/** A line of a table of spellings: mnemonic, operands, then the row and what it takes for granted. */
export function spelling(
  mnemonic: string,
  syntax: string,
  meaning: string,
  options: SpellingOptions = {},
): Spelling {
  return new Spelling(mnemonic, syntax, meaning, options);
}

/** Rotation counts are taken modulo the size of their field: `32-n` is 0 for n = 0. */
function modulusOf(field: string, limit: number): number | undefined {
  return field === "SH" ? limit : undefined;
}

/**
 * The operands of a word that a spelling fits: its fields, and n where the spelling has one. Undefined where it does not fit.
 * @param limitOf the number of values of a field
 */
export function operandsOf(
  spelled: Spelling,
  fields: Readonly<Record<string, number>>,
  limitOf: (field: string) => number,
): Readonly<Record<string, number>> | undefined {
  const operands: Record<string, number> = { ...fields };
  for (const { field, constant, last, terms } of spelled.where) {
    const value = fields[field] ?? 0;
    const [term, ...more] = terms;
    if (term === undefined) {
      if (value < constant || value > last) return undefined;
      continue;
    }
    if (more.length > 0) return undefined;
    const modulus = modulusOf(field, limitOf(field));
    const known = operands[term.operand];
    if (known === undefined) {
      const found = (value - constant) / term.factor;
      const solved = modulus === undefined ? found : ((found % modulus) + modulus) % modulus;
      if (!Number.isInteger(solved) || solved < 0) return undefined;
      operands[term.operand] = solved;
    } else {
      const wanted = constant + term.factor * known;
      if (value !== (modulus === undefined ? wanted : ((wanted % modulus) + modulus) % modulus))
        return undefined;
    }
  }
  return operands;
}

/** The value that a condition gives its field, from the operands; undefined where an operand is missing. */
export function fieldFrom(
  condition: Condition,
  operands: Readonly<Record<string, number>>,
  limit: number,
): number | undefined {
  let value = condition.constant;
  for (const term of condition.terms) {
    const operand = operands[term.operand];
    if (operand === undefined) return undefined;
    value += term.factor * operand;
  }
  const modulus = condition.terms.length === 0 ? undefined : modulusOf(condition.field, limit);
  return modulus === undefined ? value : ((value % modulus) + modulus) % modulus;
}
