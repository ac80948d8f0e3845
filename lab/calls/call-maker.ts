// Calls of hand-written code, made by the JIT's own sequences: the same words as a compiled program has.
// Where the code lies is places.ts's.
import { PlacedCalls } from "../../jit/call/placed-calls.ts";
import type { CallMachine, CallSequenceKind, Call } from "../../jit/call/sequence.ts";
import type { U64 } from "../../word/long.ts";
import type { CallMaker } from "./code.ts";

/** What a site calls. */
export type CalleeOfSite = Pick<Call, "kind" | "to" | "callee">;

/** How the calls of one piece of code are made. */
export interface CallMakerOptions {
  readonly kind: CallSequenceKind<string>;
  readonly machine: CallMachine;
  /** By site. */
  readonly callees: readonly CalleeOfSite[];
  /** Kernel data for addresses of callees: so many doublewords as there are different ones. */
  readonly table: { readonly address: U64; readonly slots: number };
}

/** The words of each call by its sequence, at its place. */
export function callMaker({ kind, machine, callees, table }: CallMakerOptions): CallMaker {
  const sequence = kind.create(machine);
  return {
    maxWords: callees.reduce((most, callee) => Math.max(most, sequence.maxWords(callee)), 0),
    pass(stubs) {
      const calls = new PlacedCalls(kind, machine, { stubs, table });
      return {
        words: (site, from) => {
          const callee = callees[site];
          if (callee === undefined) throw new Error(`no callee of site ${site}`);
          return calls.words({ ...callee, from, site });
        },
        get stubs() {
          return calls.stubs;
        },
        get table() {
          return calls.table;
        },
      };
    },
  };
}
