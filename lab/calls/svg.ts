// The chart of what calls cost, as SVG: for each processor a panel for each scenario, in it a bar for each call sequence.
// Draws rows, measures nothing.
import { px, svgDocument, text, type Color } from "../svg.ts";
import type { Row } from "./row.ts";
import { headHeight, LANE, panel, panelHeight, type Panel } from "./svg-panel.ts";

/** All in pixels. */
const MARGIN = 18;
const PANEL = { width: 348, gap: 20 };
const SECTION = 40;
const FOOT = 14;

const COLORS: readonly Color[] = [
  ["paper", "fill", "#ffffff", "#14181f"],
  ["ink", "fill", "#1c2430", "#e6eaf0"],
  ["faint", "fill", "#5a636f", "#a3adba"],
  ["refused", "fill", "#b3261e", "#ff9d94"],
  ["line", "stroke", "#5a636f", "#a3adba"],
  ["grid", "stroke", "#dfe3e8", "#333c48"],
  ["hit", "fill", "#7fa8dc", "#3f6da8"],
  ["miss", "fill", "#e8a26b", "#a8622b"],
  ["range", "fill", "#1c2430", "#e6eaf0"],
  ["whisker", "stroke", "#1c2430", "#e6eaf0"],
];

const RULES = `.title { font-size: 17px; font-weight: 600; } .cpu { font-size: 15px; font-weight: 600; }
  .scenario { font-size: 13px; font-weight: 600; } .small { font-size: 11px; }
  .end { text-anchor: end; } .middle { text-anchor: middle; }
  .range { fill-opacity: 0.22; } .whisker { stroke-width: 1.3; fill: none; }`;

export interface ChartOptions {
  readonly title: string;
  /** One line below the title. */
  readonly subtitle: string;
  /** Panels beside each other, 1 to 3. */
  readonly columns: 1 | 2 | 3;
  /** A line about a scenario; undefined where there is none. */
  readonly about: (scenario: string) => string | undefined;
}

/** The whole document: processors, scenarios and sequences in the order of the rows. */
export function callsSvg(rows: readonly Row[], options: ChartOptions): string {
  const width = 2 * MARGIN + options.columns * (PANEL.width + PANEL.gap) - PANEL.gap;
  const keys = legend(width);
  const parts = [...heading(options), ...keys.parts];
  let y = keys.bottom;
  const cpus = unique(rows.map(({ cpu }) => cpu));
  for (const cpu of cpus) {
    if (cpus.length > 1) {
      parts.push(text({ x: MARGIN, y: y + 24, kind: "cpu" }, cpu.toUpperCase()));
      y += SECTION;
    }
    const panels = panelsOf(
      rows.filter((row) => row.cpu === cpu),
      options,
    );
    for (const line of chunks(panels, options.columns)) {
      const head = Math.max(...line.map((one) => headHeight(one, PANEL.width)));
      line.forEach((one, i) => {
        const place = `translate(${px(MARGIN + i * (PANEL.width + PANEL.gap))} ${px(y)})`;
        parts.push(`<g transform="${place}">`, ...panel(one, PANEL.width, head), "</g>");
      });
      y += Math.max(...line.map((one) => panelHeight(one, head)));
    }
  }
  return svgDocument({ width, height: y + FOOT, label: options.title, colors: COLORS, rules: RULES, parts });
}

/** A panel for each scenario, and for each layout where there are several. */
function panelsOf(rows: readonly Row[], { about }: ChartOptions): readonly Panel[] {
  const several = unique(rows.map(({ layout }) => layout)).length > 1;
  const nameOf = ({ scenario, layout }: Row): string => (several ? `${scenario}, ${layout}` : scenario);
  return unique(rows.map(nameOf)).map((name) => {
    const own = rows.filter((row) => nameOf(row) === name);
    return { name, about: about(own[0]?.scenario ?? ""), rows: own };
  });
}

function heading({ title, subtitle }: ChartOptions): readonly string[] {
  return [
    text({ x: MARGIN, y: 30, kind: "title" }, title),
    text({ x: MARGIN, y: 50, kind: "faint" }, subtitle),
  ];
}

const KEYS = [
  { words: "median over the seeds", draw: (x: number, y: number) => box("hit", x, y, 11) },
  {
    words: "the same, with half a mispredict a call or more",
    draw: (x: number, y: number) => box("miss", x, y, 11),
  },
  {
    words: "5th to 95th percentile of the seeds",
    draw: (x: number, y: number) => `<path d="M${px(x)} ${px(y)}h22m0 -4v8m-22 0v-8" class="whisker"/>`,
  },
  {
    words: "what unpublished figures leave open",
    draw: (x: number, y: number) => box("range", x, y, 15),
  },
] as const;

/** Pixels of a key's drawing with the gaps around it, and most pixels of a character of its words. */
const KEY = { room: 46, character: 6.3 };

/** What bars, their color, whiskers and shadows are: in as many lines as they need. */
function legend(width: number): { readonly parts: readonly string[]; readonly bottom: number } {
  let x = MARGIN;
  let y = 74;
  const parts = KEYS.flatMap(({ draw, words }) => {
    const room = KEY.room + words.length * KEY.character;
    if (x + room > width) [x, y] = [MARGIN, y + LANE];
    const drawn = [draw(x, y - 4), text({ x: x + 30, y, kind: "faint" }, words)];
    x += room;
    return drawn;
  });
  return { parts, bottom: y + 16 };
}

/** Of a key, around the height `middle`. */
function box(kind: string, x: number, middle: number, height: number): string {
  return `<rect x="${px(x)}" y="${px(middle - height / 2)}" width="22" height="${height}" class="${kind}"/>`;
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

function chunks<T>(values: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size),
  );
}
