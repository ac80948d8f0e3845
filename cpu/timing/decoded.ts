// An instruction as the scoreboard wants it: its registers as indices, its units and latencies as numbers of cycles.
// Made once for each distinct word; nothing is scheduled here.
import { allFields, decode, decodePrefixed } from "../isa/decode.ts";
import type { CpuModel, Row } from "../isa/row.ts";
import type { BranchKind } from "./front/front-end.ts";
import { branchKindOf } from "./front/kind.ts";
import { type SchedulingClass, schedulingClass } from "./classes.ts";
import { type ClassFigures, type Consumer, consumers, type CoreFigures } from "./core-figures.ts";
import { type Dataflow, dataflowOf } from "./dataflow.ts";
import { type Assumption, type Figure, figureValue } from "./figure.ts";
import { members, NONE, REGISTER, type RegisterSet } from "./registers.ts";

/** How many values a register's entry has: one for each kind of consumer. */
export const CONSUMERS = consumers.length;

/** One unit that is taken. */
export interface Use {
  /** Indices of units, in order of preference. */
  readonly units: readonly number[];
  readonly count: number;
  readonly busy: number;
  readonly after: number;
}

/** A register that is written. */
export interface Result {
  readonly register: number;
  /** Cycles from issue to the issue of what waits for it, by consumer. */
  readonly latencies: Float64Array;
  /** Whether it waits for memory where the instruction uses memory. */
  readonly late: boolean;
}

/** What the scoreboard knows of one instruction word. */
export interface Decoded {
  readonly row: Row | undefined;
  readonly schedulingClass: SchedulingClass;
  readonly flow: Dataflow | undefined;
  readonly place: ClassFigures["place"] & string;
  readonly slots: number;
  /** Places in the table of ready times that issue waits for. */
  readonly sources: readonly number[];
  /** Of a store: those of the data. */
  readonly data: readonly number[];
  /** Registers themselves, for fusion. */
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  readonly results: readonly Result[];
  readonly uses: readonly Use[];
  readonly latency: number;
  readonly isLoad: boolean;
  readonly isStore: boolean;
  readonly branch: BranchKind | undefined;
  readonly conditional: boolean;
  /** Starts alone, when all before it is completed. */
  readonly serial: boolean;
}

const classConsumers: ReadonlyMap<SchedulingClass, Consumer> = new Map<SchedulingClass, Consumer>([
  ["cr-logical", "condition"],
  ["cr-field", "condition"],
  ["from-cr", "condition"],
  ["from-cr-field", "condition"],
  ["branch", "branch"],
  ["multiply", "multiply"],
  ["multiply-record", "multiply"],
  ...(["divide-word", "divide", "divide-extended", "modulo-word", "modulo"] as const).map(
    (name) => [name, "divide"] as const,
  ),
  ...(["divide-word-record", "divide-record", "divide-extended-record"] as const).map(
    (name) => [name, "divide"] as const,
  ),
]);

function places(set: RegisterSet, consumer: Consumer): readonly number[] {
  const index = consumers.indexOf(consumer);
  return members(set).map((register) => register * CONSUMERS + index);
}

/** isync, and the sync that waits for everything: not lwsync. */
function waitsForAll(row: Row, fields: Readonly<Record<string, number>>): boolean {
  return row.mnemonic === "isync" || (row.mnemonic === "sync" && fields["LX"] !== 1);
}

/** Primary opcodes of addi, addis, ori and oris. */
const IMMEDIATE: ReadonlySet<number> = new Set([14, 15, 24, 25]);
/** Those of them that are nops with an immediate of 0. */
const LOGICAL_IMMEDIATE: ReadonlySet<number> = new Set([24, 25]);

/**
 * A word of which the same is known: with another displacement in a b or bl, with another immediate in what loads constants. Code with
 * many calls has a different one at each.
 */
export function likeness(word: number): number {
  const opcode = word >>> 26;
  if (opcode === 18) return (word & 0xfc00_0003) >>> 0;
  if (!IMMEDIATE.has(opcode)) return word;
  const immediate = word & 0xffff;
  return LOGICAL_IMMEDIATE.has(opcode) && immediate === 0 ? word : (word - immediate + 1) >>> 0;
}

