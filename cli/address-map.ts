// An address space drawn from high to low: regions as boxes, what lies in them, gaps. Text and SVG; knows no kernel.
import type { U64 } from "../word/long.ts";
import { hex64 } from "../word/long.ts";
import { visibleLength } from "./output.ts";

/** A stretch of addresses with a name; `end` is the first address behind it. */
export interface Stretch {
  readonly name: string;
  readonly start: U64;
  readonly end: U64;
  readonly note?: string;
  /** Things inside that are shown each on a line of its own, at their addresses. */
  readonly marks?: readonly { readonly address: U64; readonly text: string }[];
}

/** Columns inside a box. */
const WIDTH = 17;
/** Columns of an address in fours. */
const ADDRESS = 21;

/** Hex digits in fours: 0xd000_0000_0000_0000. */
export function grouped(address: U64): string {
  return `0x${hex64(address).slice(2).match(/.{4}/g)?.join("_") ?? ""}`;
}

/** 56T, 512T, 64K …: exact in the largest unit that divides it. */
export function sizeOf(start: U64, end: U64): string {
  let size = end.sub(start);
  for (const unit of ["", "K", "M", "G", "T", "P"]) {
    if ((size.low & 1023) !== 0 || size.lt(1024)) return `${size.toString()}${unit}`;
    size = size.shru(10);
  }
  return `${size.toString()}E`;
}

/** A size of at most four digits. */
function roughly(start: U64, end: U64): string {
  let size = end.sub(start);
  let unit = 0;
  for (; size.gte(10_000); unit++) size = size.shru(10);
  return `${size.toString()}${["", "K", "M", "G", "T", "P"][unit] ?? ""}`;
}

/** The map as lines, highest address first. */
export function drawMap(stretches: readonly Stretch[]): readonly string[] {
  const sorted = [...stretches].sort((a, b) => b.start.comp(a.start));
  const lines: string[] = [];
  const blank = " ".repeat(ADDRESS + 2);
  let above: U64 | undefined;
  for (const { name, start, end, note, marks } of sorted) {
    if (above === undefined) lines.push(`${grouped(end)}  ┌${"─".repeat(WIDTH)}┐`);
    else if (above.neq(end)) {
      lines.push(`${grouped(above)}  └${"─".repeat(WIDTH)}┘`, `${blank}   ⋮ ${roughly(end, above)} unused`);
      lines.push(`${grouped(end)}  ┌${"─".repeat(WIDTH)}┐`);
    } else lines.push(`${grouped(end)}  ├${"─".repeat(WIDTH)}┤`);
    lines.push(`${blank}│${fit(` ${name}`)}│ ${sizeOf(start, end).padStart(5)}  ${note ?? ""}`.trimEnd());
    for (const mark of [...(marks ?? [])].sort((a, b) => b.address.comp(a.address)))
      lines.push(`${grouped(mark.address)}  │${fit(" ·")}│ ◄ ${mark.text}`);
    above = start;
  }
  if (above !== undefined) lines.push(`${grouped(above)}  └${"─".repeat(WIDTH)}┘`);
  return lines;
}

function fit(text: string): string {
  return text + " ".repeat(Math.max(0, WIDTH - visibleLength(text)));
}

/** Several maps side by side as one SVG document. */
export function drawSvg(
  maps: readonly { readonly title: string; readonly stretches: readonly Stretch[] }[],
): string {
  const [column, row, top] = [330, 58, 50];
  const rows = Math.max(1, ...maps.map((map) => map.stretches.length));
  const parts = maps.flatMap(({ title, stretches }, i) => {
    const x = i * column + 20;
    const boxes = [...stretches]
      .sort((a, b) => b.start.comp(a.start))
      .map(({ name, start, end, note }, j) => {
        const y = top + j * row;
        return (
          `<rect x="${x}" y="${y}" width="290" height="${row - 6}" rx="4" fill="${COLORS[name] ?? "#eee"}"><title>${escape(note ?? "")}</title></rect>` +
          `<text x="${x + 10}" y="${y + 21}" font-weight="bold">${escape(name)}</text>` +
          `<text x="${x + 280}" y="${y + 21}" text-anchor="end">${sizeOf(start, end)}</text>` +
          `<text x="${x + 10}" y="${y + 42}" font-family="monospace">${grouped(start)}</text>`
        );
      });
    return [`<text x="${x}" y="30" font-size="16" font-weight="bold">${escape(title)}</text>`, ...boxes];
  });
  const [width, height] = [maps.length * column + 10, top + rows * row + 10];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="white"/>\n${parts.join("\n")}\n</svg>\n`;
}

const COLORS: Readonly<Record<string, string>> = {
  "linear map": "#d7e8ff",
  vmalloc: "#ffe2c4",
  IO: "#e5e5e5",
  vmemmap: "#dff3da",
};

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
