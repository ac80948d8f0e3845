// From an instruction word, or a prefix and its suffix, to text, spelled as the GNU disassembler spells it. It refuses what that one refuses.
// What a word does is no concern of this file: words that are refused here may well be executed.
import { fromHalves, hex32, u64, type U64 } from "../../word/long.ts";
import { printedBranches, validBO } from "./branch-spelling.ts";
import { allFields, type CpuModel, decode, decodePrefixed } from "./decode.ts";
import type { InstructionWords } from "./encode.ts";
import { type Field, operandKinds } from "./pattern.ts";
import { existsOn, type Row } from "./row.ts";
import { printed } from "./simplified.ts";
import { type OperandSyntax, operandsOf, parseSyntax, type Spelling, suffixes } from "./spelling.ts";
import { sprName } from "./spr-names.ts";
import { isa } from "./table.ts";

export interface DisassembleOptions {
  /** Default: power9. */
  readonly cpu?: CpuModel;
  /** The name of a target, such as `main+0x8`; it is written behind the address. */
  readonly symbol?: (address: U64) => string | undefined;
}

type Values = Readonly<Record<string, number>>;

const crBitNames = ["lt", "gt", "eq", "so"] as const;

/** Other spellings by the mnemonic of their row. */
const spellings: ReadonlyMap<string, readonly Spelling[]> = (() => {
  const map = new Map<string, Spelling[]>();
  for (const spelled of [...printed, ...printedBranches]) {
    const list = map.get(spelled.base);
    if (list === undefined) map.set(spelled.base, [spelled]);
    else list.push(spelled);
  }
  return map;
})();

function value(fields: Values, name: string): number {
  return fields[name] ?? 0;
}

const baseIsTarget = (f: Values): boolean => value(f, "RA") === 0 || value(f, "RA") === value(f, "RT");
const baseIsZero = (f: Values): boolean => value(f, "RA") === 0;
const reservedBO = (f: Values): boolean => !validBO.includes(value(f, "BO"));
const notOneField = (f: Values): boolean => !/^10*$/.test(value(f, "FXM").toString(2));

/** Invalid forms that the GNU disassembler takes for data. @source binutils 2.40 */
const refused: Readonly<Record<string, (fields: Values) => boolean>> = {
  lbzu: baseIsTarget,
  lbzux: baseIsTarget,
  lhzu: baseIsTarget,
  lhzux: baseIsTarget,
  lhau: baseIsTarget,
  lhaux: baseIsTarget,
  lwzu: baseIsTarget,
  lwzux: baseIsTarget,
  lwaux: baseIsTarget,
  ldu: baseIsTarget,
  ldux: baseIsTarget,
  stbu: baseIsZero,
  stbux: baseIsZero,
  sthu: baseIsZero,
  sthux: baseIsZero,
  stwu: baseIsZero,
  stwux: baseIsZero,
  stdu: baseIsZero,
  stdux: baseIsZero,
  lmw: (f) => value(f, "RA0") >= value(f, "RT"),
  lswi: (f) => value(f, "RA0") === value(f, "RT"),
  lswx: (f) => value(f, "RA0") === value(f, "RT") || value(f, "RB") === value(f, "RT"),
  lq: (f) => value(f, "RT") % 2 === 1 || value(f, "RA0") === value(f, "RT"),
  lqarx: (f) =>
    value(f, "RT") % 2 === 1 || value(f, "RA0") === value(f, "RT") || value(f, "RB") === value(f, "RT"),
  stq: (f) => value(f, "RS") % 2 === 1,
  // it takes odd registers of plq and pstq, and writes the even one below
  plq: (f) => value(f, "RT") % 2 === 1 || value(f, "RA0") === value(f, "RT"),
  pstq: (f) => value(f, "RS") % 2 === 1,
  "stqcx.": (f) => value(f, "RS") % 2 === 1,
  bc: reservedBO,
  bclr: reservedBO,
  bcctr: reservedBO,
  bctar: reservedBO,
  mfocrf: notOneField,
  mtocrf: notOneField,
  mftb: () => true,
};

