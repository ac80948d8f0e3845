// `far-notoc`: a far call that knows that its callee wants neither r12 nor a TOC: BPF's r2 is the kernel's, so it enters behind
// the callee's load of it, and r12 stays as it is. What starts the tail call count lies behind that load, and is run.
import { load64, MAX_LOAD64_WORDS, padded } from "../immediates.ts";
import { bctrl, mtctr } from "../ppc.ts";
import { TMP1 } from "../registers.ts";
import { cannot, type CallSequenceKind } from "./sequence.ts";

/** JitError ENOTSUPP for a function of a module. */
export const farNotoc: CallSequenceKind<"far-notoc"> = {
  name: "far-notoc",
  summary: "64-bit constant in r9, padded to five words; enters behind the callee's TOC load",
  legal: "callees whose TOC is the kernel's",
  create: () => ({
    maxWords: () => MAX_LOAD64_WORDS + 2,
    maxStubWords: () => 0,
    words(call) {
      if (call.kind === "module")
        throw cannot("ENOTSUPP", call, "a far-notoc call", "it has a TOC of its own");
      return [...padded(load64(TMP1, call.to.local), MAX_LOAD64_WORDS), mtctr(TMP1), bctrl()];
    },
  }),
};
