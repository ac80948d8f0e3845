// Steps one instruction: fetch, decode, do. The oracle of the other engines, and where they go for everything rare.
import { isInterrupt, type GuestMemory } from "../guest-memory.ts";
import { crossesBoundary, ofPrefixed } from "../interrupt.ts";
import { allFields, decode, decodePrefixed, isPrefix } from "../isa/decode.ts";
import { perform, type Row } from "../isa/row.ts";
import type { InsnRecorder } from "../recorder.ts";
import type { U64 } from "../../word/long.ts";
import type { Slb } from "../mmu/slb.ts";
import type { CpuState } from "../state.ts";
import type { Outcome } from "../system/context.ts";
import { missing, missingPrefixed } from "../system/missing.ts";
import { NO_REGISTER, ReferenceMachine } from "./machine.ts";

interface Decoded {
  readonly row: Row;
  readonly fields: Readonly<Record<string, number>>;
}

function decoded(row: Row, word: number, prefix?: number): Decoded {
  const fields = allFields(row, word, prefix);
  return { row, fields: fields["RA0"] === 0 ? { ...fields, RA0: NO_REGISTER } : fields };
}

/** Decoded words kept; more than any program's distinct words usually are. */
const CACHE_ENTRIES = 0x1_0000;

/** Whether the instruction is done, also where its doing is that the run or the guest goes on elsewhere: attn, sc, scv. */
function isExecuted(outcome: Outcome): boolean {
  if (outcome === undefined) return true;
  return outcome.kind === "halt" ? outcome.stop.reason === "attn" : outcome.next === true;
}

export class ReferenceEngine {
  /** Is told of every instruction that was executed; one that raises an interrupt in place of being executed is none. */
  recorder: InsnRecorder | undefined;
  readonly #state: CpuState;
  readonly #memory: GuestMemory;
  readonly #machine: ReferenceMachine;
  readonly #decoded = new Map<number, Decoded>();

  constructor(state: CpuState, memory: GuestMemory, slb: Slb) {
    this.#state = state;
    this.#memory = memory;
    this.#machine = new ReferenceMachine(state, memory, slb);
  }

  #decode(word: number): Decoded | undefined {
    const known = this.#decoded.get(word);
    if (known !== undefined) return known;
    const row = decode(word, this.#state.model);
    if (row === undefined) return undefined;
    if (this.#decoded.size >= CACHE_ENTRIES) this.#decoded.clear();
    const made = decoded(row, word);
    this.#decoded.set(word, made);
    return made;
  }

  /**
   * Executes the instruction at NIA and counts it. With an outcome, NIA and all registers are as before it, except for what
   * the manual lets an interrupted instruction do.
   */
  step(): Outcome {
    const state = this.#state;
    const machine = this.#machine;
    state.instructions++;
    const cia = state.nia;
    const word = this.#memory.fetch(cia);
    if (isInterrupt(word)) return word;
    if (isPrefix(word, state.model)) return this.#stepPrefixed(cia, word);
    const found = this.#decode(word);
    if (found === undefined) return missing(state, cia, word);
    machine.begin(cia, word, 4);
    return this.#perform(found, 0);
  }

  #stepPrefixed(cia: U64, prefix: number): Outcome {
    if ((cia.low & 63) === 60) return crossesBoundary(cia);
    const suffix = this.#memory.fetch(cia.add(4));
    if (isInterrupt(suffix)) return suffix;
    const { model } = this.#state;
    const row = decodePrefixed(prefix, suffix, model);
    this.#machine.begin(cia, suffix, 8);
    const outcome =
      row === undefined
        ? missingPrefixed(this.#state, cia, prefix, suffix)
        : this.#perform(decoded(row, suffix, prefix), prefix);
    return outcome?.kind === "interrupt" ? ofPrefixed(outcome, prefix) : outcome;
  }

  /** The instruction that the machine has begun. */
  #perform({ row, fields }: Decoded, prefix: number): Outcome {
    const machine = this.#machine;
    perform(row, machine, fields);
    const { outcome, access } = machine;
    if (this.recorder !== undefined && isExecuted(outcome))
      this.recorder.add(machine.cia(), machine.word, prefix, access);
    if (outcome === undefined) this.#state.nia = machine.next;
    return outcome;
  }
}
