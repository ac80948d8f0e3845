// What a block takes, for people: a summary, what holds it back, its instructions' figures and the first iteration cycle by cycle.
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { BlockInsn, BlockTiming } from "../../cpu/timing/block.ts";
import type { UnitUse } from "../../cpu/timing/core-figures.ts";
import { cpuTimings } from "../../cpu/timing/cpu-timings.ts";
import { type Figure, isUnknown, figureValue } from "../../cpu/timing/figure.ts";
import { heldBackBy, type Limit } from "../../lab/block/limits.ts";
import { paint, table } from "../output.ts";
import type { BlockInstruction } from "./block.ts";

/** Cycles of the first iteration that are shown. */
const MOST_CYCLES = 72;

export function cyclesText(
  cpu: CpuModel,
  instructions: readonly BlockInstruction[],
  timing: BlockTiming,
  limits: readonly Limit[],
): readonly string[] {
  const { bold, dim } = paint();
  return [
    ...summary(cpu, timing),
    "",
    ...bottlenecks(limits, timing),
    "",
    bold("Instructions"),
    ...figures(cpu, instructions),
    "",
    `${bold("First iteration")}${dim("   D dispatched  = waiting  e executing  E last cycle of it  - waiting for those before  R completed")}`,
    ...timeline(instructions, timing.timeline),
  ];
}

function summary(cpu: CpuModel, timing: BlockTiming): readonly string[] {
  const { bold } = paint();
  const { instructions, iterations, cycles, cyclesPerIteration: steady, range } = timing;
  const open =
    range.low === range.high
      ? ""
      : `   ${figure(range.low)} to ${figure(range.high)} by figures that nobody published`;
  return table([
    ["processor", cpu.toUpperCase()],
    ["instructions", `${instructions}, ${iterations} times`],
    ["cycles", String(cycles)],
    ["cycles per iteration", `${bold(figure(steady))} in the steady state${open}`],
    ["instructions per cycle", steady === 0 ? "" : figure(instructions / steady)],
  ]);
}

function bottlenecks(limits: readonly Limit[], { cyclesPerIteration }: BlockTiming): readonly string[] {
  const { bold } = paint();
  const holding = heldBackBy(limits, cyclesPerIteration);
  if (holding.length === 0)
    return [
      `${bold("Held back by")} several limits alike: none of them alone makes it faster when it is taken away`,
    ];
  return [
    bold("Held back by"),
    ...table(
      holding.map(({ name, relief, cycles }) => [
        `  ${name}`,
        `${figure(cycles)} cycles per iteration ${relief}`,
      ]),
    ),
  ];
}

function figures(cpu: CpuModel, instructions: readonly BlockInstruction[]): readonly string[] {
  const { dim } = paint();
  const { core } = cpuTimings[cpu];
  const rows = instructions.map(({ text, schedulingClass: name }) => {
    const { latency, slots, place, units } = core.classes[name];
    return [
      `  ${text}`,
      name,
      shown(latency),
      `${slots === undefined ? "1" : shown(slots)}${place === undefined ? "" : ` ${place}`}`,
      units.map(unit).join(" + "),
    ];
  });
  const [head = "", ...lines] = table(
    [["  instruction", "class", "latency", "slots", "units"], ...rows],
    [2],
  );
  return [dim(head), ...lines];
}

function unit({ unit: name, count = 1, busy }: UnitUse): string {
  const long = busy === undefined ? "" : ` for ${shown(busy)}`;
  return `${count === 1 ? "" : `${count} `}${name}${long}`;
}

/** `2`; of an unknown figure `4 (1–8)`. */
function shown(number: Figure): string {
  const [low, typical, high] = (["low", "typical", "high"] as const).map((as) => figureValue(number, as));
  const plain = String(typical);
  return isUnknown(number) ? `${plain} (${String(low)}–${String(high)})` : plain;
}

function timeline(
  instructions: readonly BlockInstruction[],
  timing: readonly BlockInsn[],
): readonly string[] {
  const { dim } = paint();
  const end = Math.min(MOST_CYCLES, Math.max(0, ...timing.map(({ completed }) => completed)) + 1);
  const ruler = Array.from({ length: Math.ceil(end / 10) }, (_, i) => String(10 * i).padEnd(10)).join("");
  const rows = timing.map((insn, i) => [
    `  ${instructions[i]?.text ?? ""}`,
    `${cyclesOf(insn, end)}${insn.fused ? dim(" fused with the one before") : ""}`,
  ]);
  const [head = "", ...lines] = table([["", ruler], ...rows]);
  return [dim(head), ...lines];
}

/** A character for each cycle. */
function cyclesOf({ dispatched, issued, finished, completed }: BlockInsn, end: number): string {
  const at = (cycle: number): string => {
    if (cycle === dispatched) return "D";
    if (cycle < dispatched || cycle > Math.max(completed, finished)) return " ";
    if (cycle < issued) return "=";
    if (cycle < finished) return cycle === finished - 1 ? "E" : "e";
    return cycle === completed ? "R" : "-";
  };
  const line = Array.from({ length: end }, (_, cycle) => at(cycle))
    .join("")
    .trimEnd();
  return completed >= end ? `${line}…` : line;
}

const figure = (value: number): string => value.toFixed(2);
