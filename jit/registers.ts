// Which GPR each BPF register lives in, and what the JIT keeps for itself.
// Nothing here emits code. [Linux 6.12 arch/powerpc/net/bpf_jit64.h]
import { JitError } from "./error.ts";

/** Number of a general purpose register, 0..31. */
export type Gpr = number;

/** LR on its way to the stack, and the old value of an atomic. As RA0 it reads as zero, so it is never a base. */
export const SCRATCH: Gpr = 0;
export const STACK_POINTER: Gpr = 1;
export const TOC: Gpr = 2;
/** First argument and result of a function [ELFv2 2.2.3]. */
export const RESULT: Gpr = 3;
export const TMP1: Gpr = 9;
export const TMP2: Gpr = 10;
/** Where a call through CTR goes: a callee's global entry finds its TOC from it [ELFv2 2.3.2]. */
export const CALL_TARGET: Gpr = 12;
export const PACA: Gpr = 13;

/** BPF R0 is not r3: that is R1. Calls and the epilogue copy. */
export const BPF_R0: Gpr = 8;
/** BPF R2 and R3: array and index of a tail call. */
export const BPF_R2: Gpr = 4;
export const BPF_R3: Gpr = 5;
export const FRAME_POINTER: Gpr = 31;
/** From here on GPRs belong to the caller, as far as BPF uses them. */
export const FIRST_NON_VOLATILE: Gpr = 27;

/** R0..R10, and as number 11 the register that the BPF core's own patches use (AX). */
const mapping: readonly Gpr[] = [BPF_R0, 3, BPF_R2, BPF_R3, 6, 7, 27, 28, 29, 30, FRAME_POINTER, 12];

/** The GPR of a BPF register. Throws JitError where there is no such register. */
export function gprOf(bpfRegister: number): Gpr {
  const gpr = mapping[bpfRegister];
  if (gpr === undefined) throw new JitError("EINVAL", `R${bpfRegister} is invalid`);
  return gpr;
}
