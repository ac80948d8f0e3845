// `auto-shrink`: one relative branch where it reaches, else the shortest far call. Code behind a call that got shorter moves,
// so a call may come into reach, or out of it, a pass later. A call that went out of reach once stays far: passes end.
import { bl, reachesB } from "../ppc.ts";
import { FAR_WORDS, shortestFar } from "./far.ts";
import { distance, type CallSequence } from "./sequence.ts";

export function autoShrink(): CallSequence {
  const nearSites = new Set<number>();
  const farForGood = new Set<number>();
  return {
    maxWords: FAR_WORDS,
    words(call) {
      const bytes = distance(call);
      if (reachesB(bytes) && !farForGood.has(call.site)) {
        nearSites.add(call.site);
        return [bl(bytes)];
      }
      if (nearSites.has(call.site)) farForGood.add(call.site);
      return shortestFar(call);
    },
  };
}
