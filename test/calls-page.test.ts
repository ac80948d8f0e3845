// docs/call-sequences.md, its charts and the README's part are what the code and the kept results say, and the results are what
// `farcall bench calls` says now. All of them are made by npx tsx scripts/calls-page.ts.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { cpuModels } from "../cpu/isa/row.ts";
import { mca } from "../cpu/timing/test/mca.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import { callSequences } from "../jit/call/sequences.ts";
import { callsCsv } from "../lab/calls/csv.ts";
import { cells } from "../lab/calls/cells.ts";
import { sentence } from "../scripts/calls-page/readme.ts";
import { rowsOfCsv } from "../scripts/calls-page/results.ts";
import { functionSections, helperSections } from "../scripts/calls-page/words.ts";
import { charts, FILES, RUN, withMca, withParts, withReadmePart } from "../scripts/calls-page.ts";
import { farcall } from "./farcall.ts";
import { describeWithOracle } from "./oracles.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const kept = (file: string): string => readFileSync(`${ROOT}${file}`, "utf8");
const results = kept(FILES.results);
const rows = rowsOfCsv(results);

describe("docs/call-sequences.md", () => {
  it("has the words of the code, the kept results and the models' tables", () => {
    const page = kept(FILES.page);
    expect(withParts(page, rows)).toBe(page);
  });
  it("has every sequence with what it is and when it is legal", () => {
    for (const [text, kinds] of [
      [functionSections(), callSequences],
      [helperSections(), helperSequences],
    ] as const)
      for (const { name, summary, legal } of kinds)
        expect(text).toContain(`### \`${name}\`\n\n${summary}. Legal: ${legal}.\n`);
  });
  it("shows words that are the manual's: far's seven of them for 0xd000_0000_1234_5680", () => {
    const [, block = ""] = /### `far`\n[^]*?```\n([^]*?)```/.exec(functionSections()) ?? [];
    const texts = [...block.matchAll(/^[0-9a-f]{16} {2}(.*)$/gm)].map(([, text = ""]) =>
      text.replace(/ +/, " "),
    );
    expect(texts).toEqual([
      "lis r12,-12288",
      "sldi r12,r12,32",
      "oris r12,r12,4660",
      "ori r12,r12,22144",
      "nop",
      "mtctr r12",
      "bctrl",
    ]);
  });
  it("has the charts of the kept results", () => {
    for (const [file, svg] of charts(rows)) expect(kept(`docs/${file}`), file).toBe(svg);
  });
  it("and so has the README", () => {
    const readme = kept(FILES.readme);
    expect(withReadmePart(readme, rows)).toBe(readme);
  });
});

describeWithOracle("docs/call-sequences.md", [mca], () => {
  it("has what llvm-mca says now", { timeout: 120_000 }, () => {
    const page = kept(FILES.page);
    expect(withMca(page)).toBe(page);
  });
});

describe("the kept results", () => {
  it("have a row for every cell, and are what bench calls would write of them", () => {
    const named = ({ cpu, scenario, sequence, layout }: (typeof rows)[number]): string =>
      [cpu, scenario, sequence, layout].join(" ");
    expect(rows.map(named)).toEqual(
      cells().map(({ cpu, scenario, sequence, layout }) => [cpu, scenario, sequence, layout].join(" ")),
    );
    expect(callsCsv(rows)).toBe(results);
  });
  it("come out of bench calls again, byte for byte", { timeout: 300_000 }, () => {
    const few = "--scenario one-site,sites-2,flush-link-stack,helper,module-stub,tail-call --sequence";
    const sequences = "near,far,toc,pcrel,toc-relative,module-stub,tail-call";
    const { stdout, status } = farcall([...RUN.split(" "), ...few.split(" "), sequences], "", 240_000);
    expect(status).toBe(0);
    const lines = stdout.split("\r\n");
    expect(lines.length).toBeGreaterThan(3 * cpuModels.length);
    const all = results.split("\r\n");
    for (const line of lines) expect(all).toContain(line);
  });
});

describe("what the README says of bl", () => {
  it("is arithmetic on the rows of near and far", () => {
    const [near, far] = ["near", "far"].map((sequence) =>
      rows.find((row) => row.cpu === "power9" && row.scenario === "one-site" && row.sequence === sequence),
    );
    if (near?.error !== null || far?.error !== null)
      throw new Error("near and far have no figures at one site");
    const saved = (far.cycles.median - near.cycles.median).toFixed(1);
    expect(sentence(rows, "power9")).toContain(
      `saves 24 of 28 bytes and, on the model of a POWER9, ${saved} of ${far.cycles.median.toFixed(1)} cycles at one hot site`,
    );
  });
  it("cannot be said where there are no figures", () => {
    const without = rows.filter(({ sequence }) => sequence !== "near");
    expect(() => sentence(without, "power9")).toThrow(/no figures of near/);
  });
});
