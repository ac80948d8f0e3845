// What calls cost, drawn and as comma-separated values, from rows made by hand: nothing is lost, nothing collides.
import { describe, expect, it } from "vitest";
import { callsCsv } from "./csv.ts";
import type { MeasuredRow, RefusedRow, Row, Spread } from "./row.ts";
import { callsSvg, type ChartOptions } from "./svg.ts";

const always = (value: number): Spread => ({ median: value, p5: value, p95: value });
const near: MeasuredRow = {
  sequence: "near",
  cpu: "power9",
  scenario: "one-site",
  layout: "hash64k-4.15",
  error: null,
  calls: 8,
  bytes: 4,
  shared_bytes: 0,
  instructions: 2,
  cycles: { median: 5, p5: 4, p95: 8 },
  cycles_range: { low: 2.5, high: 10 },
  mispredicts: 0,
  icache_misses: 0,
  erat_misses: 0.5,
  spread: {
    bytes: always(4),
    instructions: always(2),
    mispredicts: always(0),
    icache_misses: always(0),
    erat_misses: { median: 0.5, p5: 0.25, p95: 1 },
  },
};
const far: MeasuredRow = { ...near, sequence: "far", cycles: always(10), mispredicts: 1 };
const refused: RefusedRow = {
  sequence: "auto-shrink",
  cpu: "power9",
  scenario: "one-site",
  layout: "hash64k-4.15",
  error: 'ERANGE: no "bl" from <here>, nor & there',
  failed: false,
};
const options: ChartOptions = {
  title: "a<b",
  subtitle: "",
  columns: 2,
  about: () =>
    "a line that is long enough to need two of them below the name of its scenario, or so it seems",
};
const draw = (rows: readonly Row[]): string => callsSvg(rows, options);
const svg = draw([near, far, refused]);

interface Box {
  readonly x: number;
  readonly width: number;
}
/** Of a class, in the panels: those of the legend have another width. */
const boxes = (kind: string, from = svg): readonly Box[] =>
  [
    ...from.matchAll(
      new RegExp(`<rect x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)" [^>]*class="${kind}"`, "g"),
    ),
  ]
    .map(([, x, width]) => ({ x: Number(x), width: Number(width) }))
    .filter(({ width }) => width !== 22);
const at = (text: string): { readonly x: number; readonly y: number } => {
  const [, x, y] = new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*>${text}<`).exec(svg) ?? [];
  return { x: Number(x), y: Number(y) };
};

describe("the chart", () => {
  it("every element that is opened is closed, and names cannot open any", () => {
    const open: string[] = [];
    for (const [, closing, name = "", alone] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
      if (closing === "/") expect(open.pop()).toBe(name);
      else if (alone !== "/") open.push(name);
    expect(open).toEqual([]);
    expect(svg).toContain(">a&lt;b<");
    expect(svg).toContain(">no &quot;bl&quot; from &lt;here>, nor &amp; there<title>ERANGE: no &quot;");
  });
  it("bars begin at 0 and are as long as their cycles; colors tell what is mispredicted", () => {
    const [hit, ...others] = boxes("hit");
    const [miss] = boxes("miss");
    expect(others).toEqual([]);
    expect(miss?.x).toBe(hit?.x);
    expect(miss?.width).toBe(2 * (hit?.width ?? 0));
  });
  it("the range of unknown figures and the whisker of the seeds stand on the same axis", () => {
    const scale = (boxes("hit")[0]?.width ?? NaN) / 5;
    const zero = boxes("hit")[0]?.x ?? NaN;
    const [range] = boxes("range");
    expect(range).toEqual({ x: zero + 2.5 * scale, width: 7.5 * scale });
    const whiskers = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+H([\d.]+)M[^"]*" class="whisker"/g)];
    expect(whiskers.map(([, from, to]) => [Number(from), Number(to)])).toEqual([
      [zero + 4 * scale, zero + 8 * scale],
    ]);
  });
  it("ticks say cycles where bars of as many end, and the axis says its unit", () => {
    const scale = (boxes("hit")[0]?.width ?? NaN) / 5;
    expect(at("10").x - at("0").x).toBeCloseTo(10 * scale, 0);
    expect(svg).toContain(">cycles per call<");
  });
  it("names stand in a column before the bars, each on a line of its own; a long line is broken", () => {
    const [first, second, third] = ["near", "far", "auto-shrink"].map(at);
    expect([first, second, third].every((place) => (place?.x ?? NaN) < (boxes("hit")[0]?.x ?? NaN))).toBe(
      true,
    );
    expect((second?.y ?? NaN) - (first?.y ?? NaN)).toBeGreaterThan(14);
    expect((third?.y ?? NaN) - (second?.y ?? NaN)).toBeGreaterThan(14);
    expect(svg).toMatch(/>a line that[^<]*<\/text>\n<text [^>]*>[^<]*it seems</);
  });
  it("a processor has a section of its own, a layout a panel of its own, where there are several", () => {
    expect(svg).not.toContain(">POWER9<");
    const more = draw([near, { ...near, cpu: "power10" }, { ...near, layout: "radix4k-6.12" }]);
    expect(more.match(/>POWER(?:9|10)</g)).toEqual([">POWER9<", ">POWER10<"]);
    expect(more.match(/>one-site(?:, [^<]*)?</g)).toEqual([
      ">one-site, hash64k-4.15<",
      ">one-site, radix4k-6.12<",
      ">one-site<",
    ]);
  });
});

describe("comma-separated values", () => {
  const lines = callsCsv([near, refused]).split("\r\n");

  it("every line has the columns that the first one names", () => {
    const [head = "", first = "", , end] = lines;
    expect(lines).toHaveLength(4);
    expect(end).toBe("");
    const row = Object.fromEntries(
      first.split(",").map((value, i): [string, string] => [head.split(",")[i] ?? "", value]),
    );
    expect(row).toMatchObject({
      sequence: "near",
      cpu: "power9",
      scenario: "one-site",
      bytes: "4",
      cycles_median: "5",
      cycles_p95: "8",
      cycles_low: "2.5",
      cycles_high: "10",
      erat_misses_p5: "0.25",
      error: "",
    });
    expect(first.split(",")).toHaveLength(head.split(",").length);
  });
  it("a reason with commas and quotes is one field", () => {
    expect(lines[2]).toMatch(
      /^auto-shrink,power9,one-site,hash64k-4\.15,+"ERANGE: no ""bl"" from <here>, nor & there"$/,
    );
  });
});
