// One row is one instruction: encoding as the manual draws it, GNU spelling, meaning. Everything else is derived from rows.
// No instruction is described here.
import type { Machine } from "./machine.ts";
import { type CheckedPattern, type Fields, type Layout, parsePattern } from "./pattern.ts";
import { type Condition, parseConditions } from "./spelling.ts";

/** The processors that can be chosen, oldest first. */
export const cpuModels = ["power8", "power9", "power10"] as const;
/** A processor by name. */
export type CpuModel = (typeof cpuModels)[number];

/** An instruction. `mask`, `match`, `reserved`, `prefix`, `fields` and `shape` are what the pattern says. */
export interface Row extends Layout {
  /** Without the suffixes of shape fields: `add` stands for add, add., addo, addo. */
  readonly mnemonic: string;
  readonly pattern: string;
  /** Operands in the order and form of the assembler, by field name: `RT,D(RA0)`; `L?` may be left out and is 0 then. */
  readonly syntax: string;
  /** The first processor that has it. */
  readonly since: CpuModel;
  /** The last processor that has it. */
  readonly until: CpuModel;
  /** Words for which all of these hold are no instruction, though they fit the pattern; empty where there are none. */
  readonly invalid: readonly Condition[];
  /** Use `perform`. */
  readonly meaning: (m: never, f: never) => void;
}

/** The meaning of a row with pattern `P`, for every engine. */
export type Meaning<P extends string> = <V, B>(m: Machine<V, B>, f: Fields<P>) => void;

interface RowOptions {
  readonly since?: CpuModel;
  readonly until?: CpuModel;
  /** As in spellings: `R=1 RA0=1..31`; constants and ranges alone. */
  readonly invalid?: string;
}

/** Makes a row. Throws PatternError where the pattern is neither 32 nor 64 bits. */
export function insn<const P extends string>(
  mnemonic: string,
  pattern: P & CheckedPattern<P>,
  syntax: string,
  meaning: Meaning<P>,
  options: RowOptions = {},
): Row {
  const layout = parsePattern(pattern);
  return Object.freeze({
    mnemonic,
    pattern,
    syntax,
    meaning,
    since: options.since ?? "power8",
    until: options.until ?? "power10",
    invalid: options.invalid === undefined ? [] : parseConditions(options.invalid),
    ...layout,
  });
}

/**
 * Tells a row's meaning to an engine. `fields` has what the engine wants each operand field to be (typed by nobody: rows
 * pass them on and never look inside) and the number of each shape field.
 */
export function perform<V, B>(
  row: Row,
  machine: Machine<V, B>,
  fields: Readonly<Record<string, unknown>>,
): void {
  row.meaning(machine as never, fields as never);
}

/** Has this processor the instruction, the register, the spelling? */
export function existsOn(thing: Pick<Row, "since" | "until">, cpu: CpuModel): boolean {
  const model = cpuModels.indexOf(cpu);
  return cpuModels.indexOf(thing.since) <= model && model <= cpuModels.indexOf(thing.until);
}

/** Whether fields make an invalid form. One that is not given is 0. */
export function isInvalid(row: Row, fields: Readonly<Record<string, number>>): boolean {
  return (
    row.invalid.length > 0 &&
    row.invalid.every(({ field, constant, last }) => {
      const value = fields[field] ?? 0;
      return value >= constant && value <= last;
    })
  );
}
