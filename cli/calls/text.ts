// What calls cost, for people: a table for each processor, scenario and layout. Measures nothing.
import type { MeasuredRow, Row, Spread } from "../../lab/calls/row.ts";
import { paint, table } from "../output.ts";

const HEAD = [
  "sequence",
  "bytes",
  "insns",
  "cycles",
  "over seeds",
  "unknowns",
  "mispredicts",
  "I-cache",
  "ERAT",
];

/** Whether a cell ran and counted other calls than it made. */
export const hasWrong = (rows: readonly Row[]): boolean =>
  rows.some((row) => row.error !== null && row.failed);

/** `about`: a line on what a scenario is. */
export function callsText(rows: readonly Row[], about: (scenario: string) => string): readonly string[] {
  const { bold, dim } = paint();
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.cpu.toUpperCase()}  ${row.scenario}  ${row.layout}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const sections = [...groups].flatMap(([key, own]) => [
    `${bold(key)}${dim(`  ${about(own[0]?.scenario ?? "")}`)}`,
    ...section(own),
    "",
  ]);
  return [...sections, ...LEGEND.map(dim)];
}

const LEGEND = [
  "Per call, the callee's return included, the loop around it and the callee's work taken out; medians.",
  "over seeds: 5th to 95th percentile.  unknowns: what figures that nobody published leave open.",
  "bytes: at the call + beside it, shared by sites.  I-cache, ERAT: misses while fetching.",
];

function section(rows: readonly Row[]): readonly string[] {
  const { dim } = paint();
  const lines = rows.map((row) => (row.error === null ? figures(row) : [row.sequence]));
  const aligned = table([HEAD, ...lines], [1, 2, 3, 6, 7, 8]);
  return aligned.map((line, i) => {
    const row = rows[i - 1];
    if (row === undefined) return dim(`  ${line}`);
    return row.error === null ? `  ${line}` : `  ${refused(line, row.error, row.failed)}`;
  });
}

function refused(name: string, error: string, failed: boolean): string {
  const { red, yellow } = paint();
  return `${name}  ${failed ? red("WRONG") : yellow("cannot be")}: ${error}`;
}

function figures(row: MeasuredRow): readonly string[] {
  const { cycles, cycles_range: range } = row;
  return [
    row.sequence,
    `${number(row.bytes, 0)}${row.shared_bytes === 0 ? "" : ` + ${number(row.shared_bytes, 1)}`}`,
    among(row.spread.instructions, 1),
    cycles.median.toFixed(1),
    between(cycles.p5, cycles.p95),
    between(range.low, range.high),
    among(row.spread.mispredicts, 2),
    among(row.spread.icache_misses, 2),
    among(row.spread.erat_misses, 2),
  ];
}

/** Nothing where both ends look the same. */
function between(low: number, high: number): string {
  const [from, to] = [low.toFixed(1), high.toFixed(1)];
  return from === to ? "" : `${from} – ${to}`;
}

/** The median, and in brackets the percentiles where they look different. */
function among({ median, p5, p95 }: Spread, digits: number): string {
  const [from, to] = [number(p5, digits), number(p95, digits)];
  return from === to
    ? number(median, digits)
    : `${median.toFixed(digits)} [${p5.toFixed(digits)}, ${p95.toFixed(digits)}]`;
}

/** Rounded, without zeros at the end. */
const number = (value: number, digits: number): string => String(Number(value.toFixed(digits)));
