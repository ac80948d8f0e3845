// One panel of the chart of call costs: a scenario's sequences as horizontal bars over an axis of cycles.
// Names stand in a column of their own before the bars and figures in one behind, so that none can collide.
import { scaleBand, scaleLinear, type ScaleLinear } from "d3-scale";
import { px, text, titled } from "../svg.ts";
import type { MeasuredRow, Row } from "./row.ts";

export interface Panel {
  readonly name: string;
  readonly about: string | undefined;
  readonly rows: readonly Row[];
}

/** All in pixels. Of a lane: one sequence. */
export const LANE = 19;
/** At least, for a panel's names. */
const NAMES = 92;
const FIGURES = 40;
const HEAD = 26;
const ABOUT = 16;
const AXIS = 48;

/** About the width of a character, and the most that one of a name takes. */
const CHARACTER = 6.2;
const WIDEST = 7.2;

export function panelHeight({ rows }: Panel, head: number): number {
  return head + rows.length * LANE + AXIS;
}

/** Of the panel's words, above its first lane. */
export function headHeight({ about }: Panel, width: number): number {
  return HEAD + aboutLines(about, width).length * ABOUT;
}

/** The line about a scenario, in as many as it needs. */
function aboutLines(about = "", width: number): readonly string[] {
  const most = Math.floor(width / (CHARACTER - 0.4));
  const lines: string[] = [];
  for (const word of about.split(" ").filter((each) => each !== "")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Its elements, from (0, 0) on; its lanes from `top` on. */
export function panel({ name, about, rows }: Panel, width: number, top: number): readonly string[] {
  const bottom = top + rows.length * LANE;
  const most = Math.max(1, ...rows.flatMap((row) => reached(row)));
  const names = Math.max(NAMES, 8 + Math.max(...rows.map((row) => WIDEST * row.sequence.length)));
  const across = scaleLinear([0, most], [names, width - FIGURES]).nice(5);
  const lanes = scaleBand(
    rows.map((_, i) => i),
    [top, bottom],
  );
  return [
    text({ x: 0, y: 17, kind: "scenario" }, name),
    ...aboutLines(about, width).map((line, i) =>
      text({ x: 0, y: 17 + (i + 1) * ABOUT, kind: "faint small" }, line),
    ),
    ...axis(across, top, bottom),
    ...rows.flatMap((row, i) => lane(row, across, (lanes(i) ?? top) + LANE / 2, width)),
  ];
}

/** Everything of a row that has to fit on the axis. */
function reached(row: Row): readonly number[] {
  return row.error === null ? [row.cycles.median, row.cycles.p95, row.cycles_range.high] : [];
}

function axis(across: ScaleLinear<number, number>, top: number, bottom: number): readonly string[] {
  const format = across.tickFormat(5);
  const [from = 0, to = 0] = across.range();
  return [
    ...across.ticks(5).flatMap((cycles) => {
      const x = px(across(cycles));
      return [
        `<path d="M${x} ${top}V${bottom}" class="grid"/>`,
        `<path d="M${x} ${bottom}v4" class="line"/>`,
        text({ x: across(cycles), y: bottom + 17, kind: "faint middle small" }, format(cycles)),
      ];
    }),
    `<path d="M${px(from)} ${bottom}H${px(to)}" class="line"/>`,
    text({ x: (from + to) / 2, y: bottom + 32, kind: "faint middle small" }, "cycles per call"),
  ];
}

function lane(row: Row, across: ScaleLinear<number, number>, y: number, width: number): readonly string[] {
  const start = across(0);
  const name = text({ x: start - 8, y: y + 4, kind: "end" }, row.sequence);
  if (row.error === null) return [name, ...bars(row, across, y, width)];
  const place = { x: start + 4, y: y + 4, kind: "refused small", title: row.error };
  return [name, text(place, cut(shortened(row.error), (width - start - 4) / CHARACTER))];
}

/** Of `bl at … does not reach …: more than 32 MiB` what stands behind the colon. */
function shortened(reason: string): string {
  const last = reason.split(": ").at(-1) ?? reason;
  return last.includes("(") ? last : last.replace(/\)$/, "");
}

/** A negative figure, which the difference of two loops can be, has a bar of no length. */
function bars(
  row: MeasuredRow,
  across: ScaleLinear<number, number>,
  y: number,
  width: number,
): readonly string[] {
  const { median, p5, p95 } = row.cycles;
  const { low, high } = row.cycles_range;
  const at = (cycles: number): number => across(Math.max(0, cycles));
  const [from, to] = [at(p5), at(p95)];
  const whisker = `<path d="M${px(from)} ${px(y)}H${px(to)}M${px(from)} ${px(y - 3.5)}v7M${px(to)} ${px(y - 3.5)}v7" class="whisker"/>`;
  return [
    rect(row.mispredicts >= 0.5 ? "miss" : "hit", [at(0), at(median)], y, 11, titled(describe(row))),
    ...(high > low ? [rect("range", [at(low), at(high)], y, 15)] : []),
    ...(p95 > p5 ? [whisker] : []),
    text({ x: width, y: y + 4, kind: "end" }, median.toFixed(1)),
  ];
}

/** Around the height `middle`, with elements inside. */
function rect(
  kind: string,
  [from, to]: readonly [number, number],
  middle: number,
  height: number,
  inside = "",
): string {
  const place = `x="${px(from)}" y="${px(middle - height / 2)}" width="${px(Math.max(0.5, to - from))}" height="${height}"`;
  return `<rect ${place} class="${kind}"${inside === "" ? "/>" : `>${inside}</rect>`}`;
}

function describe({ sequence, cycles, cycles_range: range, mispredicts }: MeasuredRow): string {
  const { median, p5, p95 } = cycles;
  const open = `${figure(range.low)} to ${figure(range.high)} by what is unknown`;
  return `${sequence}: ${figure(median)} cycles (seeds ${figure(p5)} to ${figure(p95)}; ${open}), ${figure(mispredicts)} mispredicts`;
}

const figure = (value: number): string => String(Number(value.toFixed(2)));

function cut(content: string, characters: number): string {
  return content.length <= characters ? content : `${content.slice(0, Math.floor(characters) - 1)}…`;
}
