// The map of where images landed, as SVG: one lane for each strategy on each layout, distance from __bpf_call_base on a
// logarithmic scale, and how far a bl, 32 and 48 signed bits reach. Draws rows, measures nothing.
import { parseU64, ZERO, type U64 } from "../../word/long.ts";
import { px, svgDocument, text, titled, type Color } from "../svg.ts";
import { signedBits } from "./reach.ts";
import type { Row } from "./row.ts";

/** All in pixels. */
const WIDTH = 1120;
const LEFT = 190;
const RIGHT = 130;
const TOP = 96;
const LANE = 20;
const GAP = 30;
const BOTTOM = 62;

/** Shown distances, as powers of two in bytes: a page to the whole address space. */
const NEAREST = 16;
const FARTHEST = 64;

/** Each reach ends before 2^bits; bl's counts from a call, drawn as if that were at __bpf_call_base. */
const REACHES = [
  { bits: 25, name: "bl", size: "±32 MiB" },
  { bits: 31, name: "s32", size: "±2 GiB" },
  { bits: 47, name: "48 bits", size: "±128 TiB" },
  { bits: 63, name: "64 bits", size: "" },
] as const;

const COLORS: readonly Color[] = [
  ["paper", "fill", "#ffffff", "#14181f"],
  ["zone0", "fill", "#d9f2e3", "#17382a"],
  ["zone1", "fill", "#e3edfb", "#1b2d47"],
  ["zone2", "fill", "#fdf3d3", "#3b3417"],
  ["zone3", "fill", "#fbe3df", "#432421"],
  ["ink", "fill", "#1c2430", "#e6eaf0"],
  ["faint", "fill", "#5a636f", "#a3adba"],
  ["refused", "fill", "#b3261e", "#ff9d94"],
  ["line", "stroke", "#5a636f", "#a3adba"],
  ["rail", "stroke", "#c3cad3", "#4a5462"],
  ["mark", "fill", "#1f5fbf", "#8fbcff"],
  ["below", "stroke", "#b04a00", "#ffb27a"],
];

const RULES = `.title { font-size: 17px; font-weight: 600; } .layout { font-size: 13px; font-weight: 600; }
  .end { text-anchor: end; } .middle { text-anchor: middle; }
  .mark { fill-opacity: 0.75; } .below { fill: none; stroke-width: 1.5; }`;

interface Lane {
  readonly layout: string;
  readonly imageAlloc: string;
  /** The row that is drawn: the first with images, else the first. */
  readonly row: Row;
}

/** The whole document. */
export function rangesSvg(program: string, rows: readonly Row[]): string {
  const lanes = lanesOf(rows);
  const layouts = [...new Set(lanes.map(({ layout }) => layout))];
  const body: string[] = [];
  let y = TOP;
  for (const layout of layouts) {
    const own = lanes.filter((lane) => lane.layout === layout);
    body.push(text({ x: 14, y: y + 20, kind: "layout" }, layout));
    y += GAP;
    for (const lane of own) {
      body.push(...draw(lane, y));
      y += LANE;
    }
  }
  const height = y + BOTTOM;
  const parts = [...zones(y), ...heading(program, lanes), ...axis(y), ...body, ...legend(y + 44)];
  return svgDocument({
    width: WIDTH,
    height,
    label: "where images landed",
    colors: COLORS,
    rules: RULES,
    parts,
  });
}

function lanesOf(rows: readonly Row[]): readonly Lane[] {
  const lanes = new Map<string, Lane>();
  for (const row of rows) {
    const { layout, image_alloc: imageAlloc } = row;
    const key = `${layout} ${imageAlloc}`;
    const drawn = lanes.get(key)?.row;
    if (drawn === undefined || (drawn.images === null && row.images !== null))
      lanes.set(key, { layout, imageAlloc, row });
  }
  return [...lanes.values()];
}

/** Where a distance of 2^power bytes is drawn. */
function across(power: number): number {
  const clamped = Math.min(FARTHEST, Math.max(NEAREST, power));
  return LEFT + ((clamped - NEAREST) / (FARTHEST - NEAREST)) * (WIDTH - LEFT - RIGHT);
}

