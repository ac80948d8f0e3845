// What a way of calling must be able to do: the code at the call, and what calls share (stubs behind the code, a table of addresses).
// Each way is one file beside this one; sequences.ts and helper-sequences.ts list them. Nothing here emits code.
import { hex64, type U64 } from "../../word/long.ts";
import { JitError, type JitErrno } from "../error.ts";
import type { Words } from "../ppc.ts";
import type { JitTarget } from "../target.ts";

/** Ways of calling another function of the same program; each is explained in the file of its name. */
export type CallSequenceName =
  | "far"
  | "far-notoc"
  | "near"
  | "auto-pad"
  | "auto-skip"
  | "auto-shrink"
  | "stub"
  | "toc"
  | "pcrel"
  | "far-blrl";

/** Ways of calling a function of the kernel or of a module. */
export type HelperSequenceName = "toc-relative" | "far" | "near" | "stub" | "pcrel";

/**
 * What is called. `core`: a function of the kernel, whose TOC r2 holds; `module`: one of a module, which has a TOC of its own;
 * `bpf`: a JITed function, which loads the kernel's TOC itself.
 */
export type CalleeKind = "core" | "module" | "bpf";

/** Where a function can be entered. */
export interface EntryPoints {
  /** For a caller that has the address itself in r12 and any r2 [ELFv2 2.3.2.1]; in ELFv1 the code, which wants its TOC in r2. */
  readonly global: U64;
  /** For a caller that has the callee's TOC in r2: behind what loads it. The same as `global` where nothing loads one. */
  readonly local: U64;
  /** The function descriptor; ELFv1 only. */
  readonly descriptor?: U64;
}

/** What is known of a callee before there are addresses. */
export interface Callee {
  readonly kind: CalleeKind;
  /** Undefined while a function of the program has no image. */
  readonly to?: EntryPoints | undefined;
}

/** A call whose both ends are known. */
export interface Call extends Callee {
  readonly to: EntryPoints;
  /** Address of the first word of the sequence. */
  readonly from: U64;
  /** Name of the callee, for messages. */
  readonly callee: string;
  /** BPF instruction in its function: the same in every pass. */
  readonly site: number;
}

/** What the calls of an image share. */
export interface SharedParts {
  /** Address of the stub that goes to `value`; `words` makes it the first time. */
  stub(value: U64, words: () => Words): U64;
  /** Address of a doubleword of the kernel's data that holds `value`. Throws JitError ENOMEM. */
  slot(value: U64): U64;
}

/** What of the machine and kernel a sequence depends on. */
export type CallMachine = Pick<
  JitTarget,
  "cpu" | "abi" | "kernelToc" | "pacaKernelToc" | "kernelBase" | "pacaKernelBase"
>;

/** One object serves one function, through all passes. */
export interface CallSequence {
  /** The most words that a call takes, wherever both ends may be: what the sizing pass counts. */
  maxWords(callee: Callee): number;
  /** The most words of the stub that calls of a callee share; 0 where there is none. */
  maxStubWords(callee: Callee): number;
  /** The call, without what follows it (the result's copy). r2 is the kernel's TOC before and after. Throws JitError where it cannot be. */
  words(call: Call, shared: SharedParts): Words;
}

/** A way of calling as tables, help and documents show it. */
export interface CallSequenceKind<Name extends string = CallSequenceName> {
  readonly name: Name;
  /** One line: what it is. */
  readonly summary: string;
  /** One line: when it can be used. */
  readonly legal: string;
  /** For the calls of one function. */
  readonly create: (machine: CallMachine) => CallSequence;
}

/** Bytes from one address to another; only 53 bits' worth is exact, which is enough to see that it is far. */
export function distance(from: U64, to: U64): number {
  return to.subtract(from).toSigned().toNumber();
}

/** Why a call cannot be, with both addresses: ERANGE where it does not reach, ENOTSUPP where it could not from anywhere. */
export function cannot(
  errno: Extract<JitErrno, "ERANGE" | "ENOTSUPP">,
  call: Call,
  what: string,
  why: string,
  to = call.to.global,
): JitError {
  const verb = errno === "ERANGE" ? "does not reach" : "cannot call";
  return new JitError(errno, `${what} at ${hex64(call.from)} ${verb} ${call.callee} at ${hex64(to)}: ${why}`);
}
