// `auto-skip`: as auto-pad, but the rest behind a relative branch is branched over, not executed.
// A far call has nothing to skip: its constant is padded as in `far`.
import { padded } from "../immediates.ts";
import { b, WORD_BYTES } from "../ppc.ts";
import { farWords, paddedFar } from "./far.ts";
import { nearWords } from "./near.ts";
import type { CallSequenceKind } from "./sequence.ts";

/** Never refuses. As long as `far`. */
export const autoSkip: CallSequenceKind<"auto-skip"> = {
  name: "auto-skip",
  summary: "bl and a b over the rest where it reaches, else far; of one length",
  legal: "always",
  create: (machine) => ({
    maxWords: (callee) => farWords(callee, machine),
    maxStubWords: () => 0,
    words(call) {
      const near = nearWords(call, machine);
      if (near === undefined) return paddedFar(call, machine);
      const length = farWords(call, machine);
      const rest = (length - near.length) * WORD_BYTES;
      return padded([...near, b(rest)], length);
    },
  }),
};
