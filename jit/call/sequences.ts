// Every way of calling another function of the same program, by name. A new one is a file and a line here.
import { autoShrink } from "./auto-shrink.ts";
import { far } from "./far.ts";
import { near } from "./near.ts";
import type { CallSequence, CallSequenceName } from "./sequence.ts";

const table: Readonly<Record<CallSequenceName, () => CallSequence>> = {
  far,
  near,
  "auto-shrink": autoShrink,
};

/** A new sequence for one function. */
export const createCallSequence = (name: CallSequenceName): CallSequence => table[name]();
