// `farcall prog dump jited`: the code of each function under its own name, in bpftool's form.
import type { CpuModel } from "../cpu/isa/row.ts";
import { codeLines } from "./listing.ts";
import type { Printed } from "./prog.ts";
import type { Session } from "./session.ts";

export function jitedDump(session: Session, cpu: CpuModel): Printed {
  const functions = session.functions().map(({ symbol, address, jited }) => ({
    name: symbol ?? `0x${address.toString(16)}`,
    code: codeLines(jited, cpu, (to) => session.nameOf(to)),
  }));
  return {
    lines: functions.flatMap(({ name, code }, i) => [
      ...(i > 0 ? [""] : []),
      `${name}:`,
      ...code.map(({ pc, text }) => `${pc.toString(16).padStart(4)}:\t${text}`),
    ]),
    json: functions.map(({ name, code }) => ({
      name,
      insns: code.map(({ pc, text }) => {
        const [, operation = text, operands = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
        return {
          pc: `0x${pc.toString(16)}`,
          operation,
          operands: operands === "" ? [] : operands.split(/,\s*/),
        };
      }),
    })),
  };
}
