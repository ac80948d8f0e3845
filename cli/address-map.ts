// An address space drawn as text from high to low: regions as boxes, what lies in them, gaps. Knows no kernel.
import { sizeText } from "../kernel/layout/size.ts";
import type { U64 } from "../word/long.ts";
import { hex64 } from "../word/long.ts";
import { visibleLength } from "./output.ts";

/** A single address inside a stretch. */
export interface Mark {
  readonly address: U64;
  readonly name: string;
  readonly note?: string;
}

/** A stretch of addresses with a name; `end` is the first address behind it. */
export interface Stretch {
  readonly name: string;
  readonly start: U64;
  readonly end: U64;
  readonly note?: string;
  /** What lies inside, none overlapping another. */
  readonly inside?: readonly Stretch[];
  readonly marks?: readonly Mark[];
}

/** Columns of an address in fours. */
const ADDRESS = 21;

/** Hex digits in fours: 0xd000_0000_0000_0000. */
export function grouped(address: U64): string {
  return `0x${hex64(address).slice(2).match(/.{4}/g)?.join("_") ?? ""}`;
}

/** A size of at most four digits. */
export function roughly(start: U64, end: U64): string {
  let size = end.sub(start);
  let unit = 0;
  for (; size.gte(10_000) || (unit > 0 && size.gte(1024) && (size.low & 1023) === 0); unit++)
    size = size.shru(10);
  return unit === 0 ? sizeText(size) : `${size.toString()}${["", "K", "M", "G", "T", "P"][unit] ?? ""}`;
}

/** Stretches and marks from the highest address to the lowest; of two at one address the mark comes first. */
function descending({ marks = [], inside = [] }: Stretch): readonly (Stretch | Mark)[] {
  const at = (item: Stretch | Mark): U64 => ("address" in item ? item.address : item.start);
  return [...marks, ...inside].sort((a, b) => at(b).comp(at(a)));
}

/** The map as lines, highest address first. */
export function drawMap(stretches: readonly Stretch[]): readonly string[] {
  const sorted = [...stretches].sort((a, b) => b.start.comp(a.start));
  const width = Math.max(17, ...sorted.map(widest));
  const line = "─".repeat(width);
  const blank = " ".repeat(ADDRESS + 2);
  const lines: string[] = [];
  const row = (address: string, depth: number, name: string, rest: string): void => {
    const cell = " ".repeat(depth) + name;
    const padding = " ".repeat(Math.max(0, width - visibleLength(cell)));
    lines.push(`${address}  │${cell}${padding}│ ${rest}`.trimEnd());
  };
  const draw = (stretch: Stretch, depth: number): void => {
    for (const item of descending(stretch))
      if ("address" in item)
        row(grouped(item.address), depth + 2, `· ${item.name}`, `        ${item.note ?? ""}`);
      else {
        draw(item, depth + 2);
        row(grouped(item.start), depth + 2, item.name, described(item));
      }
  };
  let above: U64 | undefined;
  for (const stretch of sorted) {
    const { name, start, end } = stretch;
    if (above === undefined) lines.push(`${grouped(end)}  ┌${line}┐`);
    else if (above.neq(end)) {
      lines.push(`${grouped(above)}  └${line}┘`, `${blank}   ⋮ ${roughly(end, above)} unused`);
      lines.push(`${grouped(end)}  ┌${line}┐`);
    } else lines.push(`${grouped(end)}  ├${line}┤`);
    row(blank.slice(2), 1, name, described(stretch));
    draw(stretch, 1);
    above = start;
  }
  if (above !== undefined) lines.push(`${grouped(above)}  └${line}┘`);
  return lines;
}

function described({ start, end, note }: Stretch): string {
  return `${roughly(start, end).padStart(6)}  ${note ?? ""}`.trimEnd();
}

/** Columns that the names in a region need. */
function widest(stretch: Stretch, depth = 1): number {
  const marks = (stretch.marks ?? []).map(({ name }) => depth + 4 + visibleLength(name));
  return (
    Math.max(
      depth + visibleLength(stretch.name),
      ...marks,
      ...(stretch.inside ?? []).map((s) => widest(s, depth + 2)),
    ) + 1
  );
}