/** Reserved bits (0 is the most significant) that the GNU disassembler does not look at. @source binutils 2.40 */
const overlooked: Readonly<Record<string, readonly number[]>> = {
  attn: [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
  cmpi: [9],
  cmpli: [9],
  isel: [31],
  lq: [28, 29, 30, 31],
  // it knows pnop by a primary opcode 0 of the suffix
  pnop: Array.from({ length: 26 }, (_, i) => 6 + i),
};

/** Rows whose other spellings are for words without such bits. */
const plainIfOverlooked: readonly string[] = ["isel"];

/** Has a word, or a prefix, reserved bits for which the GNU disassembler refuses it? */
function hasReservedBits(row: Row, word: number, prefix: number): boolean {
  if ((prefix & (row.prefix?.reserved ?? 0)) !== 0) return true;
  const ignored = (overlooked[row.mnemonic] ?? []).reduce((mask, bit) => mask | (0x8000_0000 >>> bit), 0);
  return (word & row.reserved & ~ignored) !== 0;
}

/** A branch target: relative to the instruction, or with AA the 32 bits of the field. */
function target(offset: number, address: U64, AA: number, options: DisassembleOptions): string {
  const to = AA === 1 ? fromHalves(0, offset) : address.add(u64(offset));
  return `0x${to.toString(16)}${named(to, options)}`;
}

/** ` <name>` of an address that has one. */
function named(to: U64, options: DisassembleOptions): string {
  const name = options.symbol?.(to);
  return name === undefined ? "" : ` <${name}>`;
}

function operandText(name: string, values: Values, address: U64, options: DisassembleOptions): string {
  const n = value(values, name);
  if (name === "LI" || name === "BD") return target(n, address, value(values, "AA"), options);
  if (name === "RA0" && n === 0) return "0";
  if (name === "NB" && n === 0) return "32";
  const kind = (operandKinds as Readonly<Record<string, string>>)[name];
  if (kind === "gpr") return `r${n}`;
  if (kind === "crField") return `cr${n}`;
  if (kind !== "crBit") return `${n}`;
  const bit = crBitNames[(n & 3) as 0 | 1 | 2 | 3];
  return n < 4 ? bit : `4*cr${n >> 2}+${bit}`;
}

function operandsText(
  syntax: readonly OperandSyntax[],
  values: Values,
  address: U64,
  options: DisassembleOptions,
): string {
  const isDefault = ({ name, ifOmitted }: OperandSyntax): boolean =>
    ifOmitted === undefined || value(values, name) === ifOmitted;
  return syntax
    .filter((operand, i) => operand.ifOmitted === undefined || !syntax.slice(i).every(isDefault))
    .map(({ name, base }) => {
      const text = operandText(name, values, address, options);
      return base === undefined ? text : `${text}(${operandText(base, values, address, options)})`;
    })
    .join(",");
}

/** Mnemonic and operands in the columns of objdump. */
function line(mnemonic: string, operands: string): string {
  return operands === "" ? mnemonic : `${mnemonic.padEnd(7)} ${operands}`;
}

/** What shape fields of 1 add to the mnemonic, those that the spelling takes for granted excepted. */
function suffixOf(row: Row, values: Values, spelled?: Spelling): string {
  let text = "";
  for (const [name, suffix] of suffixes) {
    const isSet = value(values, name) === 1 && row.shape.some((field) => field.name === name);
    if (isSet && spelled?.where.some(({ field }) => field === name) !== true) text += suffix;
  }
  return text;
}

function fieldOf(row: Row, name: string): Field | undefined {
  return row.fields.find((field) => field.name === name);
}

/** A row's own syntax, and its fields that neither this nor a suffix can show: they have to be 0. */
interface OwnSyntax {
  readonly operands: readonly OperandSyntax[];
  readonly hidden: readonly string[];
}

const ownSyntax: ReadonlyMap<Row, OwnSyntax> = new Map(
  isa.map((row) => {
    const operands = parseSyntax(row.syntax);
    const shown = operands.flatMap(({ name, base }) => [name, base]);
    const spoken = [...shown, ...suffixes.map(([name]) => name)];
    const hidden = [...row.fields, ...row.shape]
      .map(({ name }) => name)
      .filter((name) => !spoken.includes(name));
    return [row, { operands, hidden }];
  }),
);

function sprMove(row: Row, values: Values, cpu: CpuModel): string | undefined {
  if (row.mnemonic !== "mfspr" && row.mnemonic !== "mtspr") return undefined;
  const reads = row.mnemonic === "mfspr";
  const found = sprName(value(values, "SPR"), reads ? "r" : "w", cpu);
  if (found === undefined) return undefined;
  const register = `r${value(values, reads ? "RT" : "RS")}`;
  const index = found.index === undefined ? [] : [`${found.index}`];
  const operands = reads ? [register, ...index] : [...index, register];
  return line(`${reads ? "mf" : "mt"}${found.name}`, operands.join());
}

/** The text of a word, or of a suffix and its prefix, that is this row's; undefined where objdump refuses it. */
function textOf(
  row: Row,
  [word, prefix]: readonly [word: number, prefix?: number],
  address: U64,
  options: DisassembleOptions,
): string | undefined {
  const cpu = options.cpu ?? "power9";
  if (hasReservedBits(row, word, prefix ?? 0)) return undefined;
  const values = allFields(row, word, prefix);
  const isRefused = refused[row.mnemonic]?.(values) === true;
  // branches with reserved hints do have names
  if (isRefused && row.prefix !== undefined) return undefined;
  const plain = (word & row.reserved) !== 0 && plainIfOverlooked.includes(row.mnemonic);
  const limitOf = (name: string): number => 2 ** (fieldOf(row, name)?.width ?? 0);
  for (const spelled of spellings.get(row.mnemonic) ?? []) {
    if (plain || !existsOn(spelled, cpu)) continue;
    const operands = operandsOf(spelled, values, limitOf);
    if (operands === undefined) continue;
    return line(
      `${spelled.mnemonic}${suffixOf(row, values, spelled)}${spelled.hint}`,
      operandsText(spelled.syntax, operands, address, options),
    );
  }
  const moved = sprMove(row, values, cpu);
  if (moved !== undefined) return moved;
  const { operands = [], hidden = [] } = ownSyntax.get(row) ?? {};
  const isHiding = hidden.some((name) => value(values, name) !== 0);
  if (isHiding || isRefused) return undefined;
  return line(`${row.mnemonic}${suffixOf(row, values)}`, operandsText(operands, values, address, options));
}

/**
 * The text of a word, or of a prefix and its suffix; undefined where `disassemble` would write `.long`: a prefix and a suffix are words of
 * their own then. Where R is 1 the address that is meant stands behind: `pld     r3,16<tab># 1010 <name>`.
 */
export function disassembleInstruction(
  words: InstructionWords,
  address: U64,
  options: DisassembleOptions = {},
): string | undefined {
  const cpu = options.cpu ?? "power9";
  if (words.length === 1) {
    const [word] = words;
    const row = decode(word, cpu);
    return row === undefined ? undefined : textOf(row, words, address, options);
  }
  const [prefix, suffix] = words;
  const row = decodePrefixed(prefix, suffix, cpu);
  const text = row === undefined ? undefined : textOf(row, [suffix, prefix], address, options);
  if (row === undefined || text === undefined) return undefined;
  const { R, D, SI } = allFields(row, suffix, prefix);
  if (R !== 1) return text;
  const to = address.add(u64(D ?? SI ?? 0));
  return `${text}\t# ${to.toString(16)}${named(to, options)}`;
}

/**
 * The text of a word: mnemonic and operands exactly as `objdump -d -M power9` (or the processor asked for) spells them, branch
 * targets as absolute addresses with 0x; `.long 0x…` for a word that is no instruction or that objdump refuses.
 */
export function disassemble(word: number, address: U64, options: DisassembleOptions = {}): string {
  return disassembleInstruction([word], address, options) ?? `.long ${shortHex(word)}`;
}

function shortHex(word: number): string {
  return hex32(word).replace(/^0x0*(?=.)/, "0x");
}