function zones(bottom: number): readonly string[] {
  return REACHES.flatMap(({ bits, name, size }, i) => {
    const from = across(REACHES[i - 1]?.bits ?? 0);
    const to = across(i === REACHES.length - 1 ? FARTHEST : bits);
    const middle = (from + to) / 2;
    const line =
      i === REACHES.length - 1
        ? []
        : [`<line x1="${px(to)}" x2="${px(to)}" y1="${TOP}" y2="${bottom}" class="line"/>`];
    return [
      `<rect x="${px(from)}" y="${TOP}" width="${px(to - from)}" height="${bottom - TOP}" class="zone${i}"/>`,
      ...line,
      text({ x: middle, y: TOP - 26, kind: "middle" }, name),
      text({ x: middle, y: TOP - 10, kind: "faint middle" }, size),
    ];
  });
}

function heading(program: string, lanes: readonly Lane[]): readonly string[] {
  const bases = [...new Set(lanes.flatMap(({ row }) => row.bpf_call_base ?? []))];
  const base = bases.length === 1 ? ` (${bases[0] ?? ""})` : "";
  return [
    text({ x: 14, y: 28, kind: "title" }, `Where the images of ${program} landed`),
    text({ x: 14, y: 48, kind: "faint" }, `distance from __bpf_call_base${base}, logarithmic`),
    text({ x: WIDTH - RIGHT + 52, y: TOP - 10, kind: "faint end" }, "bits"),
    text({ x: WIDTH - 14, y: TOP - 10, kind: "faint end" }, "bl"),
  ];
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

function axis(bottom: number): readonly string[] {
  const ticks = Array.from({ length: (FARTHEST - NEAREST) / 4 + 1 }, (_, i) => NEAREST + 4 * i);
  return ticks.flatMap((power) => [
    `<line x1="${px(across(power))}" x2="${px(across(power))}" y1="${bottom}" y2="${bottom + 4}" class="line"/>`,
    text(
      { x: across(power), y: bottom + 18, kind: "faint middle" },
      `${2 ** (power % 10)} ${UNITS[Math.floor(power / 10)] ?? ""}`,
    ),
  ]);
}

function draw({ imageAlloc, row }: Lane, top: number): readonly string[] {
  const y = top + LANE / 2;
  const name = imageAlloc.replace(/:.*/s, "");
  const label = text({ x: LEFT - 10, y: y + 4, kind: "end", title: imageAlloc }, name);
  const rail = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" class="rail"/>`;
  const base = parseU64(row.bpf_call_base ?? "");
  if (row.images === null || base === undefined)
    return [
      label,
      text({ x: LEFT + 8, y: y + 4, kind: "refused", title: row.error ?? "" }, shortened(row.error ?? "")),
    ];
  const marks = row.images.map((image) => mark(image, base, y));
  const bl = row.calls_in_bl_reach === null ? "" : `${row.calls_in_bl_reach}/${row.calls}`;
  return [
    label,
    rail,
    ...marks,
    text({ x: WIDTH - RIGHT + 52, y: y + 4, kind: "end" }, String(row.signed_bits ?? "")),
    text({ x: WIDTH - 14, y: y + 4, kind: "end" }, bl),
  ];
}

/** A dot; a ring for what lies below the base. */
function mark(image: string, base: U64, y: number): string {
  const distance = (parseU64(image) ?? ZERO).sub(base);
  const below = distance.toSigned().isNegative();
  return `<circle cx="${px(across(log2(distance)))}" cy="${y}" r="4.5" class="${below ? "below" : "mark"}">${titled(`${image}: ${below ? "below" : "above"}, ${signedBits(distance)} signed bits`)}</circle>`;
}

/** Of the magnitude of a signed distance. */
function log2(distance: U64): number {
  const value = distance.toSigned();
  return Math.log2(Math.abs(value.toNumber()));
}

function legend(y: number): readonly string[] {
  return [
    `<circle cx="22" cy="${y - 4}" r="4.5" class="mark"/>`,
    text({ x: 34, y }, "an image above __bpf_call_base"),
    `<circle cx="262" cy="${y - 4}" r="4.5" class="below"/>`,
    text({ x: 274, y }, "below it"),
    text({ x: 346, y, kind: "faint" }, "bits: fewest signed bits that hold the distance to every callee"),
    text({ x: 740, y, kind: "faint" }, "bl: calls whose callee a bl reaches from where they stand"),
  ];
}

const LONGEST = 110;
const shortened = (reason: string): string =>
  reason.length <= LONGEST ? reason : `${reason.slice(0, LONGEST)}…`;
