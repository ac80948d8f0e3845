// From text in the GNU assembler's spelling to instruction words: lines, labels, directives, two passes.
// Every statement's size is known before any value is: an instruction is one word.
import { u64, type U64, ZERO } from "../../word/long.ts";
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
  /** The order of the two words of `.quad`; default "le". */
  readonly endian?: "le" | "be";
}

/** What one line of the text became. */
export interface AssembledLine {
  /** From 1 on. */
  readonly line: number;
  readonly address: U64;
  readonly words: readonly number[];
}

export interface Assembled {
  /** Unsigned 32-bit words, from the base on. */
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
  /** In words. */
  readonly size: number;
}

/** A numeric label, in the order of the text. */
interface NumericLabel {
  readonly number: string;
  readonly address: U64;
  readonly statement: number;
}

const ignoredDirectives: ReadonlySet<string> = new Set(
  ".text .globl .global .local .weak .type .size .section .machine .abiversion .file .ident .p2alignl .localentry .hidden".split(
    " ",
  ),
);
const nop = encode("ori", {});

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(?:#|\/\/).*$/gm, "");
}

class Assembly {
  readonly #options: AssembleOptions;
  readonly #base: U64;
  readonly #symbols = new Map<string, U64>();
  readonly #numericLabels: NumericLabel[] = [];
  readonly #statements: Statement[] = [];
  #words = 0;

  constructor(options: AssembleOptions) {
    this.#options = options;
    this.#base = options.base ?? ZERO;
  }

  #here(): U64 {
    return this.#base.add(4 * this.#words);
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

  /** A value that has to be known at once: a size, or what `.set` gives. */
  #valueNow(line: number, text: string): U64 {
    try {
      return evaluate(text, this.#lookup(this.#statements.length, this.#here())).value;
    } catch (error) {
      if (error instanceof ExpressionError) throw new AssembleError(line, error.message);
      throw error;
    }
  }

  #wordsUntil(line: number, alignment: number): number {
    if (alignment < 4 || (alignment & (alignment - 1)) !== 0 || alignment > 2 ** 24)
      throw new AssembleError(line, `cannot align to ${alignment} bytes`);
    const past = this.#here()
      .and(alignment - 1)
      .toNumber();
    return past === 0 ? 0 : (alignment - past) / 4;
  }

  /** The size of a statement, in words. */
  #sizeOf(line: number, name: string, operands: readonly string[]): number {
    const first = (): number =>
      this.#valueNow(line, operands[0] ?? "")
        .toSigned()
        .toNumber();
    switch (name) {
      case ".long":
      case ".int":
      case ".4byte":
        return operands.length;
      case ".quad":
      case ".8byte":
        return 2 * operands.length;
      case ".balign":
        return this.#wordsUntil(line, first());
      case ".align":
      case ".p2align":
        return this.#wordsUntil(line, 2 ** first());
      case ".space":
      case ".skip":
      case ".zero": {
        const bytes = first();
        if (bytes < 0 || bytes % 4 !== 0) throw new AssembleError(line, `${name} ${bytes} is no whole words`);
        return bytes / 4;
      }
      default:
        if (name.startsWith(".")) throw new AssembleError(line, `unknown directive ${name}`);
        return 1;
    }
  }

  /** First pass: labels and sizes. */
  #readStatement(line: number, text: string): void {
    const label = /^\s*([A-Za-z_.$][\w.$]*|\d+):/.exec(text);
    if (label !== null) {
      const [whole, name = ""] = label;
      if (/^\d/.test(name))
        this.#numericLabels.push({ number: name, address: this.#here(), statement: this.#statements.length });
      else this.#define(line, name, this.#here());
      this.#readStatement(line, text.slice(whole.length));
      return;
    }
    const assignment = /^\s*([A-Za-z_.$][\w.$]*)\s*=\s*(.*)$/.exec(text);
    if (assignment !== null) {
      const [, name = "", value = ""] = assignment;
      this.#define(line, name, this.#valueNow(line, value));
      return;
    }
    const [, name, rest = ""] = /^\s*(\S+)\s*(.*?)\s*$/.exec(text) ?? [];
    if (name === undefined || ignoredDirectives.has(name)) return;
    const operands = splitOperands(rest);
    if (name === ".set" || name === ".equ") {
      this.#define(line, operands[0] ?? "", this.#valueNow(line, operands[1] ?? ""));
      return;
    }
    const size = this.#sizeOf(line, name, operands);
    this.#statements.push({ line, address: this.#here(), name: name.toLowerCase(), operands, size });
    this.#words += size;
  }

  /** Second pass: values. */
  #wordsOf(statement: Statement, index: number): readonly number[] {
    const { line, address, name, operands, size } = statement;
    const lookup = this.#lookup(index, address);
    if (!name.startsWith(".")) return [this.#instruction(statement, lookup)];
    switch (name) {
      case ".balign":
      case ".align":
      case ".p2align":
        return Array.from({ length: size }, () => nop);
      case ".space":
      case ".skip":
      case ".zero":
        return Array.from({ length: size }, () => 0);
      default:
        break;
    }
    try {
      return operands.flatMap((text) => {
        const { value } = evaluate(text, lookup);
        const [high, low] = [value.high >>> 0, value.low >>> 0];
        if (size === operands.length) return [low];
        return this.#options.endian === "be" ? [high, low] : [low, high];
      });
    } catch (error) {
      if (error instanceof ExpressionError) throw new AssembleError(line, error.message);
      throw error;
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
        for (const statement of lineText.split(";")) this.#readStatement(i + 1, statement);
      });
    const lines = this.#statements.map((statement, i) => ({
      line: statement.line,
      address: statement.address,
      words: this.#wordsOf(statement, i),
    }));
    return { words: lines.flatMap(({ words }) => words), symbols: this.#symbols, lines };
  }
}

/**
 * Assembles text: GNU spelling with simplified mnemonics, labels (`name:`, `1:` with `1b` and `1f`), comments (`#`, `//`), `;` between
 * statements, `.long .quad .balign .p2align .space .set`, expressions with `@ha @l` and the like. Throws AssembleError.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  return new Assembly(options).assemble(text);
}

/** The word of one instruction at an address. Throws AssembleError. */
export function assembleInstruction(text: string, address: U64 = u64(0), cpu?: CpuModel): number {
  const [word] = assemble(text, { base: address, ...(cpu === undefined ? {} : { cpu }) }).words;
  if (word === undefined) throw new AssembleError(1, `no instruction in ${text}`);
  return word;
}
