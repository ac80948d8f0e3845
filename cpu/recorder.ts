// Collects the records of executed instructions in the processor's memory, where every engine can write them, and gives them to
// an observer by the batch. What a record holds is stream.ts's.
import type { U64 } from "../word/long.ts";
import { STATE, type CpuState } from "./state.ts";
import { ACCESS_KIND, RECORD, RECORD_WORDS, type InsnObserver } from "./stream.ts";

/** Records that there is room for. */
export const RECORDS = (STATE.RECORDSEND - STATE.RECORDS) / (4 * RECORD_WORDS);

/** A storage access of one instruction. */
export interface DataAccess {
  readonly kind: "load" | "store";
  /** The first byte's address. */
  readonly ea: U64;
  readonly bytes: number;
}

/** The records of one observer that it has not been given yet. Hosts are little-endian, as WebAssembly's memory is. */
export class InsnRecorder {
  readonly #words: Uint32Array;
  readonly #observer: InsnObserver;
  /** The first record that is waiting. */
  #first = 0;
  /** The record after the last one. */
  #end = 0;

  constructor(state: CpuState, observer: InsnObserver) {
    this.#words = new Uint32Array(state.memory.buffer, STATE.RECORDS, RECORDS * RECORD_WORDS);
    this.#observer = observer;
  }

  /** Enters one instruction; `prefix` is 0 where there is none. */
  add(cia: U64, word: number, prefix: number, access: DataAccess | undefined): void {
    if (this.#end === RECORDS) this.flush();
    const words = this.#words;
    const at = this.#end++ * RECORD_WORDS;
    words[at + RECORD.CIA_HIGH] = cia.high;
    words[at + RECORD.CIA_LOW] = cia.low;
    words[at + RECORD.WORD] = word;
    words[at + RECORD.PREFIX] = prefix;
    words[at + RECORD.EA_HIGH] = access?.ea.high ?? 0;
    words[at + RECORD.EA_LOW] = access?.ea.low ?? 0;
    words[at + RECORD.EA_KIND] = access === undefined ? 0 : ACCESS_KIND[access.kind] | (access.bytes << 8);
    words[at + RECORD.SPARE] = 0;
  }

  /**
   * Makes room for code that finds the place of a record by how many instructions it may still execute, this one left out: record
   * `RECORDS - 1 - left`. What it has written is to be entered with `added`.
   * @returns how many instructions it may execute: `limit` at most
   */
  room(limit: number): number {
    if (this.#end === RECORDS) this.flush();
    if (limit >= RECORDS - this.#end) return RECORDS - this.#end;
    this.flush();
    this.#first = this.#end = RECORDS - limit;
    return limit;
  }

  /** Enters `count` records that are written already. */
  added(count: number): void {
    this.#end += count;
  }

  /** Gives the observer what is waiting. */
  flush(): void {
    const [first, end] = [this.#first, this.#end];
    this.#first = this.#end = 0;
    if (first === end) return;
    const words = this.#words.subarray(first * RECORD_WORDS, end * RECORD_WORDS);
    this.#observer.executed({ count: end - first, words });
  }
}
