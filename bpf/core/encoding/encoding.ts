// What a way of naming the callee in a call of a function of the same program must be able to do: one interface between the
// core, which writes the instruction, the JIT, which reads it, and whoever dumps it. Each way is one file beside this one.
import type { U64 } from "../../../word/long.ts";
import type { BpfFunction } from "../prog.ts";

/** Each is explained in the file of its name. */
export type CallEncodingName = "imm32" | "imm48" | "callee-list" | "aux-func" | "prog-id";

/** A call, once every function of its program has an image. */
export interface CallSite {
  readonly fn: BpfFunction;
  readonly callee: BpfFunction;
  /** Slots from the one behind the call to the callee in the whole program after rewriting. */
  readonly distance: number;
  /** Address of __bpf_call_base. */
  readonly bpfCallBase: U64;
}

/** The two fields of a call that an encoding has: 16 and 32 bits, signed. */
export interface CallFields {
  readonly off: number;
  readonly imm: number;
}

/** What user space has to make sense of a call with, beside the instructions. */
export interface CallView {
  /** `jited_ksyms`: where each function's image is; none of a program that is interpreted. Zeros for who may not see them. */
  readonly ksyms: readonly U64[];
  /** As /proc/kallsyms has it; zero for who may not see it. */
  readonly bpfCallBase: U64;
  /** `bpf_prog_TAG_NAME` of the program with this number; undefined where there is none, or it may not be asked for. */
  readonly nameOfId: (id: number) => string | undefined;
}

/** What the two fields of a call say to user space; each part is undefined where they do not say it. */
export interface ReadCall {
  /** Slots from the one behind the call to the callee. */
  readonly distance: number | undefined;
  /** Of the callee's image: where they say the call goes, which need not be where it does. */
  readonly address: U64 | undefined;
  readonly name: string | undefined;
}

export interface CallEncoding {
  readonly name: CallEncodingName;
  /** One line for tables and help. */
  readonly summary: string;
  /** What the JIT finds in the call. @throws BpfLoadError ERANGE where the callee cannot be named */
  encode(site: CallSite): CallFields;
  /**
   * Where the JIT takes the call to go: address of the callee's image, with ELFv1 of the descriptor before it.
   * @param fn the function that the call stands in
   * @returns undefined where `off` and `imm` name nothing: -EINVAL
   */
  target(call: CallFields, fn: BpfFunction, bpfCallBase: U64): U64 | undefined;
  /** What user space finds in the call when it asks for the program. */
  shown(site: CallSite): CallFields;
  /** The same for who may not see addresses. */
  concealed(shown: CallFields): CallFields;
  /** What a tool that knows the encoding makes of the fields that `shown` gave. */
  read(call: CallFields, view: CallView): ReadCall;
}
