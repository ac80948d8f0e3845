// From text in the GNU assembler's spelling to instruction words: lines, labels, directives, two passes.
// Every statement's size is known before any value is: an instruction's name says whether it is one word or two.
import { type U64, ZERO } from "../../word/long.ts";
import { formsOf, isPrefixedName } from "./assembler/forms.ts";
import { Conditions } from "./assembler/conditions.ts";
import { dataFault, dataSizes, putData, stringDirectives } from "./assembler/data.ts";
import { evaluate, ExpressionError, type Lookup } from "./assembler/expression.ts";
import { encodeForm, operandFault, splitOperands } from "./assembler/operands.ts";
import {
  AssembleError,
  splitLabels,
  statementsOf,
  stringBytes,
  withoutComments,
} from "./assembler/source.ts";
import { encode, type InstructionWords } from "./encode.ts";
import type { CpuModel } from "./row.ts";

export { AssembleError } from "./assembler/source.ts";

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
  /** What put it there: `.long`, `.balign`; undefined for an instruction. */
  readonly directive: string | undefined;
}

export interface Assembled {
  /** Unsigned 32-bit words, from the base on; bytes of data are in words as `endian` says. */
  readonly words: readonly number[];
  /** Labels and `.set` names of the text. */
  readonly symbols: ReadonlyMap<string, U64>;
  readonly lines: readonly AssembledLine[];
  /** What `.globl`, `.type`, `.size` and `.localentry` say, by symbol. */
  readonly marks: ReadonlyMap<string, SymbolMarks>;
}

/** What directives say of a symbol. */
export interface SymbolMarks {
  readonly isGlobal: boolean;
  /** `.type NAME,@function`. */
  readonly isFunction: boolean;
  /** 0 where it has no `.size`. */
  readonly sizeBytes: number;
  /** Bytes from the global to the local entry point [ELFv2 2.3.2.1]. */
  readonly localEntryBytes: number;
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
  ".text .local .weak .section .machine .abiversion .file .ident .hidden .data".split(" "),
);
const nop = encode("ori", {});

/** Most that one text may become: what a branch reaches. */
const MOST_BYTES = 32 * 1024 ** 2;

/** Would this be a prefixed instruction across a boundary of 64 bytes, which none may cross? [Power ISA v3.1B I 1.9] */
function crossesLine(text: string, address: U64): boolean {
  const [name = ""] = text.split(/\s/, 1);
  return (address.low & 63) === 60 && isPrefixedName(name.toLowerCase());
}

class Assembly {
  readonly #options: AssembleOptions;
  readonly #base: U64;
  readonly #symbols = new Map<string, U64>();
  readonly #marks = new Map<string, SymbolMarks>();
  readonly #conditions = new Conditions();
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

