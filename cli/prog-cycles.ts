// `farcall prog dump jited --cycles`: runs the program and puts executions and cycles of the last run beside each instruction.
import { hex64, ZERO, type U64 } from "../word/long.ts";
import type { InsnCycles } from "../lab/cycles/insn-table.ts";
import { hotInsns } from "../lab/cycles/report.ts";
import { cyclesSummary, decimal } from "./cycles-report.ts";
import { executeMetered } from "./metered.ts";
import { paint } from "./output.ts";
import { jitedDump, type Annotation, type Annotations } from "./prog-jited.ts";
import type { Printed } from "./prog.ts";
import type { ProgramView } from "./prog-view.ts";
import type { RunInput, Session } from "./session.ts";
import { tracing } from "./trace-output.ts";

const EXECUTIONS_WIDTH = 10;
const CYCLES_WIDTH = 11;

/** The dump with what the last run came to. Throws StageError where the program does not return or is interpreted. */
export function annotatedDump(view: ProgramView, session: Session, input: RunInput): Printed {
  const { kernel, program } = session;
  const { meter } = tracing(kernel, () => executeMetered(session, input));
  const { insns } = meter.last;
  const hot = hotInsns(insns);
  const byAddress = new Map(insns.map((insn) => [hex64(insn.address), insn]));
  const { red } = paint();
  const address = (index: number, pc: number): U64 => (program.images[index]?.image ?? ZERO).add(pc);

  const ofInsn = (index: number, pc: number): Annotation => {
    const key = hex64(address(index, pc));
    const { executions, cycles } = byAddress.get(key) ?? { executions: 0, cycles: 0 };
    const columns = gutter(executions === 0 ? "" : String(executions), executions === 0 ? "" : fixed(cycles));
    const isHot = hot.has(key);
    return {
      text: isHot ? red(`${columns} * `) : `${columns}   `,
      json: { executions, cycles: decimal(cycles), hot: isHot },
    };
  };
  const ofFunction = (index: number): Annotation => {
    const start = address(index, 0);
    const bytes = view.info.jited_func_lens?.[index] ?? 0;
    const own = insns.filter((insn) => isWithin(insn, start, bytes));
    const executions = own.reduce((sum, insn) => sum + insn.executions, 0);
    const cycles = own.reduce((sum, insn) => sum + insn.cycles, 0);
    return {
      text: `${gutter(String(executions), fixed(cycles))}   `,
      json: { instructions: executions, cycles: decimal(cycles) },
    };
  };
  const annotations: Annotations = {
    head: [
      ...cyclesSummary(kernel, meter),
      "* the fewest instructions that take half of the cycles, what the program calls included",
      "",
      `${gutter("executed", "cycles")}   `.trimEnd(),
    ],
    ofFunction,
    ofInsn,
    blank: " ".repeat(EXECUTIONS_WIDTH + CYCLES_WIDTH + 3),
  };
  return jitedDump(view, annotations);
}

function gutter(executions: string, cycles: string): string {
  return executions.padStart(EXECUTIONS_WIDTH) + cycles.padStart(CYCLES_WIDTH);
}

function fixed(cycles: number): string {
  return String(decimal(cycles));
}

/** Whether an instruction is in the image of `bytes` bytes. */
function isWithin({ address }: InsnCycles, start: U64, bytes: number): boolean {
  return address.sub(start).lt(bytes);
}
