// `toc-relative`: a kernel function's address counted from the kernel's TOC, which r2 holds: four words, to the local entry point.
// What is not in the kernel's text is called by its whole address. [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c
// bpf_jit_emit_func_call_hlp, bpf_jit_emit_func_call_rel]
import { addi, addis, bctrl, mtctr } from "../ppc.ts";
import { CALL_TARGET, TOC } from "../registers.ts";
import { hex64 } from "../../word/long.ts";
import { farWords, shortestFar } from "./far.ts";
import { cannot, type CallSequenceKind } from "./sequence.ts";
import { tocOffset } from "./toc-offset.ts";

/** JitError ERANGE where a function of the kernel is more than 2 GiB from the TOC. */
export const tocRelative: CallSequenceKind<"toc-relative"> = {
  name: "toc-relative",
  summary:
    "address counted from r2: addis, addi; mtctr; bctrl to the local entry point; far for a module's function",
  legal: "functions within 2 GiB of the kernel's TOC",
  create: (machine) => ({
    maxWords: (callee) => (callee.kind === "core" ? 4 : farWords(callee, machine)),
    maxStubWords: () => 0,
    words(call) {
      if (call.kind !== "core") return shortestFar(call, machine);
      const { local } = call.to;
      const offset = tocOffset(machine.kernelToc, local);
      if (offset === undefined)
        throw cannot(
          "ERANGE",
          call,
          "addis and addi",
          `more than 2 GiB from the TOC at ${hex64(machine.kernelToc)}`,
          local,
        );
      return [
        addis(CALL_TARGET, TOC, offset.high),
        addi(CALL_TARGET, CALL_TARGET, offset.low),
        mtctr(CALL_TARGET),
        bctrl(),
      ];
    },
  }),
};
