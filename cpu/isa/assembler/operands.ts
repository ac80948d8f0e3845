// From the text of operands to the fields of an instruction. Mnemonics are in forms.ts, lines in ../assemble.ts.
import { fromHalves, hex64, u64, type U64 } from "../../../word/long.ts";
import { EncodeError, encodeRow, type InstructionWords } from "../encode.ts";
import { type Field, operandKinds } from "../pattern.ts";
import { fieldFrom, type OperandSyntax } from "../spelling.ts";
import { sprNames } from "../spr-names.ts";
import { evaluate, ExpressionError, type Lookup } from "./expression.ts";
import type { Form } from "./forms.ts";

/** An operand that does not fit its place. */
export class OperandError extends Error {
  override readonly name = "OperandError";
}

export interface OperandContext {
  readonly lookup: Lookup;
  /** Of the instruction. */
  readonly address: U64;
}

/** Splits at commas outside parentheses and quotes. */
export function splitOperands(text: string): string[] {
  if (text.trim() === "") return [];
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quoted && character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}

const crBits: Readonly<Record<string, number>> = { lt: 0, gt: 1, eq: 2, so: 3, un: 3 };
const registerNames: Readonly<Record<string, number>> = { sp: 1, rtoc: 2 };

/** A value as a signed number, where a number can hold it. */
function signedNumber(value: U64): number {
  const signed = value.toSigned().toNumber();
  if (!Number.isSafeInteger(signed)) throw new OperandError(`${hex64(value)} is out of range`);
  return signed;
}

function registerNumber(text: string, lookup: Lookup): number {
  const bare = text.replace(/^%/, "").toLowerCase();
  const [, digits] = /^r(\d{1,2})$/.exec(bare) ?? [];
  const named = digits === undefined ? registerNames[bare] : Number(digits);
  const number = named ?? signedNumber(evaluate(text, lookup).value);
  if (number < 0 || number > 31) throw new OperandError(`there is no register ${text}`);
  return number;
}

/** `cr7`, `4*cr7+eq`, `eq` or a number: names are numbers here. */
function crNumber(text: string, lookup: Lookup): number {
  const names: Lookup = (name) => {
    const [, digit] = /^cr([0-7])$/.exec(name) ?? [];
    const known = digit === undefined ? crBits[name] : Number(digit);
    return known === undefined ? lookup(name) : u64(known);
  };
  return signedNumber(evaluate(text.replaceAll("%", ""), names).value);
}

/** A number, or a name as in mfNAME: `srr0`, `SPRG3`. */
function sprOperand(text: string, access: "r" | "w", lookup: Lookup): number {
  const wanted = text.toLowerCase();
  const named = sprNames.find(
    ({ name, index, access: moves }) => `${name}${index ?? ""}` === wanted && moves.includes(access),
  );
  return named?.number ?? signedNumber(evaluate(text, lookup).value);
}

/** Where a branch goes, as its field has it: from the instruction on, or absolute with AA. */
function branchOffset(text: string, absolute: boolean, context: OperandContext): number {
  const to = evaluate(text, context.lookup).value;
  if (!absolute) return signedNumber(to.sub(context.address));
  // The disassembler writes a negative absolute target as 32 bits.
  return to.high === 0 ? fromHalves(0, to.low).low : signedNumber(to);
}

/** An immediate: halves such as x@l fit a signed field too, and addis takes 16 unsigned bits as the GNU assembler does. */
function immediate(text: string, field: Field | undefined, form: Form, lookup: Lookup): number {
  const { value, isHalf } = evaluate(text, lookup);
  const number = signedNumber(value);
  if (field?.signed !== true) return number;
  const wraps = isHalf || form.row.mnemonic === "addis";
  return wraps && number > 0x7fff && number <= 0xffff ? number - 0x1_0000 : number;
}

