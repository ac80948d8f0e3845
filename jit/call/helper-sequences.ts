// Every way of calling a function of the kernel or of a module. A new one is a file and a line here.
import { JitError } from "../error.ts";
import { helperFar } from "./far.ts";
import { helperNear } from "./near.ts";
import { helperPcrel } from "./pcrel.ts";
import type { CallMachine, CallSequence, CallSequenceKind, HelperSequenceName } from "./sequence.ts";
import { stub } from "./stub.ts";
import { tocRelative } from "./toc-relative.ts";

/** In the order of help and documents. */
export const helperSequences: readonly CallSequenceKind<HelperSequenceName>[] = Object.freeze([
  tocRelative,
  helperFar,
  helperNear,
  stub,
  helperPcrel,
]);

/** A new sequence for one function. Throws JitError EINVAL for a name that is not in the table. */
export function createHelperSequence(name: HelperSequenceName, machine: CallMachine): CallSequence {
  const kind = helperSequences.find((one) => one.name === name);
  if (kind === undefined) throw new JitError("EINVAL", `no helper sequence ${name}`);
  return kind.create(machine);
}
