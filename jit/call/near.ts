// `near`: one relative branch. Nothing but a callee within 32 MiB can be called.
import { bl, reachesB, type Words } from "../ppc.ts";
import { branchEntry, reloadToc } from "./enter.ts";
import {
  type Call,
  type CallMachine,
  type CallSequence,
  type CallSequenceKind,
  cannot,
  distance,
} from "./sequence.ts";

/** The relative branch, where there is one that reaches. */
export function nearWords(call: Call, machine: CallMachine): Words | undefined {
  const entry = branchEntry(call, machine);
  if (entry === undefined) return undefined;
  const bytes = distance(call.from, entry);
  return reachesB(bytes) ? [bl(bytes), ...reloadToc(call, machine)] : undefined;
}

function create(machine: CallMachine): CallSequence {
  return {
    maxWords: (callee) => 1 + reloadToc(callee, machine).length,
    maxStubWords: () => 0,
    words(call) {
      const words = nearWords(call, machine);
      if (words !== undefined) return words;
      const entry = branchEntry(call, machine);
      if (entry === undefined)
        throw cannot("ENOTSUPP", call, "bl", "it has a TOC of its own, for which it needs r12 or r2");
      throw cannot("ERANGE", call, "bl", "more than 32 MiB", entry);
    },
  };
}

/** JitError ERANGE where a callee is more than 32 MiB away. */
export const near: CallSequenceKind<"near"> = {
  name: "near",
  summary: "bl",
  legal: "callees within 32 MiB",
  create,
};

/** The kernel's functions by their local entry points: r2 is theirs. */
export const helperNear: CallSequenceKind<"near"> = {
  name: "near",
  summary: "bl to the local entry point",
  legal: "images within 32 MiB of the function, which has the kernel's TOC or none",
  create,
};
