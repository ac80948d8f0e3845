// The results that are kept with the documents, docs/call-sequences.csv, as rows again: what `farcall bench calls --csv` wrote.
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { MeasuredRow, Row, Spread } from "../../lab/calls/row.ts";

/** The rows of a document that callsCsv made; spreads of bytes and instructions are not in it. @throws Error where it is another */
export function rowsOfCsv(document: string): readonly Row[] {
  const [head = [], ...lines] = records(document);
  return lines.map((line) => {
    const at = (name: string): string => {
      const value = line[head.indexOf(name)];
      if (value === undefined) throw new Error(`no ${name} in a line of ${line.length} fields`);
      return value;
    };
    return row(at);
  });
}

function row(at: (name: string) => string): Row {
  const named = {
    sequence: at("sequence") as Row["sequence"],
    cpu: at("cpu") as CpuModel,
    scenario: at("scenario"),
    layout: at("layout"),
  };
  if (at("error") !== "") return { ...named, error: at("error"), failed: false };
  const number = (name: string): number => Number(at(name));
  const spread = (name: string): Spread => ({
    median: number(`${name}_median`),
    p5: number(`${name}_p5`),
    p95: number(`${name}_p95`),
  });
  const always = (value: number): Spread => ({ median: value, p5: value, p95: value });
  const spreads: MeasuredRow["spread"] = {
    bytes: always(number("bytes")),
    instructions: always(number("instructions")),
    mispredicts: spread("mispredicts"),
    icache_misses: spread("icache_misses"),
    erat_misses: spread("erat_misses"),
  };
  return {
    ...named,
    error: null,
    calls: number("calls"),
    bytes: number("bytes"),
    shared_bytes: number("shared_bytes"),
    instructions: number("instructions"),
    cycles: spread("cycles"),
    cycles_range: { low: number("cycles_low"), high: number("cycles_high") },
    mispredicts: spreads.mispredicts.median,
    icache_misses: spreads.icache_misses.median,
    erat_misses: spreads.erat_misses.median,
    spread: spreads,
  };
}

/** Fields of each record [RFC 4180]. */
function records(document: string): readonly (readonly string[])[] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain = "", end] of document.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g,
  )) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\r\n") lines.push([]);
    if (end === "") break;
  }
  return lines.filter((line) => line.length > 1);
}