/** Makes and keeps what is known of the words of one processor. */
export class Decoder {
  readonly #model: CpuModel;
  readonly #core: CoreFigures;
  readonly #assumption: Assumption;
  readonly #unitNames: readonly string[];
  readonly #words = new Map<number, Decoded>();
  readonly #prefixed = new Map<number, Map<number, Decoded>>();

  constructor(model: CpuModel, core: CoreFigures, assumption: Assumption) {
    this.#model = model;
    this.#core = core;
    this.#assumption = assumption;
    this.#unitNames = Object.keys(core.units);
  }

  /** `prefix` 0 is none, as in the stream. A word that is no instruction of the processor is as a system operation. */
  of(word: number, prefix: number): Decoded {
    let words = this.#words;
    if (prefix !== 0) {
      const known = this.#prefixed.get(prefix);
      words = known ?? new Map<number, Decoded>();
      if (known === undefined) this.#prefixed.set(prefix, words);
    }
    const found = words.get(word);
    if (found !== undefined) return found;
    const like = prefix === 0 ? likeness(word) : word;
    const made = like === word ? this.#make(word, prefix) : this.of(like, 0);
    words.set(word, made);
    return made;
  }

  #value(figure: Figure): number {
    return figureValue(figure, this.#assumption);
  }

  #make(word: number, prefix: number): Decoded {
    const row = prefix === 0 ? decode(word, this.#model) : decodePrefixed(prefix, word, this.#model);
    const fields = row === undefined ? {} : allFields(row, word, prefix);
    const name = row === undefined ? "system" : schedulingClass(row, fields);
    const flow = row === undefined ? undefined : dataflowOf(row, word, prefix);
    const figures = this.#core.classes[name];
    const consumer = classConsumers.get(name) ?? "general";
    const address = flow?.memory?.address ?? NONE;
    const rest = (flow?.reads ?? NONE) & ~address;
    const isStore = flow?.memory?.kind === "store";
    return {
      row,
      schedulingClass: name,
      flow,
      place: figures.place ?? "any",
      slots: figures.slots === undefined ? 1 : this.#value(figures.slots),
      sources: [...places(address, "memory"), ...(isStore ? [] : places(rest, consumer))],
      data: isStore ? places(rest, "general") : [],
      reads: flow?.reads ?? NONE,
      writes: flow?.writes ?? NONE,
      results: flow === undefined ? [] : this.#results(figures, flow),
      uses: this.#uses(figures),
      latency: this.#value(figures.latency),
      isLoad: flow?.memory?.kind === "load",
      isStore,
      branch: row === undefined || prefix !== 0 ? undefined : branchKindOf(word),
      conditional: flow?.conditional ?? false,
      serial: row === undefined || flow?.serial === true || waitsForAll(row, fields),
    };
  }

  #uses(figures: ClassFigures): readonly Use[] {
    return figures.units.map(({ unit, count = 1, busy, after = 0 }) => ({
      units: unit.split("|").map((name) => this.#unitNames.indexOf(name)),
      count,
      busy: busy === undefined ? 1 : this.#value(busy),
      after,
    }));
  }

  #results(figures: ClassFigures, flow: Dataflow): readonly Result[] {
    if (flow.serial) return [];
    return members(flow.writes).map((register) => {
      const isEarly = ((flow.early >> BigInt(register)) & 1n) === 1n;
      const isCr = register >= REGISTER.CR && register < REGISTER.CA;
      const isTarget = register >= REGISTER.LR && register <= REGISTER.TAR;
      const usual =
        (isEarly ? figures.early : undefined) ?? (isCr ? figures.cr : undefined) ?? figures.latency;
      const latencies = Float64Array.from(consumers, (consumer) => {
        const ofCondition = consumer === "condition" || consumer === "branch";
        const applies = isTarget || (isCr ? ofCondition : !ofCondition);
        const special = !isEarly && applies ? figures.to?.[consumer] : undefined;
        return this.#value(special ?? usual);
      });
      return { register, latencies, late: !isEarly };
    });
  }
}
