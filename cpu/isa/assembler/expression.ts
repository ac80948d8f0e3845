// Expressions of the assembler: numbers, symbols, operators as in C, `.`, and halves of a value such as `x@ha`.
// All arithmetic is modulo 2^64. Which names exist is the caller's to say.
import Long from "long";
import { fromHalves, parseU64, signedQuotient, u64, type U64, ZERO } from "../../../word/long.ts";

/** An expression that cannot be read, or a name that does not exist. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/** The value of a name: a symbol, `.`, or `1f` and `1b`; undefined where there is none. */
export type Lookup = (name: string) => U64 | undefined;

const tokenPattern =
  /\s*(?:(0x[0-9a-f_]+)|(0b[01]+(?![\w.]))|(\d+[bf](?![\w.]))|(\d[\d_]*)|([A-Za-z_.$][\w.$]*)|'(.)'?|(<<|>>|[-+*/%&|^~()]))/iy;

interface Token {
  readonly kind: "number" | "name" | "operator";
  readonly text: string;
  readonly value: U64;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new ExpressionError(`cannot read ${text.slice(at).trim()}`);
    const [, hex, binary, numericLabel, decimal, name, character, operator] = match;
    const digits = hex ?? decimal;
    if (digits !== undefined) {
      const value = parseU64(digits);
      if (value === undefined) throw new ExpressionError(`${digits} needs more than 64 bits`);
      tokens.push({ kind: "number", text: digits, value });
    } else if (binary !== undefined)
      tokens.push({ kind: "number", text: binary, value: Long.fromString(binary.slice(2), true, 2) });
    else if (character !== undefined)
      tokens.push({ kind: "number", text: character, value: u64(character.charCodeAt(0)) });
    else if (operator !== undefined) tokens.push({ kind: "operator", text: operator, value: ZERO });
    else tokens.push({ kind: "name", text: numericLabel ?? name ?? "", value: ZERO });
  }
  return tokens;
}

/** By how tightly they bind; loosest first. As in C, except that the GNU assembler puts | & ^ above + and -. */
const precedence: Readonly<Record<string, number>> = {
  "+": 1,
  "-": 1,
  "|": 2,
  "&": 2,
  "^": 2,
  "*": 3,
  "/": 3,
  "%": 3,
  "<<": 3,
  ">>": 3,
};

function count(value: U64): number {
  return value.high !== 0 || value.low >>> 0 > 63 ? 64 : value.low;
}

function apply(operator: string, a: U64, b: U64): U64 {
  switch (operator) {
    case "+":
      return a.add(b);
    case "-":
      return a.sub(b);
    case "*":
      return a.mul(b);
    case "|":
      return a.or(b);
    case "&":
      return a.and(b);
    case "^":
      return a.xor(b);
    case "<<":
      return count(b) === 64 ? ZERO : a.shl(count(b));
    case ">>":
      return count(b) === 64 ? ZERO : a.shru(count(b));
    case "/":
    case "%":
      if (b.isZero()) throw new ExpressionError("division by zero");
      return operator === "/" ? signedQuotient(a, b) : a.toSigned().mod(b.toSigned()).toUnsigned();
    default:
      throw new ExpressionError(`unknown operator ${operator}`);
  }
}

/** Deepest nesting that is read, far from where the host's stack ends. */
const MAX_DEPTH = 200;

/** A value computed on the way down the tokens; `position` moves. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #lookup: Lookup;
  position = 0;
  /** How many parentheses and signs are open at `position`. */
  #depth = 0;

  constructor(tokens: readonly Token[], lookup: Lookup) {
    this.#tokens = tokens;
    this.#lookup = lookup;
  }

  #next(): Token | undefined {
    return this.#tokens[this.position];
  }

  primary(): U64 {
    const token = this.#next();
    if (token === undefined) throw new ExpressionError("an expression is missing");
    this.position++;
    if (token.kind === "number") return token.value;
    if (token.kind === "name") {
      const value = this.#lookup(token.text);
      if (value === undefined) throw new ExpressionError(`no symbol ${token.text}`);
      return value;
    }
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError(`more than ${MAX_DEPTH} nested operators`);
    const value = this.#prefixed(token.text);
    this.#depth--;
    return value;
  }

  /** What stands behind a sign or a parenthesis. */
  #prefixed(operator: string): U64 {
    if (operator === "-") return this.primary().negate();
    if (operator === "+") return this.primary();
    if (operator === "~") return this.primary().not();
    if (operator !== "(") throw new ExpressionError(`unexpected ${operator}`);
    const value = this.sum(1);
    if (this.#next()?.text !== ")") throw new ExpressionError("a parenthesis is not closed");
    this.position++;
    return value;
  }

  /** Operators that bind at least as tightly as `least`. */
  sum(least: number): U64 {
    let left = this.primary();
    for (;;) {
      const token = this.#next();
      const binding = token?.kind === "operator" ? precedence[token.text] : undefined;
      if (token === undefined || binding === undefined || binding < least) return left;
      this.position++;
      left = apply(token.text, left, this.sum(binding + 1));
    }
  }
}

/** 16 bits of a value, from bit `shift` up (0 is the least significant); the adjusted ones make up for a negative half below. */
const halves: Readonly<Record<string, { readonly shift: number; readonly adjusted: boolean }>> = {
  l: { shift: 0, adjusted: false },
  h: { shift: 16, adjusted: false },
  ha: { shift: 16, adjusted: true },
  high: { shift: 16, adjusted: false },
  higha: { shift: 16, adjusted: true },
  higher: { shift: 32, adjusted: false },
  highera: { shift: 32, adjusted: true },
  highest: { shift: 48, adjusted: false },
  highesta: { shift: 48, adjusted: true },
};

export interface Expression {
  readonly value: U64;
  /** 16 bits of something larger, as `x@l`: fits signed and unsigned fields of 16 bits alike. */
  readonly isHalf: boolean;
}

/** The value of an expression; with `@pcrel`, how far it is from `.`. Throws ExpressionError. */
export function evaluate(text: string, lookup: Lookup): Expression {
  const [, body = "", half] = /^(.*?)(?:@(\w+))?$/s.exec(text.trim()) ?? [];
  const reader = new Reader(tokenize(body), lookup);
  const value = reader.sum(1);
  const rest = tokenize(body)[reader.position];
  if (rest !== undefined) throw new ExpressionError(`unexpected ${rest.text}`);
  if (half === undefined) return { value, isHalf: false };
  if (half === "pcrel") return { value: value.sub(lookup(".") ?? ZERO), isHalf: false };
  const part = halves[half];
  if (part === undefined) throw new ExpressionError(`unknown @${half}`);
  const adjusted = part.adjusted ? value.add(fromHalves(0, 0x8000)) : value;
  return { value: adjusted.shru(part.shift).and(0xffff), isHalf: true };
}
