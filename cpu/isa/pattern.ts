// The grammar of instruction patterns: what a pattern's text says, as a type of its fields and as bit positions.
// No instruction is described here, and nothing is executed.

/** Shape fields decide which operations happen: plain numbers; an engine meets each of these values when it generates. */
export const shapes = {
  Rc: [0, 1],
  OE: [0, 1],
  LK: [0, 1],
  AA: [0, 1],
  L: [0, 1],
  R: [0, 1],
  // prettier-ignore
  BO: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
} as const;

/** Operand fields are opaque to a row: each name has a kind, which says which verb of Machine takes it. */
// prettier-ignore
export const operandKinds = {
  RT: "gpr", RS: "gpr", RA: "gpr", RB: "gpr", RC: "gpr", RA0: "gpr",
  SI: "imm", UI: "imm", D: "imm", DS: "imm", DQ: "imm", BD: "imm", LI: "imm", SH: "imm", MB: "imm", ME: "imm", NB: "imm", TO: "imm",
  FXM: "imm", CY: "imm", TH: "imm", CT: "imm", BH: "imm", EH: "imm", LEV: "imm", WC: "imm", IH: "imm", RIC: "imm", PRS: "imm",
  /** An L that decides nothing here, or is wider than one bit: of sync, dcbf, dcbz, slbmfee. */
  LX: "imm",
  BF: "crField", BFA: "crField",
  BI: "crBit", BT: "crBit", BA: "crBit", BB: "crBit", BC: "crBit",
  SPR: "spr",
} as const;

type Shapes = { readonly [K in keyof typeof shapes]: (typeof shapes)[K][number] };
type OperandKinds = typeof operandKinds;

/** Which verb of Machine takes a field; "shape" for those that a row may branch on. */
export type FieldKind = OperandKinds[keyof OperandKinds] | "shape";

declare const kind: unique symbol;
/** An operand field. `K` says which verb of Machine takes it; `N` is its name, so that RA and RB cannot even be compared. */
export interface Operand<K extends string = string, N extends string = string> {
  readonly [kind]: readonly [K, N];
}
export type Gpr<N extends string = string> = Operand<"gpr", N>;
export type Imm<N extends string = string> = Operand<"imm", N>;
export type CrField<N extends string = string> = Operand<"crField", N>;
export type CrBit<N extends string = string> = Operand<"crBit", N>;
export type Spr<N extends string = string> = Operand<"spr", N>;

type FieldType<N extends string> = N extends keyof Shapes
  ? Shapes[N]
  : N extends keyof OperandKinds
    ? Operand<OperandKinds[N], N>
    : `unknown field ${N}`;
type NameIn<T extends string> = T extends `${infer N}:${string}`
  ? N
  : T extends `${infer N}^${string}`
    ? N
    : T extends "" | `${"0" | "1" | "/"}${string}`
      ? never
      : T;
type Names<P extends string> = P extends `${infer T} ${infer Rest}` ? NameIn<T> | Names<Rest> : NameIn<P>;

/** The fields of a pattern, each with its type: what a row's meaning receives. */
export type Fields<P extends string> = { readonly [N in Names<P>]: FieldType<N> };

/** `P` itself, or a text that names the unknown field: a misspelt field is an error at the pattern. */
export type CheckedPattern<P extends string> =
  Extract<Fields<P>[Names<P>], `unknown field ${string}`> extends never
    ? P
    : Extract<Fields<P>[Names<P>], string>;

/** `width` bits of a word, the least significant of them `shift` from the right, are bits `at` and up of the value. */
export interface Piece {
  /** Of a prefixed instruction: whether it is the prefix's word, not the suffix's. */
  readonly inPrefix: boolean;
  readonly shift: number;
  readonly width: number;
  readonly at: number;
}

/** Where a field's value stands in the word. The value is the bits, sign-extended if `signed`, times `scale`. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly pieces: readonly Piece[];
  /** Bits, before scaling. */
  readonly width: number;
  readonly signed: boolean;
  readonly scale: number;
}

/** A word fits where `(word & mask) === match`. All are unsigned 32-bit numbers. */
export interface WordLayout {
  readonly mask: number;
  readonly match: number;
  /** Bits that the manual reserves: ignored in execution, 0 in what the assembler makes. */
  readonly reserved: number;
}

/** What a pattern says. Of a prefixed instruction the suffix is what the word is of others. */
export interface Layout extends WordLayout {
  /** Only of a prefixed instruction: its first word. [Power ISA v3.1B I 1.6.3] */
  readonly prefix?: WordLayout;
  /** Operand fields in the order of the pattern. */
  readonly fields: readonly Field[];
  /** Shape fields in the order of the pattern. */
  readonly shape: readonly Field[];
}

/** A pattern that cannot be read: always a bug in a row. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

/** Has a name among the shape fields? */
export function isShapeName(name: string): name is keyof typeof shapes {
  return Object.hasOwn(shapes, name);
}

function kindOf(name: string): FieldKind {
  if (isShapeName(name)) return "shape";
  if (Object.hasOwn(operandKinds, name)) return operandKinds[name as keyof OperandKinds];
  throw new PatternError(`unknown field ${name}`);
}

