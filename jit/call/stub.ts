// `stub`: one 64-bit branch for each callee behind the function's code, and a relative branch to it at every call.
import { load64, MAX_LOAD64_WORDS } from "../immediates.ts";
import { bl, reachesB } from "../ppc.ts";
import { CALL_TARGET } from "../registers.ts";
import { calleeValue, enter, reloadToc } from "./enter.ts";
import { type CallMachine, type CallSequence, type CallSequenceKind, cannot, distance } from "./sequence.ts";

function create(machine: CallMachine): CallSequence {
  return {
    maxWords: (callee) => 1 + reloadToc(callee, machine).length,
    maxStubWords: (callee) => MAX_LOAD64_WORDS + enter(CALL_TARGET, callee, machine, "jump").length,
    words(call, shared) {
      const value = calleeValue(call, machine);
      const stub = shared.stub(value, () => [
        ...load64(CALL_TARGET, value),
        ...enter(CALL_TARGET, call, machine, "jump"),
      ]);
      const bytes = distance(call.from, stub);
      if (!reachesB(bytes)) throw cannot("ERANGE", call, "bl", "its stub is more than 32 MiB away", stub);
      return [bl(bytes), ...reloadToc(call, machine)];
    },
  };
}

/** JitError ERANGE where its stub is more than 32 MiB away. */
export const stub: CallSequenceKind<"stub"> = {
  name: "stub",
  summary: "bl to a 64-bit branch behind the code, one for each callee",
  legal: "functions of less than 32 MiB",
  create,
};
