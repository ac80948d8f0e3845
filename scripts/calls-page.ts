// docs/call-sequences.md, its charts and what the README says of call costs: from the JIT's code, the timing models' tables and the
// results of `farcall bench calls`. Run by itself it measures and writes them; with --kept it takes the results that are there.
// What they mean is the page's own text.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cpuModels, type CpuModel } from "../cpu/isa/row.ts";
import type { Row } from "../lab/calls/row.ts";
import { scenarioNamed } from "../lab/calls/scenario.ts";
import { callsSvg } from "../lab/calls/svg.ts";
import { cycles, ofAxis, refusals, scenarioList, sizes } from "./calls-page/costs.ts";
import { hasMca, mcaTable } from "./calls-page/mca.ts";
import { publishedSummary, unknownCounts } from "./calls-page/models.ts";
import { sentence, shownRows, textChart } from "./calls-page/readme.ts";
import { rowsOfCsv } from "./calls-page/results.ts";
import { functionSections, helperSections } from "./calls-page/words.ts";
import { between, type Marks } from "./markdown.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What is written, from the project's folder. */
export const FILES = {
  page: "docs/call-sequences.md",
  results: "docs/call-sequences.csv",
  readme: "README.md",
} as const;

/** How the results are made. */
export const RUN = "bench calls --csv -";

const marks = (what: string): Marks => ({
  begin: `<!-- ${what}: npx tsx scripts/calls-page.ts -->`,
  end: `<!-- end of ${what} -->`,
});
const README_MARKS = marks("call costs");

/** The page with everything in it that is made here. */
export function withParts(page: string, rows: readonly Row[]): string {
  const parts: Readonly<Record<string, string>> = {
    "call sequences": functionSections(),
    "helper sequences": helperSections(),
    results: resultSections(rows),
    measurements: publishedSummary(),
    unknowns: unknownCounts(),
  };
  return Object.entries(parts).reduce((text, [what, part]) => between(text, marks(what), part), page);
}

/** The page with what llvm-mca says now. @throws OracleError where it is not there */
export const withMca = (page: string): string => between(page, marks("llvm-mca"), mcaTable());

function resultSections(rows: readonly Row[]): string {
  const section = (title: string, lines: readonly string[]): string =>
    `### ${title}\n\n${lines.join("\n")}\n`;
  const functions = ofAxis(rows, ["function"]);
  const others = ofAxis(rows, ["helper", "module", "tail-call"]);
  return [
    section("Scenarios", scenarioList()),
    section("Size of a call of a function", sizes(functions)),
    section("Size of other calls", sizes(others)),
    ...cpuModels.flatMap((cpu) => [
      section(`Cycles per call, ${cpu.toUpperCase()}`, [
        ...cycles(functions, cpu),
        "",
        ...cycles(others, cpu),
        "",
        `![cycles per call on ${cpu.toUpperCase()}](${chartName(cpu)})`,
      ]),
    ]),
    section("What cannot be", refusals(rows)),
  ].join("\n");
}

const chartName = (cpu: CpuModel): string => `calls-${cpu}-all.svg`;

/** The charts by their files in docs/. */
export function charts(rows: readonly Row[]): ReadonlyMap<string, string> {
  const about = (scenario: string): string | undefined => scenarioNamed(scenario)?.summary;
  const subtitle = "cycles per call, the callee's return included; loop and callee's work taken out";
  const all = cpuModels.map((cpu): readonly [string, string] => [
    chartName(cpu),
    callsSvg(
      rows.filter((row) => row.cpu === cpu),
      {
        title: `What a call costs on ${cpu.toUpperCase()}`,
        subtitle: `${subtitle}; each panel has a scale of its own`,
        columns: 3,
        about,
      },
    ),
  ]);
  const shown = callsSvg(shownRows(rows, "power9"), {
    title: "Cycles per call by sequence, POWER9",
    subtitle,
    columns: 2,
    about,
  });
  return new Map([...all, ["calls-power9.svg", shown]]);
}

/** What the README has between its marks: a sentence, and the picture as text. */
export function readmePart(rows: readonly Row[]): string {
  return [sentence(rows, "power9"), "", "```text", ...textChart(rows, "power9"), "```", ""].join("\n");
}

/** The README with it, where it has a place for it. */
export function withReadmePart(readme: string, rows: readonly Row[]): string {
  return readme.includes(README_MARKS.begin) ? between(readme, README_MARKS, readmePart(rows)) : readme;
}

function measured(): string {
  const { stdout, status } = spawnSync(process.execPath, ["dist/farcall.js", ...RUN.split(" ")], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`farcall ${RUN}: exit ${String(status)}`);
  return stdout;
}

function write(): void {
  const path = (file: string): string => `${ROOT}${file}`;
  const results = path(FILES.results);
  if (!process.argv.includes("--kept") || !existsSync(results)) writeFileSync(results, measured());
  const rows = rowsOfCsv(readFileSync(results, "utf8"));
  for (const [file, svg] of charts(rows)) writeFileSync(path(`docs/${file}`), svg);
  const whole = (page: string): string => withParts(hasMca ? withMca(page) : page, rows);
  for (const [file, text] of [
    [FILES.page, whole],
    [FILES.readme, withReadmePart],
  ] as const)
    writeFileSync(path(file), text(readFileSync(path(file), "utf8"), rows));
  process.stdout.write(`${readmePart(rows)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write();
