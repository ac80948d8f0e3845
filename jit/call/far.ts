// `far`: the callee's address as a 64-bit constant, always of the same length, then a branch through CTR.
// The address goes through r12, as a callee that computes its TOC from its global entry wants it; the callee loads the
// kernel's TOC itself, and r2 is the kernel's again when it returns. [Linux 6.1 arch/powerpc/net/bpf_jit_comp64.c]
import { load64, MAX_LOAD64_WORDS, padded } from "../immediates.ts";
import { bctrl, mtctr, type Words } from "../ppc.ts";
import { CALL_TARGET } from "../registers.ts";
import type { BpfCall, CallSequence } from "./sequence.ts";

const branch = (): Words => [mtctr(CALL_TARGET), bctrl()];

/** Words at most, and here always. */
export const FAR_WORDS = MAX_LOAD64_WORDS + branch().length;

export function far(): CallSequence {
  return {
    maxWords: FAR_WORDS,
    words: ({ to }) => [...padded(load64(CALL_TARGET, to), MAX_LOAD64_WORDS), ...branch()],
  };
}

/** The same without padding: 3 to 7 words, as the address needs. */
export function shortestFar({ to }: BpfCall): Words {
  return [...load64(CALL_TARGET, to), ...branch()];
}
