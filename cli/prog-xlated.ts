// `farcall prog dump xlated`: the instructions that the kernel holds after loading, in bpftool's form.
import { isPseudoCall } from "../bpf/insn.ts";
import { printInsns } from "../bpf/print.ts";
import { u64 } from "../word/long.ts";
import type { Printed } from "./prog.ts";
import type { Session } from "./session.ts";

export function xlatedDump(session: Session): Printed {
  const { kernel, program } = session;
  const functions = session.functions();
  const signed = (n: number): string => (n < 0 ? `${n}` : `+${n}`);
  const lines = printInsns(program.loaded.xlated.insns, {
    kind: "xlated",
    resolve: {
      call: (insn) => {
        if (!isPseudoCall(insn))
          return kernel.kallsyms.lookup(kernel.text.bpfCallBase.add(u64(insn.imm)))?.name;
        const callee = functions[insn.imm]; // off is the distance, imm the callee's index
        if (callee === undefined) return signed(insn.off);
        return `${signed(insn.off)}#${callee.symbol ?? `0x${callee.address.toString(16)}`}`;
      },
    },
  });
  return {
    lines: lines.map(({ slot, text }) => `${String(slot).padStart(4)}: ${text}`),
    json: lines.map(({ text }) => ({ disasm: text })),
  };
}
