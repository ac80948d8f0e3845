// One handler for each row and each combination of its shape fields; equal code is one handler. How a word finds its handler is
// decode-table.ts, where handlers stand in the module is module.ts.
import { shapes, type Field } from "../isa/pattern.ts";
import { perform, type Row } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import type { Endian } from "../state.ts";
import { closeExits, type Code } from "../wasm/emitter.ts";
import type { Recording } from "./locals.ts";
import { InterpreterMachine } from "./machine.ts";

export interface Handler {
  /** Mnemonics and shapes that share it. */
  readonly names: readonly string[];
  readonly code: Code;
  /** Whether it stands in the dispatching function; the others are called. */
  readonly inline: boolean;
}

/** A row with values of its shape fields, and the number of the handler. */
export interface Variant {
  readonly row: Row;
  readonly shape: ReadonlyMap<Field, number>;
  readonly handler: number;
}

/** The handler of everything that the reference engine does: number 0. */
export const LEAVE = 0;

/** Of a prefix: the dispatching function decodes its suffix and calls that handler. Number 1. */
export const PREFIX = 1;

/**
 * What programs mostly consist of. Record forms and others stay outside: of a dispatching function beyond some 36 KB V8 makes code
 * that is 16 to 27 % slower.
 */
// prettier-ignore
const frequent: ReadonlySet<string> = new Set([
  "addi", "addis", "add", "subf", "neg", "mulli", "mulld", "mullw", "addic", "subfic", "divd", "divdu",
  "divw", "divwu", "and", "or", "xor", "nor", "andc", "ori", "oris", "xori", "xoris", "extsb", "extsh",
  "extsw", "cntlzd", "cntlzw", "rlwinm", "rlwimi", "rldicl", "rldicr", "rldic", "rldimi", "slw", "srw",
  "sraw", "srawi", "sld", "srd", "srad", "sradi", "cmp", "cmpi", "cmpl", "cmpli", "isel", "b", "bc",
  "bclr", "bcctr", "mfspr", "mtspr", "lbz", "lbzx", "lbzu", "lhz", "lhzx", "lha", "lwz", "lwzx", "lwzu",
  "lwa", "lwax", "ld", "ldx", "ldu", "stb", "stbx", "stbu", "sth", "sthx", "stw", "stwx", "stwu", "std",
  "stdx", "stdu",
]);
// prettier-ignore
const frequentRecording: ReadonlySet<string> = new Set([
  "andi.", "rldicl", "rlwinm", "and", "add", "or", "extsw",
]);

/** BO without the hints: conditions alone, or CTR alone, or always. */
const frequentBO: ReadonlySet<number> = new Set([4, 6, 7, 12, 14, 15, 16, 18, 20, 24, 25, 26, 27]);

function isFrequent(row: Row, shape: Readonly<Record<string, number>>): boolean {
  if (shape["OE"] === 1) return false;
  if (shape["Rc"] === 1) return frequentRecording.has(row.mnemonic);
  if (shape["BO"] !== undefined && !frequentBO.has(shape["BO"])) return false;
  return frequent.has(row.mnemonic) || frequentRecording.has(row.mnemonic);
}

/** Every combination of the row's shape fields. */
function combinations(row: Row): readonly ReadonlyMap<Field, number>[] {
  let all: readonly ReadonlyMap<Field, number>[] = [new Map()];
  for (const field of row.shape) {
    const values: readonly number[] = shapes[field.name as keyof typeof shapes];
    all = all.flatMap((some) => values.map((value) => new Map([...some, [field, value]])));
  }
  return all;
}

/**
 * All handlers, LEAVE and PREFIX first, and which one each variant of each row has. Recording changes no number: what is recorded
 * follows from the accesses that are there anyway.
 */
export function generateHandlers(
  endian: Endian,
  recording: Recording,
): {
  readonly handlers: readonly Handler[];
  readonly variants: readonly Variant[];
} {
  const found = new Map<string, { index: number; names: string[]; code: Code; inline: boolean }>();
  const enter = (name: string, code: Code, inline: boolean): number => {
    const key = closeExits(code, { dispatch: 1000, leave: 2000 }).join();
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, { index: found.size, names: [name], code, inline });
      return found.size - 1;
    }
    known.names.push(name);
    known.inline ||= inline;
    return known.index;
  };
  const leaving = new InterpreterMachine("leave", endian, recording);
  leaving.supervisorCall();
  enter("leave", leaving.finish(), true);
  found.set("prefix", { index: PREFIX, names: ["prefix"], code: [], inline: true });
  const variants: Variant[] = [];
  for (const row of isa) {
    const operands: Record<string, unknown> = {};
    for (const field of row.fields) operands[field.name] = field;
    for (const shape of combinations(row)) {
      const values: Record<string, number> = {};
      for (const [field, value] of shape) values[field.name] = value;
      const name = [
        row.mnemonic,
        ...Object.entries(values).map(([field, value]) => `${field}=${value}`),
      ].join(" ");
      const machine = new InterpreterMachine(name, endian, recording);
      machine.begin(row, values);
      perform(row, machine, { ...operands, ...values });
      variants.push({ row, shape, handler: enter(name, machine.finish(), isFrequent(row, values)) });
    }
  }
  return { handlers: [...found.values()], variants };
}
