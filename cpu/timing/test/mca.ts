// Test support: LLVM's machine code analyzer, asked about many blocks at once. It makes no blocks and judges nothing.
import { type Oracle, oracle, OracleError } from "../../../test/oracle.ts";
import { ZERO } from "../../../word/long.ts";
import { disassembleInstruction } from "../../isa/disassemble.ts";
import type { InstructionWords } from "../../isa/encode.ts";
import type { CpuModel } from "../../isa/row.ts";

/** The version whose models the figures are compared with; another one has other numbers. */
export const mca: Oracle = oracle("llvm-mca-19", "llvm-19");

const names = { power8: "pwr8", power9: "pwr9", power10: "pwr10" } as const;

/** LLVM's assembler wants registers without their names. */
function text(words: readonly number[], cpu: CpuModel): string {
  const spelled = disassembleInstruction(words as InstructionWords, ZERO, { cpu });
  if (spelled === undefined) throw new OracleError(`no text for ${words.join()}`);
  // of a prefixed instruction it wants R, which the GNU spelling leaves out where it is 0
  const whole = words.length === 2 && !/,1$/.test(spelled) ? `${spelled},0` : spelled;
  return whole
    .replace(/\t#.*/, "")
    .replace(/\bc?r(\d+)\b/g, (name, n: string) => (name.startsWith("c") && /\*cr/.test(spelled) ? name : n));
}

interface Report {
  readonly CodeRegions: readonly {
    readonly Name: string;
    readonly SummaryView: { readonly TotalCycles: number };
  }[];
}

/** Cycles of `iterations` of each block of text, from the first dispatch to the last retirement. @throws OracleError where it refuses one. */
export function totalCycles(blocks: readonly string[], cpu: CpuModel, iterations: number): readonly number[] {
  const input = blocks.map((block, i) => `# LLVM-MCA-BEGIN ${i}\n${block}\n# LLVM-MCA-END`).join("\n");
  const { stdout, stderr, status } = mca.run(
    [
      "-mtriple=powerpc64le",
      `-mcpu=${names[cpu]}`,
      `-iterations=${iterations}`,
      "-json",
      "-instruction-info=false",
      "-resource-pressure=false",
    ],
    input,
  );
  if (status !== 0) throw new OracleError(stderr.slice(0, 500));
  const { CodeRegions } = JSON.parse(stdout.toString("utf8")) as Report;
  const cycles: number[] = [];
  for (const { Name, SummaryView } of CodeRegions) cycles[Number(Name)] = SummaryView.TotalCycles;
  return cycles;
}

/** Iterations after which the steady state is measured, and over which. */
const WARM = 100;
const MEASURED = 200;

/** Cycles of one iteration of each block in the steady state. */
export function steadyCycles(
  blocks: readonly (readonly (readonly number[])[])[],
  cpu: CpuModel,
): readonly number[] {
  const texts = blocks.map((block) => block.map((words) => text(words, cpu)).join("\n"));
  const warm = totalCycles(texts, cpu, WARM);
  const all = totalCycles(texts, cpu, WARM + MEASURED);
  return texts.map((_, i) => ((all[i] ?? 0) - (warm[i] ?? 0)) / MEASURED);
}
