// What a successful check tells the BPF core. No code.
import type { Insn } from "../insn.ts";
import type { KfuncPrototype } from "../kfunc.ts";

/** A function as the check saw it; `start`, `length` in slots. */
export interface CheckedFunction {
  readonly name: string;
  readonly start: number;
  readonly length: number;
  /** Bytes of stack below r10 that are used, rounded up to 8. */
  readonly stackDepth: number;
  /** Whether it calls bpf_tail_call. */
  readonly usesTailCall: boolean;
}

export interface Checked {
  readonly functions: readonly CheckedFunction[];
  /** Slots of loads and stores whose base register is the program's context. */
  readonly contextAccesses: ReadonlySet<number>;
  /** Slots of instructions that some path reaches; what constants cut off is not among them. Not known without a check. */
  readonly reached?: ReadonlySet<number>;
  /** Slots looked at, repeated visits counted. */
  readonly processedInsns: number;
}

/** What the check needs to know of its surroundings. */
export interface CheckOptions {
  /** Whether the helper of this number can be called by the program; all can when not given. */
  readonly helper?: (id: number) => boolean;
  /** Name, with `bpf_`, of a helper that exists but that the program's type may not call. */
  readonly helperName?: (id: number) => string | undefined;
  /** What a call of a function of the kernel means; undefined where its fields name none. */
  readonly kernelFunction?: (call: Pick<Insn, "imm" | "off">) => CallableFunction | undefined;
  /** Whether the program is to be JITed, without which it may not call functions of the kernel; it is when not given. */
  readonly isJitRequested?: boolean;
  /** What the program starts with: its context in r1 (default), or the address of plain memory in r1 and its length in r2. */
  readonly start?: "context" | "memory";
}

/** A function of the kernel as the check sees it. */
export interface CallableFunction {
  readonly prototype: KfuncPrototype;
  /** KF_…; undefined where programs of this type may not call it. */
  readonly flags: number | undefined;
}
