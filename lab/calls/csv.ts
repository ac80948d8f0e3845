// What calls cost as comma-separated values [RFC 4180]: a line for each row, a column for each number. Rounds nothing.
import type { MeasuredRow, Row, Spread } from "./row.ts";

type Value = string | number;

/** Columns and what a measured row has in them; a row without figures has none there. */
const FIGURES: readonly (readonly [name: string, of: (row: MeasuredRow) => Value])[] = [
  ["calls", (row) => row.calls],
  ["bytes", (row) => row.bytes],
  ["shared_bytes", (row) => row.shared_bytes],
  ["instructions", (row) => row.instructions],
  ...spread("cycles", (row) => row.cycles),
  ["cycles_low", (row) => row.cycles_range.low],
  ["cycles_high", (row) => row.cycles_range.high],
  ...spread("mispredicts", (row) => row.spread.mispredicts),
  ...spread("icache_misses", (row) => row.spread.icache_misses),
  ...spread("erat_misses", (row) => row.spread.erat_misses),
];

function spread(
  name: string,
  of: (row: MeasuredRow) => Spread,
): readonly (readonly [string, (row: MeasuredRow) => Value])[] {
  return (["median", "p5", "p95"] as const).map((key) => [`${name}_${key}`, (row) => of(row)[key]]);
}

/** The whole document, its first line the columns' names; lines end with CR LF. */
export function callsCsv(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.sequence,
    row.cpu,
    row.scenario,
    row.layout,
    ...FIGURES.map(([, of]) => (row.error === null ? of(row) : "")),
    row.error ?? "",
  ]);
  const head = ["sequence", "cpu", "scenario", "layout", ...FIGURES.map(([name]) => name), "error"];
  return [head, ...lines].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

function field(value: Value): string {
  const plain = String(value);
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
