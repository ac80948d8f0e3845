// Every way of calling another function of the same program. A new one is a file and a line here.
import { JitError } from "../error.ts";
import { autoPad } from "./auto-pad.ts";
import { autoShrink } from "./auto-shrink.ts";
import { autoSkip } from "./auto-skip.ts";
import { farBlrl } from "./far-blrl.ts";
import { farNotoc } from "./far-notoc.ts";
import { far } from "./far.ts";
import { near } from "./near.ts";
import { pcrel } from "./pcrel.ts";
import type { CallMachine, CallSequence, CallSequenceKind, CallSequenceName } from "./sequence.ts";
import { stub } from "./stub.ts";
import { toc } from "./toc.ts";

/** In the order of help and documents. */
export const callSequences: readonly CallSequenceKind[] = Object.freeze([
  far,
  farNotoc,
  near,
  autoPad,
  autoSkip,
  autoShrink,
  stub,
  toc,
  pcrel,
  farBlrl,
]);

/** A new sequence for one function. Throws JitError EINVAL for a name that is not in the table. */
export function createCallSequence(name: CallSequenceName, machine: CallMachine): CallSequence {
  const kind = callSequences.find((one) => one.name === name);
  if (kind === undefined) throw new JitError("EINVAL", `no call sequence ${name}`);
  return kind.create(machine);
}
