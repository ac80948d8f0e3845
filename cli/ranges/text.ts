// The matrix for people: a table for each layout, long reasons as notes below. Measures nothing.
import type { Row } from "../../lab/ranges/row.ts";
import { grouped } from "../address-map.ts";
import { paint, table } from "../output.ts";
import { parseU64 } from "../../word/long.ts";

/** Reasons of more characters than this become notes. */
const LONGEST_REASON = 60;
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
  const count = (key: "image_alloc" | "call_encoding"): number => new Set(rows.map((row) => row[key])).size;
  const runs = rows.filter((row) => row.runs).length;
  return [
    `${bold(program)}: ${runs} of ${rows.length} combinations run (layouts ${layouts.length}, strategies ${count("image_alloc")}, encodings ${count("call_encoding")})`,
    ...sections,
    ...notes.lines(),
    "",
    ...LEGEND,
  ];
}

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
  const head = ["strategy", "encoding", "result", "bits", "bl", "RAM", "VA", "named"];
  return table(
    [
      head.map(dim),
      ...rows.map((row, i) => [
        row.image_alloc === rows[i - 1]?.image_alloc ? "" : strategy(row.image_alloc, notes),
        row.call_encoding,
        result(row, notes),
        text(row.signed_bits),
        pair(row.calls_in_bl_reach, row.calls),
        size(row.ram_bytes),
        size(row.va_bytes),
        row.resolved_with_kallsyms === null
          ? ""
          : pair(row.resolved_with_kallsyms, row.resolved_without_kallsyms),
      ]),
    ],
    [3, 4, 5, 6, 7],
  ).map((line) => `  ${line}`);
}

/** The name; a long argument becomes a note. */
function strategy(spelled: string, notes: Notes): string {
  return spelled.length <= LONGEST_STRATEGY
    ? spelled
    : `${spelled.replace(/:.*/s, "")} ${notes.number(spelled)}`;
}

function result(row: Row, notes: Notes): string {
  const { green, red, yellow } = paint();
  if (row.runs) return `${green("runs")}: ${text(row.retval)}`;
  if (row.oops !== null) return `${red("oops")}: ${notes.short(row.oops)}`;
  if (row.retval !== null) return `${red("wrong")}: returned ${row.retval}`;
  return `${yellow(row.loads ? "stopped" : "refused")}: ${notes.short(row.error ?? "")}`;
}

const text = (value: number | null): string => (value === null ? "" : String(value));
const pair = (a: number | null, b: number | null): string => (a === null ? "" : `${a}/${text(b)}`);

function size(bytes: number | null): string {
  if (bytes === null) return "";
  const kib = bytes / 1024;
  return kib < 10 * 1024 ? `${Number(kib.toFixed(1))}K` : `${Number((kib / 1024).toFixed(1))}M`;
}

/** Long texts, each once, by number. */
class Notes {
  readonly #texts: string[] = [];

  /** `[1]`. */
  number(text: string): string {
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return `[${this.#texts.indexOf(text) + 1}]`;
  }

  /** The reason; where it is long, its errno and the number of its note. */
  short(reason: string): string {
    if (reason.length <= LONGEST_REASON) return reason;
    const [errno = ""] = /^E[A-Z0-9]+(?=:)/.exec(reason) ?? [];
    return `${errno} ${this.number(reason)}`.trimStart();
  }

  lines(): readonly string[] {
    return this.#texts.length === 0 ? [] : ["", ...this.#texts.map((text, i) => `[${i + 1}] ${text}`)];
  }
}
