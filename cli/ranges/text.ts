// The matrix for people: a table for each layout, long reasons as notes below. Measures nothing.
import type { Row } from "../../lab/ranges/row.ts";
import { grouped } from "../address-map.ts";
import { paint, table } from "../output.ts";
import { nameOf, Notes } from "./notes.ts";
import { parseU64 } from "../../word/long.ts";

/** A strategy with its argument. */
const LONGEST_STRATEGY = 24;

export function rangesText(program: string, rows: readonly Row[]): readonly string[] {
  const { bold } = paint();
  const notes = new Notes();
  const layouts = [...new Set(rows.map(({ layout }) => layout))];
  const sections = layouts.flatMap((layout) => {
    const own = rows.filter((row) => row.layout === layout);
    const base = own.find((row) => row.bpf_call_base !== null)?.bpf_call_base;
    return ["", `${bold(layout)}${basePart(base)}`, ...section(own, notes)];
  });
  const strategies = new Set(rows.map((row) => nameOf(row.image_alloc))).size;
  const encodings = new Set(rows.map((row) => row.call_encoding)).size;
  const runs = rows.filter((row) => row.runs).length;
  return [
    `${bold(program)}: ${runs} of ${rows.length} combinations run (${counted(layouts.length, "layout")}, ${counted(strategies, "strategy", "strategies")}, ${counted(encodings, "encoding")})`,
    ...sections,
    ...notes.lines(),
    "",
    ...LEGEND,
  ];
}

const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;

const LEGEND = [
  "bits: fewest signed bits for callee - __bpf_call_base over all callees.  bl: calls whose callee a bl reaches.",
  "RAM, VA: memory and addresses held for the images.  named: calls that a dump names with / without kallsyms of JITed code.",
];

function basePart(base: string | null | undefined): string {
  const address = parseU64(base ?? "");
  return address === undefined ? "" : `   __bpf_call_base ${grouped(address)}`;
}

function section(rows: readonly Row[], notes: Notes): readonly string[] {
  const { dim } = paint();
  const head = ["strategy", "result", "encoding", "bits", "bl", "RAM", "VA", "named"].map(dim);
  const lines = merged(
    rows.map((row) => ({
      strategy: strategy(row.image_alloc, notes),
      encoding: row.call_encoding,
      rest: [
        text(row.signed_bits),
        pair(row.calls_in_bl_reach, row.calls),
        size(row.ram_bytes),
        size(row.va_bytes),
        pair(row.resolved_with_kallsyms, row.resolved_without_kallsyms),
      ],
      result: result(row, notes),
    })),
  );
  const cells = lines.map(({ strategy: name, encoding, result: end, rest }, i) => [
    name === lines[i - 1]?.strategy ? "" : name,
    end,
    encoding,
    ...rest,
  ]);
  return table([head, ...cells], [3, 4, 5, 6, 7]).map((line) => `  ${line}`);
}

interface Line {
  readonly strategy: string;
  readonly encoding: string;
  readonly result: string;
  readonly rest: readonly string[];
}

/** Encodings of one strategy that come to the same share a line. */
function merged(lines: readonly Line[]): readonly Line[] {
  const groups = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify([line.strategy, line.result, line.rest]);
    const before = groups.get(key);
    groups.set(
      key,
      before === undefined ? line : { ...line, encoding: `${before.encoding} ${line.encoding}` },
    );
  }
  return [...groups.values()];
}

/** The name; a long argument becomes a note. */
function strategy(spelled: string, notes: Notes): string {
  return spelled.length <= LONGEST_STRATEGY ? spelled : `${nameOf(spelled)} ${notes.number(spelled)}`;
}

function result(row: Row, notes: Notes): string {
  const { green, red, yellow } = paint();
  if (row.runs)
    return `${green("runs")}: ${text(row.retval)}${row.call_encoding === "imm32" && row.fits_s32 === false ? NO_CALL : ""}`;
  if (row.oops !== null) return `${red("oops")}: ${notes.short(row.oops)}`;
  if (row.retval !== null) return `${red("wrong")}: returned ${row.retval}`;
  return `${yellow(row.loads ? "stopped" : "refused")}: ${notes.short(row.error ?? "")}`;
}

/** What an encoding that cuts distances off shows where none of them is used. */
const NO_CALL = ", calling nothing";

const text = (value: number | null): string => (value === null ? "" : String(value));
const pair = (a: number | null, b: number | null): string => (a === null ? "" : `${a}/${text(b)}`);

function size(bytes: number | null): string {
  if (bytes === null) return "";
  const kib = bytes / 1024;
  return kib < 1024 ? `${Number(kib.toFixed(1))}K` : `${Number((kib / 1024).toFixed(1))}M`;
}
