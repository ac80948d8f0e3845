// `far-blrl`: the far call as Linux had it in 2018, through LR. A blrl is a return to the processor's predictor, which takes an entry
// from its link stack that no call has put there. Kept to be measured. [Linux 4.15 arch/powerpc/net/bpf_jit_comp64.c]
import { farWords, paddedFar } from "./far.ts";
import type { CallSequenceKind } from "./sequence.ts";

/** Never refuses. */
export const farBlrl: CallSequenceKind<"far-blrl"> = {
  name: "far-blrl",
  summary: "as far, but mtlr; blrl, as Linux called until 2021",
  legal: "always",
  create: (machine) => ({
    maxWords: (callee) => farWords(callee, machine),
    maxStubWords: () => 0,
    words: (call) => paddedFar(call, machine, "lr"),
  }),
};
