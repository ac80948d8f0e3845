// `far`: the callee's address as a 64-bit constant, always of the same length, then a branch through CTR.
// The address goes through r12, as a callee that computes its TOC from its global entry wants it; a BPF callee loads the
// kernel's TOC itself, and r2 is the kernel's again when it returns. [Linux 6.1 arch/powerpc/net/bpf_jit_comp64.c]
import { load64, MAX_LOAD64_WORDS, padded } from "../immediates.ts";
import type { Words } from "../ppc.ts";
import { CALL_TARGET } from "../registers.ts";
import { calleeValue, enter, type Transfer } from "./enter.ts";
import type { Call, Callee, CallMachine, CallSequenceKind } from "./sequence.ts";

/** Words at most. */
export const farWords = (callee: Callee, machine: CallMachine): number =>
  MAX_LOAD64_WORDS + enter(CALL_TARGET, callee, machine).length;

/** Never refuses. */
export const far: CallSequenceKind<"far"> = {
  name: "far",
  summary: "64-bit constant in r12, padded to five words; mtctr; bctrl",
  legal: "always",
  create: (machine) => ({
    maxWords: (callee) => farWords(callee, machine),
    maxStubWords: () => 0,
    words: (call) => paddedFar(call, machine),
  }),
};

/** The constant in five words, then into the callee. */
export function paddedFar(call: Call, machine: CallMachine, transfer?: Transfer): Words {
  return [
    ...padded(load64(CALL_TARGET, calleeValue(call, machine)), MAX_LOAD64_WORDS),
    ...enter(CALL_TARGET, call, machine, transfer),
  ];
}

/** The same without padding: as many words as the address needs. */
export function shortestFar(call: Call, machine: CallMachine): Words {
  return [...load64(CALL_TARGET, calleeValue(call, machine)), ...enter(CALL_TARGET, call, machine)];
}

/** A function of the kernel or of a module: its address is known from the start, so nothing needs padding. */
export const helperFar: CallSequenceKind<"far"> = {
  name: "far",
  summary: "64-bit constant in r12, as short as it is; mtctr; bctrl to the global entry point",
  legal: "always",
  create: (machine) => ({
    maxWords: ({ kind, to }) =>
      to === undefined
        ? farWords({ kind }, machine)
        : load64(CALL_TARGET, calleeValue({ kind, to }, machine)).length +
          enter(CALL_TARGET, { kind }, machine).length,
    maxStubWords: () => 0,
    words: (call) => shortestFar(call, machine),
  }),
};