function operandValue(name: string, text: string, form: Form, context: OperandContext): number {
  if (name === "LI" || name === "BD") return branchOffset(text, form.shape["AA"] === 1, context);
  const field = form.row.fields.find((candidate) => candidate.name === name);
  const kind = (operandKinds as Readonly<Record<string, string>>)[name];
  if (kind === "gpr") return registerNumber(text, context.lookup);
  if (kind === "crField" || kind === "crBit") return crNumber(text, context.lookup);
  if (kind === "spr") return sprOperand(text, form.row.mnemonic === "mtspr" ? "w" : "r", context.lookup);
  const number = immediate(text, field, form, context.lookup);
  return name === "NB" && number === 32 ? 0 : number;
}

/** The operands of the syntax that are given: those that may be left out are, from the last on, as many as are missing. */
function given(syntax: readonly OperandSyntax[], count: number): OperandSyntax[] | undefined {
  let missing = syntax.length - count;
  const kept = [...syntax].reverse().filter(({ ifOmitted }) => {
    if (ifOmitted === undefined || missing <= 0) return true;
    missing--;
    return false;
  });
  return missing === 0 ? kept.reverse() : undefined;
}

/** `8(r3)`: displacement and register. */
function splitBase(text: string): [displacement: string, base: string] {
  const [, displacement = "", base] = /^(.*)\(([^()]*)\)$/s.exec(text) ?? [];
  if (base === undefined) throw new OperandError(`${text} is no displacement(register)`);
  return [displacement.trim() === "" ? "0" : displacement, base.trim()];
}

/** The values of operands by name: fields, and n and b of some spellings. */
function readOperands(form: Form, texts: readonly string[], context: OperandContext): Record<string, number> {
  const syntax = given(form.syntax, texts.length);
  if (syntax === undefined) {
    const needed = form.syntax.filter(({ ifOmitted }) => ifOmitted === undefined).length;
    throw new OperandError(
      `${texts.length} operands, not ${needed}${needed === form.syntax.length ? "" : ` to ${form.syntax.length}`}`,
    );
  }
  const values: Record<string, number> = {};
  for (const { name, ifOmitted } of form.syntax) if (ifOmitted !== undefined) values[name] = ifOmitted;
  syntax.forEach(({ name, base }, i) => {
    const text = texts[i] ?? "";
    if (base === undefined) values[name] = operandValue(name, text, form, context);
    else {
      const [displacement, register] = splitBase(text);
      values[name] = operandValue(name, displacement, form, context);
      values[base] = operandValue(base, register, form, context);
    }
  });
  return values;
}

/** The words of an instruction. Throws OperandError or ExpressionError. */
export function encodeForm(form: Form, texts: readonly string[], context: OperandContext): InstructionWords {
  const operands = readOperands(form, texts, context);
  const all = [...form.row.fields, ...form.row.shape];
  const fields: Record<string, number> = { ...form.shape };
  for (const [name, value] of Object.entries(operands))
    if (all.some((field) => field.name === name)) fields[name] = value;
  for (const condition of form.where) {
    const field = all.find(({ name }) => name === condition.field);
    const limit = 2 ** (field?.width ?? 0);
    for (const { operand } of condition.terms) {
      const value = operands[operand] ?? 0;
      if (condition.field === "SH" && (value < 0 || value >= limit))
        throw new OperandError(`${value} is not 0 to ${limit - 1}`);
    }
    const fixed = fieldFrom(condition, operands, limit);
    const written = operands[condition.field];
    if (fixed === undefined) throw new OperandError(`${condition.field} is missing`);
    const fits =
      condition.terms.length === 0 && written !== undefined && written >= fixed && written <= condition.last;
    if (written !== undefined && !fits && written !== fixed)
      throw new OperandError(`${condition.field} is ${written}, not ${fixed}`);
    fields[condition.field] = fits ? written : fixed;
  }
  return encodeRow(form.row, fields);
}

/** Why a form does not take its operands, if it is the operands' fault. */
export function operandFault(error: unknown): string | undefined {
  if (error instanceof EncodeError) return error.reason;
  return error instanceof OperandError || error instanceof ExpressionError ? error.message : undefined;
}
