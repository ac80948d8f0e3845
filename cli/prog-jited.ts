// `farcall prog dump jited`: the code of each function under its own name, in bpftool's form.
import type { CpuModel } from "../cpu/isa/row.ts";
import { codeLines } from "./listing.ts";
import type { CodeLine } from "./listing.ts";
import type { Printed } from "./prog.ts";
import type { FunctionReport, Session } from "./session.ts";

interface Line extends CodeLine {
  /** The line of source that starts at this word. */
  readonly source: string | undefined;
}

export function jitedDump(session: Session, cpu: CpuModel): Printed {
  const functions = session.functions().map((report) => {
    const sources = sourcesByPc(session, report);
    const code = codeLines(report.jited, cpu, (to) => session.nameOf(to));
    return {
      name: report.symbol ?? `0x${report.address.toString(16)}`,
      prototype: prototypeOf(session, report),
      code: code.map((line): Line => ({ ...line, source: sources.get(line.pc) })),
    };
  });
  return {
    lines: functions.flatMap(({ name, prototype, code }, i) => [
      ...(i > 0 ? [""] : []),
      ...(prototype === undefined ? [] : [`${prototype}:`]),
      `${name}:`,
      ...code.flatMap(({ pc, text, source }) => [
        ...(source === undefined ? [] : [`; ${source}`]),
        `${pc.toString(16).padStart(4)}:\t${text}`,
      ]),
    ]),
    json: functions.map(({ name, prototype, code }) => ({
      ...(prototype === undefined ? {} : { proto: prototype }),
      name,
      insns: code.map(instruction),
    })),
  };
}

function instruction({ pc, text, source }: Line): unknown {
  const [, operation = text, operands = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  return {
    ...(source === undefined ? {} : { src: source }),
    pc: `0x${pc.toString(16)}`,
    operation,
    operands: operands === "" ? [null] : operands.split(/,\s*/), // as bpftool has it
  };
}

function prototypeOf({ program }: Session, { jited }: FunctionReport): string | undefined {
  const { linked } = program.loaded;
  const start = linked.functions[jited.index]?.start;
  return start === undefined ? undefined : linked.source?.prototypes.get(start);
}

/**
 * Source lines by byte offset of the code of the instructions that they begin with; the first stands before the prologue.
 * @linux kernel/bpf/core.c bpf_prog_fill_jited_linfo
 */
function sourcesByPc({ program }: Session, { jited }: FunctionReport): ReadonlyMap<number, string> {
  const { linked, xlated } = program.loaded;
  const { start, length } = xlated.functions[jited.index] ?? { start: 0, length: 0 };
  const found = new Map<number, string>();
  let before = -1;
  for (let slot = 0; slot < length; slot++) {
    const origin = xlated.origin[start + slot] ?? -1;
    const source = origin === before ? undefined : linked.source?.lines.get(origin)?.text;
    const pc = slot === 0 ? 0 : (jited.insnOffsets[slot] ?? 0);
    if (source !== undefined && !found.has(pc)) found.set(pc, source);
    before = origin;
  }
  return found;
}
