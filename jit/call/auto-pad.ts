// `auto-pad`: one relative branch where it reaches, else the far call; of one length, so that no pass moves anything.
// The nops stand behind the branch: they are executed when the callee has returned.
import { padded } from "../immediates.ts";
import { farWords, shortestFar } from "./far.ts";
import { nearWords } from "./near.ts";
import type { CallSequenceKind } from "./sequence.ts";

/** Never refuses. As long as `far` is at its longest. */
export const autoPad: CallSequenceKind<"auto-pad"> = {
  name: "auto-pad",
  summary: "bl where it reaches, else far; then nops, which are executed, up to the length of far",
  legal: "always",
  create: (machine) => ({
    maxWords: (callee) => farWords(callee, machine),
    maxStubWords: () => 0,
    words: (call) => padded(nearWords(call, machine) ?? shortestFar(call, machine), farWords(call, machine)),
  }),
};
