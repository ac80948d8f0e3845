// Cycles of a program's runs, for people and as the field `cycles` of a JSON document. Measures nothing.
import type { CpuModel } from "../cpu/isa/row.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { CycleMeter, Range } from "../lab/cycles/meter.ts";
import { functionCycles } from "../lab/cycles/report.ts";
import { paint, table } from "./output.ts";

/** One decimal at most: `12`, `12.5`. */
export function decimal(n: number): number {
  return Math.round(n * 10) / 10;
}

function rangeJson({ cycles, low, high }: Range): object {
  return { cycles: decimal(cycles), cycles_range: { low: decimal(low), high: decimal(high) } };
}

/** The last run with its counts and functions; the first, and the mean of all. */
export function cyclesJson(kernel: Kernel, meter: CycleMeter): object {
  const { last, first, mean, runs } = meter;
  const { instructions, branches, takenBranches, mispredicts, icacheMisses, ieratMisses, deratMisses } =
    last.counters;
  return {
    cpu: kernel.cpu.state.model,
    ...rangeJson(last),
    instructions,
    ipc: ipc(instructions, last.cycles),
    branches,
    taken_branches: takenBranches,
    mispredicts,
    icache_misses: icacheMisses,
    ierat_misses: ieratMisses,
    derat_misses: deratMisses,
    functions: functionCycles(kernel, meter).map((each) => ({
      name: each.name,
      instructions: each.instructions,
      ...rangeJson(each),
      host: each.isHost,
    })),
    repeat: runs,
    first: rangeJson(first),
    mean: rangeJson(mean),
  };
}

function ipc(instructions: number, cycles: number): number {
  return cycles === 0 ? 0 : Math.round((instructions / cycles) * 100) / 100;
}

function rangeText({ cycles, low, high }: Range): string {
  const [shown, least, most] = [cycles, low, high].map((n) => String(decimal(n)));
  return least === most ? (shown ?? "") : `${shown ?? ""} (${least ?? ""} to ${most ?? ""})`;
}

const MODELS: Readonly<Record<CpuModel, string>> = { power8: "POWER8", power9: "POWER9", power10: "POWER10" };

function counted(n: number, what: string, plural = `${what}s`): string {
  return `${n} ${n === 1 ? what : plural}`;
}

/** Cycles of the last run, and of the others; what was counted. */
export function cyclesSummary(kernel: Kernel, meter: CycleMeter): readonly string[] {
  const { bold } = paint();
  const { last, first, mean, runs } = meter;
  const { instructions, branches, takenBranches, mispredicts, icacheMisses, ieratMisses, deratMisses } =
    last.counters;
  const model = MODELS[kernel.cpu.state.model];
  return [
    `${bold(`${rangeText(last)} cycles`)} on ${model} for ${counted(instructions, "instruction")}, ${ipc(instructions, last.cycles)} a cycle`,
    ...(runs > 1 ? [`last of ${runs} runs; the first ${rangeText(first)}, mean ${rangeText(mean)}`] : []),
    [
      `${counted(branches, "branch", "branches")}, ${takenBranches} taken`,
      counted(mispredicts, "mispredict"),
      `${counted(icacheMisses, "miss", "misses")} of the instruction cache`,
      `${ieratMisses} of the I-ERAT`,
      `${deratMisses} of the D-ERAT`,
    ].join(", "),
  ];
}

/** The summary, and a table of functions. */
export function cyclesText(kernel: Kernel, meter: CycleMeter): readonly string[] {
  const { dim } = paint();
  const { last } = meter;
  const functions = functionCycles(kernel, meter);
  return [
    ...cyclesSummary(kernel, meter),
    "",
    ...table(
      [
        ["function", "instructions", "cycles", "%", "unknown figures"],
        ...functions.map((each) => [
          `${each.name}${each.isHost ? " *" : ""}`,
          String(each.instructions),
          String(decimal(each.cycles)),
          last.cycles === 0 ? "" : ((100 * each.cycles) / last.cycles).toFixed(1),
          each.low === each.high ? "" : `${decimal(each.low)} to ${decimal(each.high)}`,
        ]),
      ],
      [1, 2, 3],
    ),
    ...(functions.some(({ isHost }) => isHost)
      ? [dim("* its body is the host's: only the instructions around it are in its cycles")]
      : []),
  ];
}
