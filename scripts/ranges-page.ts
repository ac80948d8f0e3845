// The tables and the drawing of docs/ranges.md, from what `farcall ranges` says. Run by itself it writes them.
// What they mean is the page's own text.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AuditRow } from "../lab/ranges/audit-place.ts";
import type { Row } from "../lab/ranges/row.ts";
import { rangesSvg } from "../lab/ranges/svg.ts";
import { between, markdown } from "./markdown.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = fileURLToPath(new URL("../docs/ranges.md", import.meta.url));
const DRAWING = fileURLToPath(new URL("../docs/ranges.svg", import.meta.url));
const MARKS = { begin: "<!-- tables: npx tsx scripts/ranges-page.ts -->", end: "<!-- end of tables -->" };

/** The runs that the tables are made of: of everything, and of what lies in the linear region where RAM goes on at 3 GiB. */
export const RUNS = [
  "ranges examples/calls.el.o --audit --json",
  "ranges examples/calls.el.o --json --ram-map 0-128M,3G-3200M --layout hash64k-4.15,radix64k-6.12 " +
    "--image-alloc linear,linear-hole,linear-end,linear-end:0xc000010000000000,linear-gap,near-text",
] as const;

export interface Report {
  readonly rows: readonly Row[];
  readonly audit?: readonly AuditRow[];
}

const nameOf = (imageAlloc: string): string => imageAlloc.replace(/:.*/s, "");
const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

/** All tables, as Markdown, from the reports of the runs. */
export function rangesTables([all, far]: readonly Report[]): string {
  const section = (title: string, table: readonly string[]): string =>
    `### ${title}\n\n${table.join("\n")}\n`;
  const { rows = [], audit = [] } = all ?? {};
  return [
    section(
      "Signed bits that hold the distance to every callee",
      byPlace(rows, (own) => distinct(own, bits)),
    ),
    section("What does not run, and how that ends", byPlace(rows, failures)),
    section(
      "RAM and address space that are held",
      byPlace(rows, (own) => distinct(own.filter(loads), cost)),
    ),
    section("Calls that a dump names, with JITed code in kallsyms / without", resolvedTable(rows)),
    section(
      "With RAM at 0-128M and 3G-3200M: signed bits, and what does not run",
      byPlace(
        far?.rows ?? [],
        (own) => `${distinct(own, bits)}; ${failures(own)}`,
        (spelled) => spelled,
      ),
    ),
    section("What breaks in the kernel", auditTable(audit)),
  ].join("\n");
}

/** A line for each strategy, a column for each layout. */
function byPlace(
  rows: readonly Row[],
  cell: (own: readonly Row[]) => string,
  name: (spelled: string) => string = nameOf,
): readonly string[] {
  const layouts = unique(rows.map((row) => row.layout));
  const strategies = unique(rows.map((row) => name(row.image_alloc)));
  return markdown([
    ["", ...layouts],
    ...strategies.map((strategy) => [
      strategy,
      ...layouts.map((layout) =>
        cell(rows.filter((row) => row.layout === layout && name(row.image_alloc) === strategy)),
      ),
    ]),
  ]);
}

const loads = (row: Row): boolean => row.loads;
const bits = ({ signed_bits }: Row): string => (signed_bits === null ? "" : String(signed_bits));
const cost = ({ ram_bytes, va_bytes }: Row): string => `${size(ram_bytes)} / ${size(va_bytes)}`;

function distinct(rows: readonly Row[], text: (row: Row) => string): string {
  const values = unique(rows.map(text).filter((value) => value !== ""));
  return values.length === 0 ? "–" : values.join(", ");
}

function failures(rows: readonly Row[]): string {
  const failed = rows.filter((row) => !row.runs).map((row) => [row.call_encoding, ending(row)] as const);
  if (failed.length === 0) return "all run";
  const [first] = failed;
  if (failed.length === rows.length && unique(failed.map(([, end]) => end)).length === 1)
    return `none: ${first?.[1] ?? ""}`;
  return failed.map(([encoding, end]) => `${encoding}: ${end}`).join(", ");
}

/** In one word. */
function ending({ oops, error, retval }: Row): string {
  if (oops !== null) return "oops";
  if (error !== null) return /^E[A-Z0-9]+/.exec(error)?.[0] ?? "refused";
  return `returned ${String(retval)}`;
}

function size(bytes: number | null): string {
  const kib = (bytes ?? 0) / 1024;
  return kib < 1024 ? `${Number(kib.toFixed(1))}K` : `${Number((kib / 1024).toFixed(1))}M`;
}

function resolvedTable(rows: readonly Row[]): readonly string[] {
  const groups = [
    ["32 bits hold it", (row: Row): boolean => row.fits_s32 === true],
    ["48 bits hold it", (row: Row): boolean => row.fits_s32 === false && row.fits_48 === true],
    ["more are needed", (row: Row): boolean => row.fits_48 === false],
  ] as const;
  const named = (row: Row): string =>
    row.loads
      ? `${String(row.resolved_with_kallsyms)} / ${String(row.resolved_without_kallsyms)}`
      : "not loaded";
  return markdown([
    ["of 7 calls", ...groups.map(([title]) => title)],
    ...unique(rows.map((row) => row.call_encoding)).map((encoding) => [
      encoding,
      ...groups.map(([, holds]) =>
        distinct(
          rows.filter((row) => row.call_encoding === encoding && holds(row)),
          named,
        ),
      ),
    ]),
  ]);
}

/** On which layouts an assumption breaks: none, all, or those of an MMU. */
function auditTable(audit: readonly AuditRow[]): readonly string[] {
  const looked = audit.filter(({ error }) => error === null);
  const strategies = unique(looked.map((row) => nameOf(row.image_alloc)));
  const assumptions = unique(looked.flatMap((row) => row.findings.map(({ assumption }) => assumption)));
  const cell = (strategy: string, assumption: string): string => {
    const own = looked.filter((row) => nameOf(row.image_alloc) === strategy);
    const broken = own.filter(({ findings }) =>
      findings.some((finding) => finding.assumption === assumption && finding.broken),
    );
    if (broken.length === 0) return "";
    return broken.length === own.length ? "breaks" : `breaks on ${layoutsText(broken, own)}`;
  };
  return markdown([
    ["", ...strategies],
    ...assumptions.map((assumption) => [
      assumption,
      ...strategies.map((strategy) => cell(strategy, assumption)),
    ]),
  ]);
}

function layoutsText(some: readonly AuditRow[], all: readonly AuditRow[]): string {
  for (const kind of ["hash", "radix", "hash64k", "hash4k", "radix64k", "radix4k"]) {
    const ofKind = all.filter(({ layout }) => layout.startsWith(kind));
    if (ofKind.length === some.length && some.every((row) => ofKind.includes(row))) return kind;
  }
  return some.map(({ layout }) => layout).join(", ");
}

/** docs/ranges.svg. */
export function drawing([all]: readonly Report[]): string {
  return rangesSvg("calls", all?.rows ?? []);
}

/** The page with these tables in it. */
export function withTables(page: string, tables: string): string {
  return between(page, MARKS, tables);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = RUNS.map((args) => {
    const { stdout, status } = spawnSync(process.execPath, ["dist/farcall.js", ...args.split(" ")], {
      cwd: ROOT,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`farcall ${args}: exit ${String(status)}`);
    return JSON.parse(stdout) as Report;
  });
  writeFileSync(DRAWING, drawing(reports));
  writeFileSync(PAGE, withTables(readFileSync(PAGE, "utf8"), rangesTables(reports)));
}
