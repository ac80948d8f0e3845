// Which sequences a scenario compares: those of calls among BPF functions, those of helper calls, or what others emit.
// The sequences themselves are the JIT's.
import type { CallSequenceName } from "../../jit/call/sequence.ts";

/**
 * `function`: a BPF function calls another; `helper`: it calls a function of the kernel's text; `module`: what the module loader makes of
 * a module's calls of the kernel; `tail-call`: what the JIT makes of a tail call.
 */
export type Axis = "function" | "helper" | "module" | "tail-call";

/** A sequence of any axis; those of one axis have different names. */
export type SequenceName = CallSequenceName | "module-stub" | "tail-call";

/** Every sequence of each axis, in the order of tables. */
export const sequencesOf: Readonly<Record<Axis, readonly SequenceName[]>> = Object.freeze({
  function: ["far", "near", "auto-shrink"],
  helper: [],
  module: ["module-stub"],
  "tail-call": ["tail-call"],
});
