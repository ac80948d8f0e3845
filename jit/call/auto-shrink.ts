// `auto-shrink`: one relative branch where it reaches, else the shortest far call. Code behind a call that got shorter moves,
// so a call may come into reach, or out of it, a pass later. A call that went out of reach once stays far: passes end.
import { farWords, shortestFar } from "./far.ts";
import { nearWords } from "./near.ts";
import type { CallSequenceKind } from "./sequence.ts";

/** Never refuses. Remembers between passes which calls were near, so one object serves one function. */
export const autoShrink: CallSequenceKind<"auto-shrink"> = {
  name: "auto-shrink",
  summary: "bl where it reaches, else the shortest constant in r12; mtctr; bctrl",
  legal: "always",
  create(machine) {
    const nearSites = new Set<number>();
    const farForGood = new Set<number>();
    return {
      maxWords: (callee) => farWords(callee, machine),
      maxStubWords: () => 0,
      words(call) {
        const near = nearWords(call, machine);
        if (near !== undefined && !farForGood.has(call.site)) {
          nearSites.add(call.site);
          return near;
        }
        if (nearSites.has(call.site)) farForGood.add(call.site);
        return shortestFar(call, machine);
      },
    };
  },
};
