// `near`: one relative branch. Nothing but a callee within 32 MiB can be called.
import { hex64 } from "../../word/long.ts";
import { JitError } from "../error.ts";
import { bl, reachesB } from "../ppc.ts";
import { distance, type CallSequence } from "./sequence.ts";

export function near(): CallSequence {
  return {
    maxWords: 1,
    words(call) {
      const bytes = distance(call);
      if (!reachesB(bytes))
        throw new JitError(
          "ERANGE",
          `bl at ${hex64(call.from)} does not reach ${call.callee} at ${hex64(call.to)}: more than 32 MiB`,
        );
      return [bl(bytes)];
    },
  };
}
