// Tables of what calls cost, from the rows of `farcall bench calls`. Measures nothing; what tables mean is the page's own text.
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { MeasuredRow, Row } from "../../lab/calls/row.ts";
import { scenarios } from "../../lab/calls/scenario.ts";
import { markdown } from "../markdown.ts";

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

/** The rows of scenarios whose sequences are of one kind: of calls among functions, of helper calls, of all else. */
export function ofAxis(rows: readonly Row[], axes: readonly string[]): readonly Row[] {
  const names = scenarios.filter(({ axis }) => axes.includes(axis)).map(({ name }) => name);
  return rows.filter(({ scenario }) => names.includes(scenario));
}

/** A line for each sequence: what it takes at one call, where calls are hot. */
export function sizes(rows: readonly Row[]): readonly string[] {
  const shown = rows.filter(({ error }) => error === null) as readonly MeasuredRow[];
  const bySequence = unique(shown.map(({ sequence }) => sequence)).map((sequence) =>
    shown.filter((row) => row.sequence === sequence),
  );
  return markdown([
    ["sequence", "bytes at the call", "bytes beside it", "instructions, the return included"],
    ...bySequence.map((own) => [
      `\`${own[0]?.sequence ?? ""}\``,
      ends(own.map(({ bytes }) => bytes)),
      ends(own.map(({ shared_bytes: bytes }) => bytes)),
      ends(own.map(({ instructions }) => instructions)),
    ]),
  ]);
}

/** Least and most of some numbers. */
function ends(values: readonly number[]): string {
  const [low, high] = [rounded(Math.min(...values)), rounded(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

/** A line for each scenario, a column for each sequence: medians of cycles, in brackets mispredicts where there are any. */
export function cycles(rows: readonly Row[], cpu: CpuModel): readonly string[] {
  const own = rows.filter((row) => row.cpu === cpu);
  const sequences = unique(own.map(({ sequence }) => sequence));
  const names = unique(own.map(({ scenario }) => scenario));
  const cell = (scenario: string, sequence: string): string => {
    const row = own.find((each) => each.scenario === scenario && each.sequence === sequence);
    return row === undefined || row.error !== null ? "–" : cost(row);
  };
  return markdown([
    ["", ...sequences.map((name) => `\`${name}\``)],
    ...names.map((scenario) => [scenario, ...sequences.map((sequence) => cell(scenario, sequence))]),
  ]);
}

function cost({ cycles: { median }, mispredicts }: MeasuredRow): string {
  return `${median.toFixed(1)}${mispredicts < 0.005 ? "" : ` (${rounded(mispredicts)})`}`;
}

/** Why cells have no figures: each reason once for a sequence, without addresses and callees. */
export function refusals(rows: readonly Row[]): readonly string[] {
  const reasons = new Map<string, Set<string>>();
  for (const row of rows) {
    if (row.error === null) continue;
    const reason = row.error.replace(/^.* at 0x[0-9a-f]+ .* at 0x[0-9a-f]+: /, "");
    const key = `\`${row.sequence}\`: ${reason}`;
    reasons.set(key, (reasons.get(key) ?? new Set()).add(row.scenario));
  }
  return [...reasons].map(([reason, where]) => `- ${reason} (${listed([...where])})`);
}

const listed = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(", ") : `in ${names.length} scenarios`;

/** The scenarios, a line each. */
export function scenarioList(): readonly string[] {
  return markdown([["scenario", "what it is"], ...scenarios.map(({ name, summary }) => [name, summary])]);
}

const rounded = (value: number): string => String(Number(value.toFixed(2)));
