// A layout as a JSON document and back: what `farcall layouts NAME --json` prints can be edited and booted.
// Whether a kernel can have it is check.ts's; files are the command line's.
import { hex64, parseU64, type U64 } from "../../word/long.ts";
import { KernelUsageError } from "../error.ts";
import { linux415, linux612, type LinuxVersion } from "../version.ts";
import { layoutProblem } from "./check.ts";
import { REGION_KINDS, type Geometry, type Layout, type Region } from "./layout.ts";

/** The members that make a layout; the same names in a file. */
export interface LayoutDocument {
  readonly name: string;
  readonly linux: LinuxVersion["name"];
  readonly mmu: Layout["mmu"];
  /** Bytes. */
  readonly page_size: number;
  readonly index_bits: Geometry;
  /** Hash MMU only, as `context` of a region. */
  readonly context_bits?: number;
  readonly regions: readonly RegionDocument[];
}

export interface RegionDocument {
  readonly name: Region["name"];
  /** `0x` and 16 hex digits. */
  readonly start: string;
  /** First address behind it. */
  readonly end: string;
  readonly context?: number;
  readonly note?: string;
}

/** What the command line adds to a document, of no use for reading it. */
const DERIVED = ["reach", "contents"];

/** The document of a layout; `parseLayout` makes the same layout of it. */
export function layoutDocument(layout: Layout): LayoutDocument {
  const isHash = layout.mmu === "hash";
  return {
    name: layout.name,
    linux: layout.version.name,
    mmu: layout.mmu,
    page_size: 2 ** layout.pageShift,
    index_bits: layout.geometry,
    ...(isHash ? { context_bits: layout.contextBits } : {}),
    regions: layout.regions.map(({ name, start, end, context, note }) => ({
      name,
      start: hex64(start),
      end: hex64(end),
      ...(isHash ? { context } : {}),
      note,
    })),
  };
}

/**
 * A layout from the text of a JSON document.
 * @throws KernelUsageError with one line that names the member at fault: no JSON, a member that is missing, unknown or of another
 * kind, or a layout that no kernel can have
 */
export function parseLayout(text: string): Layout {
  const layout = read(parseJson(text));
  const problem = layoutProblem(layout);
  if (problem !== undefined) throw new KernelUsageError(problem);
  return layout;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KernelUsageError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function read(document: unknown): Layout {
  const mmu = choice(members(document, "a layout"), "mmu", "", ["hash", "radix"]);
  const own = mmu === "hash" ? ["context_bits"] : [];
  const layout = members(document, "a layout", [
    ...["name", "linux", "mmu", "page_size", "index_bits", "regions"],
    ...own,
    ...DERIVED,
  ]);
  const indexBits = members(layout["index_bits"], "index_bits", ["pte", "pmd", "pud", "pgd"]);
  const bits = (level: string): number => integer(indexBits, level, "index_bits ");
  return Object.freeze({
    name: nameOf(layout),
    version: choice(layout, "linux", "", ["4.15", "6.12"]) === "4.15" ? linux415 : linux612,
    mmu,
    pageShift: choice(layout, "page_size", "", [4096, 65536]) === 4096 ? 12 : 16,
    geometry: Object.freeze({ pte: bits("pte"), pmd: bits("pmd"), pud: bits("pud"), pgd: bits("pgd") }),
    contextBits: mmu === "hash" ? integer(layout, "context_bits", "") : 0,
    regions: regionsOf(layout["regions"], mmu),
  });
}

function regionsOf(list: unknown, mmu: Layout["mmu"]): readonly Region[] {
  if (!Array.isArray(list)) throw wrong("regions", list, "a list");
  const regions = list.map((item: unknown, i): Region => {
    const own = mmu === "hash" ? ["context"] : [];
    const region = members(item, `regions[${i}]`, ["name", "start", "end", "size", "note", ...own]);
    const name = choice(region, "name", `regions[${i}] `, REGION_KINDS);
    const where = `region ${name}: `;
    return Object.freeze({
      name,
      start: address(region, "start", where),
      end: address(region, "end", where),
      context: mmu === "hash" ? integer(region, "context", where) : 0,
      note: region["note"] === undefined ? "" : text(region, "note", where),
    });
  });
  return Object.freeze(regions.sort((a, b) => a.start.comp(b.start)));
}

type Members = Readonly<Record<string, unknown>>;

/** The members of an object; none but the `known` where they are given. */
function members(value: unknown, what: string, known?: readonly string[]): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(what, value, "an object");
  const unknown = known === undefined ? undefined : Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new KernelUsageError(
      `${what}: no member ${JSON.stringify(unknown)} (there are: ${known?.join(", ") ?? ""})`,
    );
  return value as Members;
}

function nameOf(layout: Members): string {
  const name = text(layout, "name", "");
  if (/^[\w.+-]{1,64}$/.test(name)) return name;
  throw wrong("name", name, "1 to 64 letters, digits or any of _ . + -");
}

function text(of: Members, member: string, where: string): string {
  const value = of[member];
  if (typeof value !== "string") throw wrong(where + member, value, "a string");
  return value;
}

function integer(of: Members, member: string, where: string): number {
  const value = of[member];
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw wrong(where + member, value, "a whole number");
  return value;
}

/** A string: JSON's own numbers have no 64 bits. */
function address(of: Members, member: string, where: string): U64 {
  const value = of[member];
  const found = typeof value === "string" && /^0x/i.test(value) ? parseU64(value) : undefined;
  if (found === undefined) throw wrong(where + member, value, 'a 64-bit address as in "0xd000000000000000"');
  return found;
}

function choice<T extends string | number>(
  of: Members,
  member: string,
  where: string,
  from: readonly T[],
): T {
  const found = from.find((one) => one === of[member]);
  if (found === undefined)
    throw wrong(where + member, of[member], from.map((one) => JSON.stringify(one)).join(" or "));
  return found;
}

/** Longest value that an error repeats. */
const LONGEST = 60;

function wrong(member: string, value: unknown, expected: string): KernelUsageError {
  if (value === undefined) return new KernelUsageError(`${member} is missing: ${expected}`);
  const found = JSON.stringify(value);
  const shown = found.length > LONGEST ? `${found.slice(0, LONGEST)}…` : found;
  return new KernelUsageError(`${member}: ${shown} is not ${expected}`);
}
