// The tables of docs/timing.md: what was measured of a POWER9 against the model, what flushes cost, figures of the front ends.
// Run by itself it writes them. What they mean is the page's own text.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cpuModels, type CpuModel } from "../cpu/isa/row.ts";
import { cpuTimings } from "../cpu/timing/cpu-timings.ts";
import { assumptions, type Figure } from "../cpu/timing/figure.ts";
import { listFigures } from "../cpu/timing/figure-list.ts";
import { flushCycles, type Flush } from "../cpu/timing/measured/flush.ts";
import { measuredPower9, measuredTable } from "../cpu/timing/measured/power9.ts";
import { TimingModel } from "../cpu/timing/model.ts";
import { classTable, coreTable, llvmTable, type Wording } from "./timing-core.ts";

const PAGE = fileURLToPath(new URL("../docs/timing.md", import.meta.url));
const [BEGIN, END] = ["<!-- tables: npx tsx scripts/timing-page.ts -->", "<!-- end of tables -->"];

const FLUSHES: Readonly<Record<Flush, string>> = {
  "link-stack": "link stack: 64 `bl .+4`",
  "count-cache": "count cache in software: 278 `bcctr 2,0,0`, each in an aligned 32 bytes",
};

const wording: Wording = { value: valueOf, why: whyOf };

/** All tables, as Markdown. The models run for some seconds. */
export function timingTables(): string {
  const measured = measuredTable(measuredPower9(() => new TimingModel({ model: "power9" })));
  return [
    `### Measured on POWER9, and modelled\n\n${measured}`,
    `### Flushes, as Linux executes them\n\nCycles on the model; low to high where unknown figures matter.\n\n${flushTable()}\n`,
    ...cpuModels.flatMap((model) => [
      `### Front end of ${model.toUpperCase()}\n\n${figureTable(model)}\n`,
      `### Execution core of ${model.toUpperCase()}\n\n${coreTable(model, wording)}\n`,
      `#### Its classes of instructions\n\n${classTable(model, wording)}\n`,
    ]),
    `### Where LLVM's numbers are others\n\n${llvmTable()}\n`,
  ]
    .map(aligned)
    .join("\n");
}

/** The text with the columns of its one table as wide as their widest cells, as the formatter has them. */
function aligned(text: string): string {
  const cellsOf = (line: string): readonly string[] => line.slice(2, -2).split(" | ");
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  const widths = (rows[0] === undefined ? [] : cellsOf(rows[0])).map((_, column) =>
    Math.max(...rows.map((row) => cellsOf(row)[column]?.length ?? 0)),
  );
  const padded = (line: string): string => {
    const fill = line.startsWith("| ---") ? "-" : " ";
    const cells = cellsOf(line).map((cell, column) => cell.padEnd(widths[column] ?? 0, fill));
    return `| ${cells.join(" | ")} |`;
  };
  return text.replaceAll(/^\| .*$/gm, padded);
}

function flushTable(): string {
  const cost = (flush: Flush, model: CpuModel): string => {
    const cycles = assumptions.map((assumption) =>
      flushCycles(flush, model, () => new TimingModel({ model, assumption })),
    );
    const [least, most] = [Math.min(...cycles), Math.max(...cycles)].map(Math.round);
    return least === most ? String(least) : `${String(least)}–${String(most)}`;
  };
  const lines = Object.entries(FLUSHES).map(
    ([flush, what]) => `| ${what} | ${cpuModels.map((model) => cost(flush as Flush, model)).join(" | ")} |`,
  );
  return [`| flush | ${cpuModels.join(" | ")} |`, "| --- | --- | --- | --- |", ...lines].join("\n");
}

function figureTable(model: CpuModel): string {
  const lines = listFigures(cpuTimings[model].front).map(
    ({ name, figure }) => `| \`${name}\` | ${valueOf(figure)} | ${whyOf(figure)} |`,
  );
  return ["| figure | value | source |", "| --- | --- | --- |", ...lines].join("\n");
}

function valueOf(figure: Figure): string {
  if ("value" in figure) return String(figure.value);
  const values = assumptions.map((assumption) => figure[assumption]);
  return new Set(values).size === 1 ? `${String(figure.typical)} ?` : `${values.join(" / ")} ?`;
}

function whyOf(figure: Figure): string {
  return "value" in figure ? figure.source : `unknown: ${figure.unknown}`;
}

/** The page with these tables in it. */
export function withTables(page: string, tables: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error("docs/timing.md has no place for the tables");
  return `${page.slice(0, from + BEGIN.length)}\n\n${tables}\n${page.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(PAGE, withTables(readFileSync(PAGE, "utf8"), timingTables()));