  /** A value that has to be known at once: a size, a condition, or what `.set` gives. */
  #valueNow(line: number, text: string): U64 {
    return this.#evaluate(line, text, this.#lookup(this.#statements.length, this.#here()));
  }

  #bytesUntil(line: number, directive: string, alignment: number): number {
    if (!(alignment >= 1) || (alignment & (alignment - 1)) !== 0 || alignment > 2 ** 24)
      throw new AssembleError(line, `${directive} is no power of two from 1 to ${2 ** 24} bytes`);
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
    const directive = `${name} ${operands.join()}`;
    if (name === ".balign") return this.#bytesUntil(line, directive, first());
    if (name === ".align" || name === ".p2align") return this.#bytesUntil(line, directive, 2 ** first());
    if (name === ".space" || name === ".skip" || name === ".zero") {
      const bytes = first();
      if (bytes < 0 || bytes > 2 ** 30) throw new AssembleError(line, `${directive} is no size`);
      return bytes;
    }
    if (name.startsWith(".")) throw new AssembleError(line, `unknown directive ${name}`);
    if ((this.#here().low & 3) !== 0) throw new AssembleError(line, `${name} is not at a multiple of 4`);
    return isPrefixedName(name) ? 8 : 4;
  }

  #string(line: number, text: string): Uint8Array {
    const bytes = stringBytes(text);
    if (bytes === undefined) throw new AssembleError(line, `${text} is no string`);
    return bytes;
  }

  /** Takes down what a directive says of symbols; whether it is one that does. */
  #mark(line: number, name: string, operands: readonly string[]): boolean {
    const none: SymbolMarks = { isGlobal: false, isFunction: false, sizeBytes: 0, localEntryBytes: 0 };
    const [symbol = "", value = ""] = operands;
    const add = (to: string, marks: Partial<SymbolMarks>): void => {
      this.#marks.set(to, { ...none, ...this.#marks.get(to), ...marks });
    };
    const bytes = (): number => this.#valueNow(line, value).toNumber();
    if (name === ".globl" || name === ".global") for (const one of operands) add(one, { isGlobal: true });
    else if (name === ".type") add(symbol, { isFunction: value === "@function" });
    else if (name === ".size") add(symbol, { sizeBytes: bytes() });
    else if (name === ".localentry") add(symbol, { localEntryBytes: bytes() });
    else return false;
    return true;
  }

  /** First pass: labels and sizes. */
  #readStatement(line: number, whole: string): void {
    const isSkipped = this.#conditions.read(line, whole.trim(), {
      isDefined: (name) => this.#lookup(this.#statements.length, this.#here())(name) !== undefined,
      value: (text) => this.#valueNow(line, text),
    });
    if (isSkipped) return;
    const { labels, text } = splitLabels(whole);
    // before its labels, as the GNU assembler has it
    if (crossesLine(text, this.#here())) this.#add({ line, name: "nop", operands: [], sizeBytes: 4 });
    for (const name of labels)
      if (/^\d/.test(name))
        this.#numericLabels.push({ number: name, address: this.#here(), statement: this.#statements.length });
      else this.#define(line, name, this.#here());
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
    if (this.#mark(line, name, operands)) return;
    if (name === ".set" || name === ".equ") {
      this.#define(line, operands[0] ?? "", this.#valueNow(line, operands[1] ?? ""));
      return;
    }
    const lower = name.toLowerCase();
    this.#add({ line, name: lower, operands, sizeBytes: this.#sizeOf(line, lower, operands) });
  }

  #add(statement: Pick<Statement, "line" | "name" | "operands" | "sizeBytes">): void {
    this.#statements.push({ ...statement, address: this.#here(), offsetBytes: this.#bytes });
    this.#bytes += statement.sizeBytes;
    if (this.#bytes > MOST_BYTES) throw new AssembleError(statement.line, `more than ${MOST_BYTES} bytes`);
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
    } else if (!name.startsWith("."))
      this.#instruction(statement, lookup).forEach((word, i) => {
        view.setUint32(offsetBytes + 4 * i, word, le);
      });
    else {
      const size = dataSizes[name];
      if (size === undefined) return;
      operands.forEach((text, i) => {
        const value = this.#evaluate(line, text, lookup);
        const fault = dataFault(value, size);
        if (fault !== undefined) throw new AssembleError(line, `${name}: ${fault}`);
        putData(view, offsetBytes + size * i, size, value, le);
      });
    }
  }

  #instruction({ line, address, name, operands }: Statement, lookup: Lookup): InstructionWords {
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
    this.#conditions.end();
    const le = this.#options.endian !== "be";
    const view = new DataView(new ArrayBuffer((this.#bytes + 3) & ~3));
    this.#statements.forEach((statement, i) => {
      this.#write(statement, i, view);
    });
    const words = Array.from({ length: view.byteLength / 4 }, (_, i) => view.getUint32(4 * i, le));
    const lines = this.#statements.map(({ line, address, name, offsetBytes, sizeBytes }) => {
      const isWords = offsetBytes % 4 === 0 && sizeBytes % 4 === 0;
      return {
        line,
        address,
        words: isWords ? words.slice(offsetBytes / 4, (offsetBytes + sizeBytes) / 4) : [],
        directive: name.startsWith(".") ? name : undefined,
      };
    });
    return { words, symbols: this.#symbols, lines, marks: this.#marks };
  }
}

/**
 * Assembles text: GNU spelling with simplified mnemonics, labels (`name:`, `1:` with `1b` and `1f`), comments (`#`, `//`), `;` between
 * statements, `.byte .short .long .quad .ascii .asciz .balign .p2align .space .set .if .ifdef`, expressions with `@ha @l` and the like. Throws AssembleError.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  return new Assembly(options).assemble(text);
}