/** The mask of the lowest `width` bits, for 0 <= width <= 32. */
function ones(width: number): number {
  return 2 ** width - 1;
}

const tokenPattern = /^([A-Za-z][A-Za-z0-9]*)(?:([:^])(s?)(\d+)(?:\*(\d+))?)?$/;

/** The fixed and reserved bits of a word: its bits as characters, from bit 0 on; a field's are blanks. */
function wordLayout(bits: string): WordLayout {
  const where = (wanted: string): number =>
    parseInt(
      bits.replaceAll(/./g, (bit) => (wanted.includes(bit) ? "1" : "0")),
      2,
    );
  return { mask: where("01"), match: where("1"), reserved: where("/") };
}

/** Bits that a token stands for. */
function tokenBits(token: string): number {
  if (/^[01/]/.test(token)) return token.length;
  return Number(tokenPattern.exec(token)?.[4] ?? "1");
}

/**
 * Reads a pattern: tokens with blanks between them, from bit 0 on, 32 bits in all, or the 64 of a prefix and its suffix.
 * `0` `1` fixed bits, `/` a reserved bit; `NAME` one bit; `NAME:5` five bits, below those that NAME has so far; `NAME^5` above
 * them; `:s16` signed; `*4` scaled. Throws PatternError.
 */
export function parsePattern(pattern: string): Layout {
  const tokens = pattern.split(" ").filter((token) => token !== "");
  const bits = tokens.reduce((sum, token) => sum + tokenBits(token), 0);
  if (bits !== 32 && bits !== 64) throw new PatternError(`${bits} bits, not 32 or 64: ${pattern}`);
  let bitsLeft = bits;
  const fields = new Map<string, Field>();
  for (const token of tokens) {
    if (/^[01/]/.test(token)) {
      bitsLeft -= token.length;
      continue;
    }
    const parts = tokenPattern.exec(token);
    if (parts === null) throw new PatternError(`${token} in ${pattern}`);
    const [, name = "", where = ":", sign = "", widthText = "1", scaleText = "1"] = parts;
    const width = Number(widthText);
    bitsLeft -= width;
    const inPrefix = bitsLeft >= 32;
    const shift = bitsLeft % 32;
    if (shift + width > 32) throw new PatternError(`${name} crosses from word to word: ${pattern}`);
    const old = fields.get(name);
    const oldPieces = old?.pieces ?? [];
    const oldWidth = old?.width ?? 0;
    fields.set(name, {
      name,
      kind: kindOf(name),
      pieces:
        where === "^"
          ? [...oldPieces, { inPrefix, shift, width, at: oldWidth }]
          : [
              ...oldPieces.map((piece) => ({ ...piece, at: piece.at + width })),
              { inPrefix, shift, width, at: 0 },
            ],
      width: oldWidth + width,
      signed: (old?.signed ?? false) || sign === "s",
      scale: (old?.scale ?? 1) * Number(scaleText),
    });
  }
  const all = [...fields.values()];
  const drawn = tokens.map((token) => (/^[01/]/.test(token) ? token : " ".repeat(tokenBits(token)))).join("");
  return {
    ...wordLayout(drawn.slice(-32)),
    ...(bits === 64 ? { prefix: wordLayout(drawn.slice(0, 32)) } : {}),
    fields: all.filter((field) => field.kind !== "shape"),
    shape: all.filter((field) => field.kind === "shape"),
  };
}

/** The value of a field in a word, or in a suffix and its prefix: an integer, scaled and signed as its pattern says. A RA0 of 0 is 0 here. */
export function fieldValue(field: Field, word: number, prefix = 0): number {
  let bits = 0;
  for (const { inPrefix, shift, width, at } of field.pieces)
    bits += (((inPrefix ? prefix : word) >>> shift) & ones(width)) * 2 ** at;
  const value = field.signed && bits >= 2 ** (field.width - 1) ? bits - 2 ** field.width : bits;
  return value * field.scale;
}

/** The least and the greatest value that a field holds, scaled. */
export function fieldRange(field: Field): readonly [least: number, greatest: number] {
  const [least, greatest] = field.signed
    ? [-(2 ** (field.width - 1)), 2 ** (field.width - 1) - 1]
    : [0, 2 ** field.width - 1];
  return [least * field.scale, greatest * field.scale];
}

/** The bits of the words that hold `value`; undefined where it does not fit the field or its scale. */
export function fieldBits(
  field: Field,
  value: number,
): { readonly word: number; readonly prefix: number } | undefined {
  const [least, greatest] = fieldRange(field);
  if (!Number.isInteger(value) || value < least || value > greatest || value % field.scale !== 0)
    return undefined;
  const bits = value / field.scale + (value < 0 ? 2 ** field.width : 0);
  let [word, prefix] = [0, 0];
  for (const { inPrefix, shift, width, at } of field.pieces) {
    const piece = (Math.floor(bits / 2 ** at) & ones(width)) * 2 ** shift;
    if (inPrefix) prefix += piece;
    else word += piece;
  }
  return { word, prefix };
}
