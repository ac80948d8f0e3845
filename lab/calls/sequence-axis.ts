// Which sequences a scenario compares: those of calls among BPF functions, those of helper calls, or what others emit.
// The sequences themselves are the JIT's.
import { helperSequences } from "../../jit/call/helper-sequences.ts";
import type { CallSequenceKind, CallSequenceName, HelperSequenceName } from "../../jit/call/sequence.ts";
import { callSequences } from "../../jit/call/sequences.ts";

/**
 * `function`: a BPF function calls another; `helper`: it calls a function of the kernel's text or of a module; `module`: what the module loader makes of
 * a module's calls of the kernel; `tail-call`: what the JIT makes of a tail call.
 */
export type Axis = "function" | "helper" | "module" | "tail-call";

/** A sequence of any axis; two axes may have one of the same name. */
export type SequenceName =
  CallSequenceName | HelperSequenceName | "module-stub" | "module-stub-pcrel" | "tail-call";

/** Every sequence of each axis, in the order of tables. */
export const sequencesOf: Readonly<Record<Axis, readonly SequenceName[]>> = Object.freeze({
  function: callSequences.map(({ name }) => name),
  helper: helperSequences.map(({ name }) => name),
  module: ["module-stub", "module-stub-pcrel"],
  "tail-call": ["tail-call"],
});

/** What makes the calls of a sequence; undefined where it is none of the axis. */
export function sequenceKind(
  axis: "function" | "helper",
  name: string,
): CallSequenceKind<string> | undefined {
  return (axis === "function" ? callSequences : helperSequences).find((kind) => kind.name === name);
}
