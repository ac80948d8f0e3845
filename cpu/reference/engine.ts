// Steps one instruction: fetch, decode, do. The oracle of the other engines, and where they go for everything rare.
import { isInterrupt, type GuestMemory } from "../guest-memory.ts";
import { allFields, decode } from "../isa/decode.ts";
import { perform, type Row } from "../isa/row.ts";
import type { Slb } from "../mmu/slb.ts";
import type { CpuState } from "../state.ts";
import type { Outcome } from "../system/context.ts";
import { missing } from "../system/missing.ts";
import { NO_REGISTER, ReferenceMachine } from "./machine.ts";

interface Decoded {
  readonly row: Row;
  readonly fields: Readonly<Record<string, number>>;
}

/** Decoded words kept; more than any program's distinct words usually are. */
const CACHE_ENTRIES = 0x1_0000;

export class ReferenceEngine {
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
    const all = allFields(row, word);
    const fields = all["RA0"] === 0 ? { ...all, RA0: NO_REGISTER } : all;
    if (this.#decoded.size >= CACHE_ENTRIES) this.#decoded.clear();
    const decoded = { row, fields };
    this.#decoded.set(word, decoded);
    return decoded;
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
    const decoded = this.#decode(word);
    if (decoded === undefined) return missing(state, cia, word);
    machine.begin(cia, word);
    perform(decoded.row, machine, decoded.fields);
    const { outcome } = machine;
    if (outcome === undefined) state.nia = machine.next;
    return outcome;
  }
}
