// `farcall prog dump xlated`: the instructions that the kernel holds after loading, in bpftool's form.
import { isPseudoCall } from "../bpf/insn.ts";
import { dumpXlated, plainDump } from "../bpf/print/dump.ts";
import type { XlatedNames } from "../bpf/print/xlated.ts";
import { hex64 } from "../word/long.ts";
import type { Printed } from "./prog.ts";
import type { Session } from "./session.ts";

export function xlatedDump(session: Session): Printed {
  const { xlated, linked } = session.program.loaded;
  const { insns, origin } = xlated;
  const lines = dumpXlated(insns, { names: calledNames(session), source: linked.source, origin });
  return {
    lines: plainDump(lines),
    json: lines.map(({ text, prototype, source }) => ({
      ...(prototype === undefined ? {} : { proto: prototype }),
      ...(source === undefined ? {} : { src: source }),
      disasm: text,
    })),
  };
}

/** Names of called functions: `+5#bpf_prog_TAG_NAME`, or the address where kallsyms has none, and helpers by their address. */
function calledNames({ kernel, ...session }: Session): XlatedNames {
  const functions = session.functions();
  return {
    call: (insn) => {
      if (!isPseudoCall(insn)) return kernel.kallsyms.lookup(kernel.bpf.calledAddress(insn.imm))?.name;
      const distance = insn.off < 0 ? `${insn.off}` : `+${insn.off}`; // imm is the callee's index
      const callee = functions[insn.imm];
      return callee === undefined ? distance : `${distance}#${callee.symbol ?? hex64(callee.address)}`;
    },
  };
}
