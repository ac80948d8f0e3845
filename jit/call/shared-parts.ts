// What the calls of an image share: stubs behind its code, and a table of addresses for a whole program.
// Keeps them and says where each is; what is in a stub, and when one is wanted, is each sequence's.
import { hex64, u64, type U64, ZERO } from "../../word/long.ts";
import { JitError } from "../error.ts";
import { nop, type Word, WORD_BYTES, type Words } from "../ppc.ts";

/** Stubs in the order of their first calls, in one pass over a function. */
export class Stubs {
  readonly #start: U64;
  readonly #words: Word[] = [];
  /** Bytes from the start, by what a stub goes to. */
  readonly #offsets = new Map<string, number>();

  /** @param start address of the first stub */
  constructor(start: U64) {
    this.#start = start;
  }

  /** Address of the stub that goes to `value`; `words` makes it the first time. */
  to(value: U64, words: () => Words): U64 {
    return this.#start.add(u64(this.#offset(hex64(value), words)));
  }

  /** Counts the most that a stub for a callee without an address can take, once for each `callee`. */
  reserve(callee: string, words: number): void {
    this.#offset(callee, () => Array.from({ length: words }, nop));
  }

  /** All stubs so far. */
  get words(): Words {
    return this.#words;
  }

  /** Where each starts, in bytes from the first. */
  get offsets(): readonly number[] {
    return [...this.#offsets.values()];
  }

  #offset(key: string, words: () => Words): number {
    const known = this.#offsets.get(key);
    if (known !== undefined) return known;
    const offset = this.#words.length * WORD_BYTES;
    this.#offsets.set(key, offset);
    for (const word of words()) this.#words.push(word);
    return offset;
  }
}

/** Bytes of a slot. */
export const SLOT_BYTES = 8;

/** Addresses of callees in memory, each once; memory is asked for with the first. */
export class CallTable {
  readonly #slots: number;
  readonly #allocate: (bytes: number) => U64 | undefined;
  readonly #values: U64[] = [];
  #address: U64 = ZERO;

  /**
   * @param slots how many there can be
   * @param allocate memory of the kernel's data; undefined where there is none
   */
  constructor(slots: number, allocate: (bytes: number) => U64 | undefined) {
    this.#slots = slots;
    this.#allocate = allocate;
  }

  /** Address of the doubleword that holds `value`. Throws JitError ENOMEM where there is no memory, EINVAL where there are too many. */
  slot(value: U64): U64 {
    const known = this.#values.findIndex((one) => one.eq(value));
    if (known >= 0) return this.#address.add(known * SLOT_BYTES);
    const at = this.#values.length;
    if (at === this.#slots) throw new JitError("EINVAL", `more than ${this.#slots} callees in the table`);
    if (at === 0) {
      const bytes = this.#slots * SLOT_BYTES;
      const address = this.#allocate(bytes);
      if (address === undefined)
        throw new JitError("ENOMEM", `no memory for a table of ${bytes} bytes of callees' addresses`);
      this.#address = address;
    }
    this.#values.push(value);
    return this.#address.add(at * SLOT_BYTES);
  }

  /** Where it is; undefined while nothing needs it. */
  get address(): U64 | undefined {
    return this.#values.length === 0 ? undefined : this.#address;
  }

  /** In the order of the slots. */
  get values(): readonly U64[] {
    return this.#values;
  }
}
