// The tables of docs/timing.md about the execution cores: figures and classes of instructions.
// It makes text of the tables in cpu/timing/ and says nothing of its own.
import { cpuModels, existsOn, type CpuModel } from "../cpu/isa/row.ts";
import { isa } from "../cpu/isa/table.ts";
import { schedulingClass, type SchedulingClass } from "../cpu/timing/classes.ts";
import type { ClassFigures, UnitUse } from "../cpu/timing/core-figures.ts";
import { cpuTimings } from "../cpu/timing/cpu-timings.ts";
import type { Figure } from "../cpu/timing/figure.ts";
import { listFigures } from "../cpu/timing/figure-list.ts";
import { correctionsOf } from "../cpu/timing/test/llvm-figures.ts";

/** How a figure is written, and where it comes from. */
export interface Wording {
  readonly value: (figure: Figure) => string;
  readonly why: (figure: Figure) => string;
}

/** Classes that instructions of the processor have. */
function classesOf(model: CpuModel): ReadonlySet<SchedulingClass> {
  const rows = isa.filter((row) => existsOn(row, model));
  return new Set(
    rows.flatMap((row) => [
      schedulingClass(row, {}),
      schedulingClass(row, { RS: 0, RA: 0, UI: 0 }),
      schedulingClass(row, { SPR: 9, ...(row.shape.some(({ name }) => name === "Rc") ? { Rc: 1 } : {}) }),
    ]),
  );
}

function unitText({ unit, count = 1, busy, after = 0 }: UnitUse, { value }: Wording): string {
  const several = count === 1 ? "" : `${count} `;
  const held = busy === undefined ? "" : ` for ${value(busy)}`;
  const names = unit.replaceAll("|", " or ");
  return `${several}${names}${held}${after === 0 ? "" : ` after ${after}`}`;
}

/** What besides the latency is known of a class: results that are there sooner or later than others. */
function others({ cr, early, to = {} }: ClassFigures, { value }: Wording): string {
  return [
    ...(cr === undefined ? [] : [`CR0 ${value(cr)}`]),
    ...(early === undefined ? [] : [`base ${value(early)}`]),
    ...Object.entries(to).map(([consumer, figure]) => `${consumer} ${value(figure)}`),
  ].join(", ");
}

/** The table of a core: one line a class. */
export function classTable(model: CpuModel, wording: Wording): string {
  const { classes } = cpuTimings[model].core;
  const used = classesOf(model);
  const lines = Object.entries(classes).flatMap(([name, figures]) => {
    if (!used.has(name as SchedulingClass)) return [];
    const { slots, place = "any", units, latency } = figures;
    const where = `${slots === undefined ? "1" : wording.value(slots)}${place === "any" ? "" : ` (${place})`}`;
    const taken = units.map((use) => unitText(use, wording)).join(", ");
    return [
      `| ${name} | ${wording.value(latency)} | ${others(figures, wording)} | ${where} | ${taken} | ${wording.why(latency)} |`,
    ];
  });
  return [
    "| class | latency | to others | slots | units | source of the latency |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** The table of what is not about classes: widths, queues, units, pairs that are one. */
export function coreTable(model: CpuModel, { value, why }: Wording): string {
  const { fusions, ...rest } = cpuTimings[model].core;
  const lines = [
    ...listFigures({ ...rest, classes: {} }).map(
      ({ name, figure }) => `| \`${name}\` | ${value(figure)} | ${why(figure)} |`,
    ),
    ...fusions.map(({ name, latency }) => `| as one: ${name} | ${value(latency)} | ${why(latency)} |`),
  ];
  return ["| figure | value | source |", "| --- | --- | --- |", ...lines].join("\n");
}

/** Where LLVM's figures are others than those of the tables, and why those of the tables are what they are. */
export function llvmTable(): string {
  const lines = cpuModels.flatMap((model) =>
    correctionsOf(model).map(({ what, why }) => `| ${model} | ${what} | ${why} |`),
  );
  return ["| processor | in LLVM 19 | why not here |", "| --- | --- | --- |", ...lines].join("\n");
}
