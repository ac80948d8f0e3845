// `toc`: the callee's address is loaded from a table in the kernel's data, in reach of r2.
// The table belongs to the program; the kernel allocates it, and it has to lie within 2 GiB of the TOC.
import { hex64 } from "../../word/long.ts";
import { addis, ld } from "../ppc.ts";
import { CALL_TARGET, TOC } from "../registers.ts";
import { calleeValue, enter } from "./enter.ts";
import { cannot, type CallSequenceKind } from "./sequence.ts";
import { tocOffset } from "./toc-offset.ts";

/** JitError ENOMEM where there is no memory for the table, ERANGE where that is more than 2 GiB from the TOC. */
export const toc: CallSequenceKind<"toc"> = {
  name: "toc",
  summary: "address loaded from a table near the kernel's TOC: addis, ld; mtctr; bctrl",
  legal: "kernels that have memory for the table within 2 GiB of the TOC",
  create: (machine) => ({
    maxWords: (callee) => 2 + enter(CALL_TARGET, callee, machine).length,
    maxStubWords: () => 0,
    words(call, shared) {
      const slot = shared.slot(calleeValue(call, machine));
      const offset = tocOffset(machine.kernelToc, slot);
      if (offset === undefined)
        throw cannot(
          "ERANGE",
          call,
          "a call through the table",
          `its slot at ${hex64(slot)} is more than 2 GiB from the TOC at ${hex64(machine.kernelToc)}`,
        );
      const { high, low } = offset;
      return [
        ...(high === 0
          ? [ld(CALL_TARGET, low, TOC)]
          : [addis(CALL_TARGET, TOC, high), ld(CALL_TARGET, low, CALL_TARGET)]),
        ...enter(CALL_TARGET, call, machine),
      ];
    },
  }),
};
