// From text in the GNU assembler's spelling to instruction words: lines, labels, directives, two passes.
// Every statement's size is known before any value is: an instruction is one word.
import { type U64, ZERO } from "../../word/long.ts";
import { formsOf } from "./assembler/forms.ts";
import { evaluate, ExpressionError, type Lookup } from "./assembler/expression.ts";
import { encodeForm, operandFault, splitOperands } from "./assembler/operands.ts";
import { encode } from "./encode.ts";
import type { CpuModel } from "./row.ts";

export interface AssembleOptions {
  /** Address of the first word; default 0. */
  readonly base?: U64;
  /** Names that the text may use without defining them. */
  readonly symbols?: ReadonlyMap<string, U64>;
  /** Only instructions of this processor; default: of any. */
  readonly cpu?: CpuModel;
  /** The byte order of data; default "le". */
  readonly endian?: "le" | "be";
}

/** What one line of the text became. */
export interface AssembledLine {
  /** From 1 on. */
  readonly line: number;
  readonly address: U64;
  /** Empty for data that is no whole words. */
  readonly words: readonly number[];
}

export interface Assembled {
  /** Unsigned 32-bit words, from the base on; bytes of data are in words as `endian` says. */
  readonly words: readonly number[];
  /** Labels and `.set` names of the text. */
  readonly symbols: ReadonlyMap<string, U64>;
  readonly lines: readonly AssembledLine[];
}

/** Text that cannot be assembled: the message begins with `line N: `. */
export class AssembleError extends Error {
  override readonly name = "AssembleError";
  /** From 1 on. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

interface Statement {
  readonly line: number;
  readonly address: U64;
  readonly name: string;
  readonly operands: readonly string[];
  /** From the base on, and its size. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A numeric label, in the order of the text. */
interface NumericLabel {
  readonly number: string;
  readonly address: U64;
  readonly statement: number;
}

const ignoredDirectives: ReadonlySet<string> = new Set(
  ".text .globl .global .local .weak .type .size .section .machine .abiversion .file .ident .localentry .hidden .data".split(
    " ",
  ),
);
const nop = encode("ori", {});

/** Most that one text may become: what a branch reaches. */
const MOST_BYTES = 32 * 1024 ** 2;

/** Bytes of each operand. */
const dataSizes: Readonly<Record<string, 1 | 2 | 4 | 8>> = {
  ".byte": 1,
  ".short": 2,
  ".half": 2,
  ".2byte": 2,
  ".long": 4,
  ".int": 4,
  ".4byte": 4,
  ".quad": 8,
  ".8byte": 8,
};
const stringDirectives: Readonly<Record<string, { readonly end: string }>> = {
  ".ascii": { end: "" },
  ".asciz": { end: "\0" },
  ".string": { end: "\0" },
};
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** The byte of what stands behind a backslash; undefined for an ordinary character. */
function escapedByte(what: string): number | undefined {
  if (/^[0-7]/.test(what)) return parseInt(what, 8) & 0xff;
  if (/^x[0-9a-f]/i.test(what)) return parseInt(what.slice(1), 16) & 0xff;
  return escapes[what]?.charCodeAt(0);
}

/** The bytes of a string in quotes, with C's escapes; undefined where it is none. */
function stringBytes(text: string): Uint8Array | undefined {
  const [, body] = /^"((?:[^"\\]|\\.)*)"$/s.exec(text) ?? [];
  if (body === undefined) return undefined;
  const encoder = new TextEncoder();
  const pieces = body.matchAll(/\\([0-7]{1,3}|x[0-9a-f]+|.)|[^\\]+/gis);
  return Uint8Array.from(
    [...pieces].flatMap(([plain, escaped]) => {
      const byte = escaped === undefined ? undefined : escapedByte(escaped);
      return byte === undefined ? [...encoder.encode(escaped ?? plain)] : [byte];
    }),
  );
}

/** Where the string ends that a quote at `start` begins: behind its closing quote, or at the end of the line without one. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** Blanks for comments; lines stay where they are. */
function withoutComments(text: string): string {
  const pieces: string[] = [];
  const starts = /"|\/\*|#|\/\//g;
  let from = 0;
  for (let found = starts.exec(text); found !== null; found = starts.exec(text)) {
    const at = found.index;
    if (found[0] === '"') {
      starts.lastIndex = endOfString(text, at);
      continue;
    }
    const isBlock = found[0] === "/*";
    const end = text.indexOf(isBlock ? "*/" : "\n", at + found[0].length);
    if (end < 0 && isBlock) throw new AssembleError(lineOf(text, at), "a comment is not closed");
    pieces.push(text.slice(from, at), isBlock ? text.slice(at, end).replace(/[^\n]/g, " ") : "");
    from = end < 0 ? text.length : isBlock ? end + 2 : end;
    starts.lastIndex = from;
  }
  return pieces.join("") + text.slice(from);
}

