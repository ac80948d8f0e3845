// The table of call costs for people, from rows made by hand.
import { describe, expect, it } from "vitest";
import type { MeasuredRow, RefusedRow, Spread } from "../../lab/calls/row.ts";
import { callsText, hasWrong } from "./text.ts";

const always = (value: number): Spread => ({ median: value, p5: value, p95: value });
const stub: MeasuredRow = {
  sequence: "stub",
  cpu: "power9",
  scenario: "one-site",
  layout: "hash64k-4.15",
  error: null,
  calls: 8,
  bytes: 4,
  shared_bytes: 24,
  instructions: 9,
  cycles: { median: 5.04, p5: 4, p95: 8 },
  cycles_range: { low: 2.5, high: 10 },
  mispredicts: 0.5,
  icache_misses: 0,
  erat_misses: 0,
  spread: {
    bytes: always(4),
    instructions: always(9),
    mispredicts: { median: 0.5, p5: 0.25, p95: 1 },
    icache_misses: always(0),
    erat_misses: always(0),
  },
};
const refused: RefusedRow = {
  sequence: "pcrel",
  cpu: "power9",
  scenario: "one-site",
  layout: "hash64k-4.15",
  error: "power9 has no prefixed instructions",
  failed: false,
};

describe("the text of bench calls", () => {
  it("a table for each processor and scenario, with what the scenario is", () => {
    const lines = callsText([stub, refused, { ...stub, cpu: "power10" }], (name) => `about ${name}`);
    expect(lines.filter((line) => line.startsWith("POWER"))).toEqual([
      "POWER9  one-site  hash64k-4.15  about one-site",
      "POWER10  one-site  hash64k-4.15  about one-site",
    ]);
  });
  it("medians, spreads where there are any, the range of unknown figures", () => {
    const [, , line] = callsText([stub], () => "");
    expect(line?.trim().split(/ {2,}/)).toEqual([
      "stub",
      "4 + 24",
      "9",
      "5.0",
      "4.0 – 8.0",
      "2.5 – 10.0",
      "0.50 [0.25, 1.00]",
      "0",
      "0",
    ]);
  });
  it("what cannot be says why; what ran and was wrong is another matter", () => {
    const wrong = { ...refused, error: "7 calls of 8 were counted", failed: true };
    const lines = callsText([refused, wrong], () => "").map((line) => line.trim());
    expect(lines).toContain("pcrel  cannot be: power9 has no prefixed instructions");
    expect(lines).toContain("pcrel  WRONG: 7 calls of 8 were counted");
    expect([[stub, refused], [wrong]].map(hasWrong)).toEqual([false, true]);
  });
});
