// What a way of calling another function of the same program must be able to do.
// Each way is one file beside this one; sequences.ts lists them.
import type { U64 } from "../../word/long.ts";
import type { Words } from "../ppc.ts";

/** Each is explained in the file of its name. */
export type CallSequenceName = "far" | "near" | "auto-shrink";

/** A call whose both ends are known. */
export interface BpfCall {
  /** Address of the first word of the sequence. */
  readonly from: U64;
  /** Address of the callee's first word. */
  readonly to: U64;
  /** Name of the callee, for messages. */
  readonly callee: string;
  /** BPF instruction in its function: the same in every pass. */
  readonly site: number;
}

/** One object serves one function, through all passes. */
export interface CallSequence {
  /** The most words that a call takes, wherever both ends may be: what the sizing pass counts. */
  readonly maxWords: number;
  /** The call, without what follows it (the result's copy). Throws JitError where it cannot arrive. */
  words(call: BpfCall): Words;
}

/** Bytes from the call to its callee; only the low 53 bits' worth is exact, which is enough to see that it is far. */
export function distance(call: BpfCall): number {
  return call.to.subtract(call.from).toSigned().toNumber();
}
