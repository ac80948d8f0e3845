// What a kernel function whose body is TypeScript may ask of the call it serves: arguments, and calls back into guest code.
// The calls themselves are entry.ts's.
import type { U64 } from "../word/long.ts";
import type { KernelMemory, MemoryFault } from "../bpf/memory.ts";
import type { CpuState } from "../cpu/state.ts";
import type { CallOutcome } from "./entry.ts";
import type { Abi } from "./text.ts";

/** A call that did not return. */
export type FailedCall = Exclude<CallOutcome, { readonly kind: "return" }>;

/** The value for r3, or why there is none: an access that faulted in the function itself, or a call it made that failed. */
export type FunctionResult = U64 | MemoryFault | FailedCall;

/** The guest code that calls a kernel function. */
export interface Caller {
  /**
   * The n-th integer argument, from 0 on: r3 to r10, then the caller's parameter save area, which a caller of a function
   * with more than eight or with variable arguments has.
   */
  argument(n: number): U64 | MemoryFault;
  /** Where the function returns to: LR. */
  readonly returnAddress: U64;
  /**
   * Calls a C function pointer of the guest, on ELFv1 a descriptor, with at most eight arguments. Registers are afterwards
   * as before; its instructions count as the caller's, whose limit holds for it too.
   */
  call(pointer: U64, args: readonly U64[]): CallOutcome;
  /** Ends everything with an oops at the call; `detail` says why. */
  fail(detail: string): FailedCall;
}

const FIRST_ARGUMENT = 3;
const IN_REGISTERS = 8;
/** Bytes from the caller's stack pointer to its parameter save area [ELFv1 3.2.2, ELFv2 2.2.3.3]. */
const PARAMETER_SAVE_AREA = { elfv1: 48, elfv2: 32 } as const;

/** Argument `n` of the function that is about to run its first instruction behind the prologue: it has no frame of its own. */
export function argumentOf(state: CpuState, memory: KernelMemory, abi: Abi, n: number): U64 | MemoryFault {
  if (n < IN_REGISTERS) return state.gpr(FIRST_ARGUMENT + n);
  return memory.load(state.gpr(1).add(PARAMETER_SAVE_AREA[abi] + 8 * n), 8);
}
