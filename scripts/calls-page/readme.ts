// What the README says of call costs: a chart in text and a sentence, both from the rows of `farcall bench calls`.
// Nothing of it is decided here but which scenarios are shown.
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { MeasuredRow, Row } from "../../lab/calls/row.ts";
import { table } from "../../cli/output.ts";

/** Scenarios of the README and of its picture, and what they are called there. */
export const SHOWN = [
  { scenario: "one-site", words: "one hot site", inSentence: "at one hot site" },
  { scenario: "sites-512", words: "512 sites", inSentence: "at 512 sites that take turns" },
  { scenario: "scattered", words: "scattered images", inSentence: "where images are scattered" },
  {
    scenario: "flush-count-cache",
    words: "count cache flushed",
    inSentence: "where the count cache was flushed before the call",
  },
] as const;

/** Rows of the scenarios that are shown, of one processor. */
export function shownRows(rows: readonly Row[], cpu: CpuModel): readonly Row[] {
  return SHOWN.flatMap(({ scenario }) => rows.filter((row) => row.cpu === cpu && row.scenario === scenario));
}

/** Characters of the longest bar. */
const LONGEST = 12;

/** Cycles per call as bars of text: a line for each sequence, a column for each scenario with a scale of its own. */
export function textChart(rows: readonly Row[], cpu: CpuModel): readonly string[] {
  const own = shownRows(rows, cpu);
  const sequences = [...new Set(own.filter(({ error }) => error === null).map(({ sequence }) => sequence))];
  const columns = SHOWN.map(({ scenario }) => {
    const cells = own.filter((row) => row.scenario === scenario);
    const most = Math.max(0, ...cells.map((row) => (row.error === null ? row.cycles.median : 0)));
    return sequences.map((sequence) =>
      bar(
        cells.find((row) => row.sequence === sequence),
        most,
      ),
    );
  });
  return table([
    [`cycles per call, ${cpu.toUpperCase()}`, ...SHOWN.map(({ words }) => words)],
    ...sequences.map((sequence, i) => [`  ${sequence}`, ...columns.map((column) => column[i] ?? "")]),
  ]);
}

function bar(row: Row | undefined, most: number): string {
  if (row === undefined || row.error !== null) return "cannot be";
  const { median } = row.cycles;
  const eighths = Math.max(0, Math.round((median / most) * LONGEST * 8));
  const blocks = `${"█".repeat(eighths >> 3)}${["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7] ?? ""}`;
  return `${median.toFixed(1).padStart(5)} ${blocks}`;
}

/** One sentence: what a `bl` saves against the call of 64 bits. @throws Error where a row that it needs has no figures */
export function sentence(rows: readonly Row[], cpu: CpuModel): string {
  const of = (sequence: string, scenario: string): MeasuredRow => {
    const row = rows.find(
      (each) => each.cpu === cpu && each.sequence === sequence && each.scenario === scenario,
    );
    if (row === undefined || row.error !== null)
      throw new Error(`no figures of ${sequence} in ${scenario} on ${cpu}`);
    return row;
  };
  const parts = SHOWN.filter(({ scenario }) => reaches(rows, cpu, scenario)).map(
    ({ scenario, inSentence }) => {
      const [near, far] = [of("near", scenario).cycles.median, of("far", scenario).cycles.median];
      return `${(far - near).toFixed(1)} of ${far.toFixed(1)} cycles ${inSentence}`;
    },
  );
  const [near, far] = [of("near", "one-site"), of("far", "one-site")];
  const bytes = far.bytes - near.bytes;
  return `A \`bl\` in place of a far call saves ${bytes} of ${far.bytes} bytes and, on the model of a ${cpu.toUpperCase()}, ${inWords(parts)}.`;
}

function reaches(rows: readonly Row[], cpu: CpuModel, scenario: string): boolean {
  return ["near", "far"].every((sequence) =>
    rows.some(
      (row) =>
        row.cpu === cpu && row.sequence === sequence && row.scenario === scenario && row.error === null,
    ),
  );
}

const inWords = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")}, and ${parts.at(-1) ?? ""}`;