/** Statements between semicolons that are outside quotes. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  const marks = /[";]/g;
  let from = 0;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    if (found[0] === '"') marks.lastIndex = endOfString(text, found.index);
    else {
      statements.push(text.slice(from, found.index));
      from = found.index + 1;
    }
  }
  return [...statements, text.slice(from)];
}

class Assembly {
  readonly #options: AssembleOptions;
  readonly #base: U64;
  readonly #symbols = new Map<string, U64>();
  readonly #numericLabels: NumericLabel[] = [];
  readonly #statements: Statement[] = [];
  #bytes = 0;

  constructor(options: AssembleOptions) {
    this.#options = options;
    this.#base = options.base ?? ZERO;
  }

  #here(): U64 {
    return this.#base.add(this.#bytes);
  }

  /** Names as statement number `index` sees them. */
  #lookup(index: number, address: U64): Lookup {
    return (name) => {
      if (name === ".") return address;
      const [, number, direction] = /^(\d+)([bf])$/.exec(name) ?? [];
      if (number === undefined) return this.#symbols.get(name) ?? this.#options.symbols?.get(name);
      const same = this.#numericLabels.filter((label) => label.number === number);
      return direction === "b"
        ? same.findLast((label) => label.statement <= index)?.address
        : same.find((label) => label.statement > index)?.address;
    };
  }

  #define(line: number, name: string, value: U64): void {
    if (this.#symbols.has(name)) throw new AssembleError(line, `${name} is defined twice`);
    this.#symbols.set(name, value);
  }

  #evaluate(line: number, text: string, lookup: Lookup): U64 {
    try {
      return evaluate(text, lookup).value;
    } catch (error) {
      if (error instanceof ExpressionError) throw new AssembleError(line, error.message);
      throw error;
    }
  }

  /** A value that has to be known at once: a size, or what `.set` gives. */
  #valueNow(line: number, text: string): U64 {
    return this.#evaluate(line, text, this.#lookup(this.#statements.length, this.#here()));
  }

  #bytesUntil(line: number, alignment: number): number {
    if (!(alignment >= 1) || (alignment & (alignment - 1)) !== 0 || alignment > 2 ** 24)
      throw new AssembleError(line, `cannot align to ${alignment} bytes`);
    return -this.#here().low & (alignment - 1);
  }

  #sizeOf(line: number, name: string, operands: readonly string[]): number {
    const first = (): number =>
      this.#valueNow(line, operands[0] ?? "")
        .toSigned()
        .toNumber();
    const string = stringDirectives[name];
    if (string !== undefined)
      return operands.reduce((size, text) => size + this.#string(line, text).length + string.end.length, 0);
    const dataSize = dataSizes[name];
    if (dataSize !== undefined) return dataSize * operands.length;
    if (name === ".balign") return this.#bytesUntil(line, first());
    if (name === ".align" || name === ".p2align") return this.#bytesUntil(line, 2 ** first());
    if (name === ".space" || name === ".skip" || name === ".zero") {
      const bytes = first();
      if (bytes < 0 || bytes > 2 ** 30) throw new AssembleError(line, `${name} ${bytes} is no size`);
      return bytes;
    }
    if (name.startsWith(".")) throw new AssembleError(line, `unknown directive ${name}`);
    if ((this.#here().low & 3) !== 0) throw new AssembleError(line, `${name} is not at a multiple of 4`);
    return 4;
  }

  #string(line: number, text: string): Uint8Array {
    const bytes = stringBytes(text);
    if (bytes === undefined) throw new AssembleError(line, `${text} is no string`);
    return bytes;
  }

  /** First pass: labels and sizes. */
  #readStatement(line: number, whole: string): void {
    const labels = /\s*([A-Za-z_.$][\w.$]*|\d+):/y;
    let from = 0;
    for (let label = labels.exec(whole); label !== null; label = labels.exec(whole)) {
      const [, name = ""] = label;
      if (/^\d/.test(name))
        this.#numericLabels.push({ number: name, address: this.#here(), statement: this.#statements.length });
      else this.#define(line, name, this.#here());
      from = labels.lastIndex;
    }
    const text = whole.slice(from).trim();
    if (text === "") return;
    const assignment = /^\s*([A-Za-z_.$][\w.$]*)\s*=\s*(.*)$/.exec(text);
    if (assignment !== null) {
      const [, name = "", value = ""] = assignment;
      this.#define(line, name, this.#valueNow(line, value));
      return;
    }
    const space = text.search(/\s/);
    const name = space < 0 ? text : text.slice(0, space);
    if (ignoredDirectives.has(name)) return;
    const operands = splitOperands(space < 0 ? "" : text.slice(space).trim());
    if (name === ".set" || name === ".equ") {
      this.#define(line, operands[0] ?? "", this.#valueNow(line, operands[1] ?? ""));
      return;
    }
    const lower = name.toLowerCase();
    const sizeBytes = this.#sizeOf(line, lower, operands);
    const offsetBytes = this.#bytes;
    this.#statements.push({ line, address: this.#here(), name: lower, operands, offsetBytes, sizeBytes });
    this.#bytes += sizeBytes;
    if (this.#bytes > MOST_BYTES) throw new AssembleError(line, `more than ${MOST_BYTES} bytes`);
  }

  /** Second pass: values. */
  #write(statement: Statement, index: number, view: DataView): void {
    const { line, address, name, operands, offsetBytes, sizeBytes } = statement;
    const le = this.#options.endian !== "be";
    const lookup = this.#lookup(index, address);
    const string = stringDirectives[name];
    if (string !== undefined) {
      let at = offsetBytes;
      for (const text of operands) {
        const bytes = this.#string(line, text);
        bytes.forEach((byte, i) => view.setUint8(at + i, byte));
        at += bytes.length + string.end.length;
      }
    } else if (name.endsWith("align")) {
      const padding = sizeBytes & 3;
      for (let at = padding; at < sizeBytes; at += 4) view.setUint32(offsetBytes + at, nop, le);
    } else if (!name.startsWith(".")) view.setUint32(offsetBytes, this.#instruction(statement, lookup), le);
    else {
      const size = dataSizes[name];
      if (size === undefined) return;
      operands.forEach((text, i) => {
        const { high, low } = this.#evaluate(line, text, lookup);
        const at = offsetBytes + size * i;
        if (size === 1) view.setUint8(at, low);
        else if (size === 2) view.setUint16(at, low, le);
        else if (size === 4) view.setUint32(at, low, le);
        else {
          view.setUint32(le ? at : at + 4, low, le);
          view.setUint32(le ? at + 4 : at, high, le);
        }
      });
    }
  }

  #instruction({ line, address, name, operands }: Statement, lookup: Lookup): number {
    const forms = formsOf(name, this.#options.cpu);
    let fault = `no instruction ${name}${this.#options.cpu === undefined ? "" : ` on ${this.#options.cpu}`}`;
    for (const form of forms) {
      try {
        return encodeForm(form, operands, { lookup, address });
      } catch (error) {
        const message = operandFault(error);
        if (message === undefined) throw error;
        fault = `${name}: ${message}`;
      }
    }
    throw new AssembleError(line, fault);
  }

  assemble(text: string): Assembled {
    withoutComments(text)
      .split("\n")
      .forEach((lineText, i) => {
        for (const statement of statementsOf(lineText)) this.#readStatement(i + 1, statement);
      });
    const le = this.#options.endian !== "be";
    const view = new DataView(new ArrayBuffer((this.#bytes + 3) & ~3));
    this.#statements.forEach((statement, i) => {
      this.#write(statement, i, view);
    });
    const words = Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i, le));
    const lines = this.#statements.map(({ line, address, offsetBytes, sizeBytes }) => {
      const isWords = offsetBytes % 4 === 0 && sizeBytes % 4 === 0;
      return {
        line,
        address,
        words: isWords ? words.slice(offsetBytes / 4, (offsetBytes + sizeBytes) / 4) : [],
      };
    });
    return { words, symbols: this.#symbols, lines };
  }
}

/**
 * Assembles text: GNU spelling with simplified mnemonics, labels (`name:`, `1:` with `1b` and `1f`), comments (`#`, `//`), `;` between
 * statements, `.byte .short .long .quad .ascii .asciz .balign .p2align .space .set`, expressions with `@ha @l` and the like. Throws AssembleError.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  return new Assembly(options).assemble(text);
}
