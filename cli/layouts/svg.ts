// Layouts as one SVG picture: a column of regions for each, beside it columns with what a booted kernel has in them.
// Boxes are as high as their text, not as their size: regions differ by factors of millions.
import { grouped, roughly, type Mark, type Stretch } from "../address-map.ts";
import { regionsOf, type Shown } from "./regions.ts";

/** Pixels. */
const MARGIN = 24;
const COLUMN = { width: 440, gap: 70 };
const LINE = 18;
const GAP = 26;
/** Columns beside each other where no kernel was booted. */
const PER_ROW = 4;
/** Most boxes in a column and most marks in a box; a line says how many more there are. */
const MOST_BOXES = 24;
const MOST_MARKS = 16;
const LONGEST_NOTE = 68;
const LONGEST_NAME = 34;

interface Box {
  readonly stretch: Stretch;
  readonly y: number;
  readonly height: number;
}

/** A piece of the picture and how much room it takes. */
interface Piece {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** The picture, light or dark as its reader is. */
export function drawSvg(shown: readonly Shown[]): string {
  const pieces = shown.map((one) => (one.booted === undefined ? plain(one) : zoomed(one)));
  const perRow = shown.some(({ booted }) => booted !== undefined) ? 1 : PER_ROW;
  const rows = Array.from({ length: Math.ceil(pieces.length / perRow) }, (_, i) =>
    pieces.slice(i * perRow, (i + 1) * perRow),
  );
  let y = MARGIN;
  const parts = rows.flatMap((row) => {
    let x = MARGIN;
    const top = y;
    y += Math.max(...row.map(({ height }) => height)) + MARGIN;
    return row.map(({ svg, width }) => {
      const placed = `<g transform="translate(${x} ${top})">${svg}</g>`;
      x += width + MARGIN;
      return placed;
    });
  });
  const width = Math.max(
    ...rows.map((row) => row.reduce((sum, piece) => sum + piece.width + MARGIN, MARGIN)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" font-family="sans-serif" font-size="13">`,
    STYLE,
    `<rect class="page" width="${width}" height="${y}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

function plain(one: Shown): Piece {
  const column = columnOf(regionsOf(one), 56);
  return { svg: heading(one) + column.svg, width: COLUMN.width, height: column.height };
}

/** Regions at the left; what is in them in columns at the right, each tied to its region. */
function zoomed(one: Shown): Piece {
  const regions = regionsOf(one);
  const first = columnOf(
    regions.map(({ name, start, end, note = "" }) => ({ name, start, end, note })),
    56,
  );
  let x = COLUMN.width + COLUMN.gap;
  let height = first.height;
  const columns = regions
    .filter(({ inside = [] }) => inside.length > 0)
    .map((region) => {
      const column = columnOf(region.inside ?? [], 56, region.name);
      const box = first.boxes.find(({ stretch }) => stretch.name === region.name);
      const tie =
        box === undefined || x > COLUMN.width + COLUMN.gap
          ? ""
          : `<path class="tie" d="M${COLUMN.width} ${box.y}L${x} 56V${column.height}L${COLUMN.width} ${box.y + box.height}Z"/>`;
      const svg = `${tie}<g transform="translate(${x} 0)"><text class="head" x="0" y="44">in ${xml(region.name)}</text>${column.svg}</g>`;
      x += COLUMN.width + COLUMN.gap / 2;
      height = Math.max(height, column.height);
      return svg;
    });
  return { svg: heading(one) + first.svg + columns.join(""), width: x - COLUMN.gap / 2, height };
}

function heading({ layout: { name, mmu, pageShift, version } }: Shown): string {
  const what = `${mmu} MMU, ${1 << (pageShift - 10)}K pages, as Linux ${version.name}`;
  return `<text class="title" x="0" y="18">${xml(name)}</text><text x="0" y="44">${what}</text>`;
}

function columnOf(
  stretches: readonly Stretch[],
  top: number,
  region?: string,
): { readonly svg: string; readonly height: number; readonly boxes: readonly Box[] } {
  const sorted = [...stretches].sort((a, b) => b.start.comp(a.start));
  const kept = sorted.length > MOST_BOXES ? sorted.slice(-MOST_BOXES) : sorted;
  const boxes: Box[] = [];
  const parts: string[] = [];
  let y = top;
  let above: Stretch | undefined;
  if (kept.length < sorted.length) {
    parts.push(`<text class="note" x="10" y="${y + 13}">⋮ ${sorted.length - kept.length} more above</text>`);
    y += GAP;
  }
  for (const stretch of kept) {
    if (above?.start.neq(stretch.end) === true) {
      const unused = roughly(stretch.end, above.start);
      parts.push(
        `<text class="note" x="10" y="${y + 15}">⋮ ${unused} ${region === undefined ? "unused" : "between"}</text>`,
      );
      y += GAP;
    }
    const box = { stretch, y, height: heightOf(stretch) };
    boxes.push(box);
    parts.push(drawBox(box, region));
    y += box.height + 4;
    above = stretch;
  }
  return { svg: parts.join("\n"), height: y, boxes };
}

function marksOf({ marks = [] }: Stretch): readonly Mark[] {
  return [...marks].sort((a, b) => b.address.comp(a.address));
}

function heightOf(stretch: Stretch): number {
  const marks = Math.min(marksOf(stretch).length, MOST_MARKS + 1);
  return 14 + LINE * (2 + (noteOf(stretch) === "" ? 0 : 1) + marks);
}

function noteOf({ note = "" }: Stretch): string {
  return cut(note, LONGEST_NOTE);
}

function drawBox({ stretch, y, height }: Box, region: string | undefined): string {
  const { name, start, end } = stretch;
  const { width } = COLUMN;
  const row = (n: number): number => y + 20 + n * LINE;
  const parts = [
    `<rect class="${classOf(name, region)}" x="0" y="${y}" width="${width}" height="${height}" rx="4"/>`,
    `<text class="name" x="10" y="${row(0)}">${xml(cut(name, LONGEST_NAME))}</text>`,
    `<text class="end" x="${width - 10}" y="${row(0)}">${roughly(start, end)}</text>`,
    `<text class="address" x="10" y="${row(1)}">${grouped(start)} – ${grouped(end)}</text>`,
  ];
  const marks = marksOf(stretch);
  const more = marks.length - MOST_MARKS;
  for (const [i, mark] of (more > 0 ? marks.slice(-MOST_MARKS) : marks).entries())
    parts.push(
      `<text x="18" y="${row(2 + i)}">· ${xml(cut(mark.name, LONGEST_NAME))}<title>${xml(mark.note ?? "")}</title></text>`,
      `<text class="address end" x="${width - 10}" y="${row(2 + i)}">${grouped(mark.address)}</text>`,
    );
  const last = 2 + Math.min(marks.length, MOST_MARKS);
  if (more > 0) parts.push(`<text x="18" y="${row(last)}">· ${more} more above</text>`);
  const note = noteOf(stretch);
  if (note !== "")
    parts.push(`<text class="note" x="10" y="${row(last + (more > 0 ? 1 : 0))}">${xml(note)}</text>`);
  return parts.join("");
}

const CLASSES: Readonly<Record<string, string>> = {
  "linear map": "linear",
  vmalloc: "vmalloc",
  vmemmap: "vmemmap",
  IO: "io",
  hole: "hole",
};

function classOf(name: string, region: string | undefined): string {
  return CLASSES[name] ?? CLASSES[region ?? ""] ?? "io";
}

const STYLE = `<style>
.page { fill: #ffffff }
text { fill: #1a1d21 }
.title { font-size: 17px; font-weight: bold }
.head, .name { font-weight: bold }
.address { font-family: monospace; font-size: 12px }
.note { font-size: 11px; fill: #4b5259 }
.end { text-anchor: end }
.linear { fill: #d7e8ff }
.vmalloc { fill: #ffe2c4 }
.vmemmap { fill: #dff3da }
.io { fill: #e5e5e8 }
.hole { fill: none; stroke: #8a9199; stroke-dasharray: 6 4 }
.tie { fill: #8a9199; fill-opacity: 0.14 }
@media (prefers-color-scheme: dark) {
  .page { fill: #16181c }
  text { fill: #e8eaed }
  .note { fill: #b3bac2 }
  .linear { fill: #1d3c63 }
  .vmalloc { fill: #66401a }
  .vmemmap { fill: #24502a }
  .io { fill: #3a3d43 }
}
</style>`;

function cut(text: string, most: number): string {
  const whole = Array.from(text);
  return whole.length > most ? `${whole.slice(0, most - 1).join("")}…` : text;
}

/** Text that XML can have: names may come out of object files. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}
