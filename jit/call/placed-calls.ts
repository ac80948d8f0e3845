// Call sequences outside of a compiled program: for a driver written by hand, which says where its stubs and its table lie.
// Writes nothing to memory.
import type { U64 } from "../../word/long.ts";
import type { Words } from "../ppc.ts";
import type { Call, CallMachine, CallSequence, CallSequenceKind, SharedParts } from "./sequence.ts";
import { CallTable, SLOT_BYTES, Stubs } from "./shared-parts.ts";

/** What a driver has room for. */
export interface CallPlaces {
  /** Address of the first stub. */
  readonly stubs: U64;
  /** Address of the table, and how many callees it has room for. */
  readonly table: { readonly address: U64; readonly slots: number };
}

/** One sequence for the calls of one driver. */
export class PlacedCalls {
  readonly #sequence: CallSequence;
  readonly #stubs: Stubs;
  readonly #table: CallTable;
  readonly #shared: SharedParts;

  constructor(kind: CallSequenceKind<string>, machine: CallMachine, places: CallPlaces) {
    this.#sequence = kind.create(machine);
    this.#stubs = new Stubs(places.stubs);
    this.#table = new CallTable(places.table.slots, () => places.table.address);
    this.#shared = {
      stub: (value, words) => this.#stubs.to(value, words),
      slot: (value) => this.#table.slot(value),
    };
  }

  /** The code of a call, to stand at its `from`. Throws JitError where it cannot be. */
  words(call: Call): Words {
    return this.#sequence.words(call, this.#shared);
  }

  /** Code that has to stand at `places.stubs`, for the calls so far. */
  get stubs(): Words {
    return this.#stubs.words;
  }

  /** What has to stand in the table for the calls so far: doublewords at their addresses. */
  get table(): readonly { readonly address: U64; readonly value: U64 }[] {
    const { address, values } = this.#table;
    return address === undefined
      ? []
      : values.map((value, i) => ({ address: address.add(i * SLOT_BYTES), value }));
  }
}
