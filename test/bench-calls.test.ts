// `farcall bench calls` as a user starts it: its rows, the same whoever measures them, and its command line.
// What is measured, and how, is lab/calls' own tests'.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { MeasuredRow, Row } from "../lab/calls/row.ts";
import { farcall, farcallJson } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "farcall-bench-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const FEW = ["bench", "calls", "--seeds", "2", "--cpu", "power9"];
const ONE = [...FEW, "--scenario", "one-site", "--sequence", "near,far"];

interface Report {
  readonly seed: number;
  readonly seeds: number;
  readonly rows: readonly Row[];
}
const report = (...args: readonly string[]): Report => farcallJson(args) as Report;
const measured = (rows: readonly Row[]): readonly MeasuredRow[] =>
  rows.filter((row): row is MeasuredRow => row.error === null);

describe("farcall bench calls", () => {
  const { seed, seeds, rows } = report(...ONE);
  const [far, near] = measured(rows);

  it("a row for each cell, with the members that docs/cli.md has", () => {
    expect({ seed, seeds }).toEqual({ seed: 0, seeds: 2 });
    expect(rows.map((row) => row.sequence)).toEqual(["far", "near"]);
    for (const row of rows)
      expect(Object.keys(row)).toEqual(
        (
          "sequence cpu scenario layout error calls bytes shared_bytes instructions cycles cycles_range " +
          "mispredicts icache_misses erat_misses spread"
        ).split(" "),
      );
    expect(far).toMatchObject({ cpu: "power9", scenario: "one-site", layout: "hash64k-4.15", error: null });
    expect(far?.calls).toBeGreaterThan(100);
  });
  it("bytes and instructions are those of the sequences: one and seven words, the TOC load and blr of the callee", () => {
    expect(near).toMatchObject({ bytes: 4, shared_bytes: 0, instructions: 3, mispredicts: 0 });
    expect(far).toMatchObject({ bytes: 28, shared_bytes: 0, instructions: 9, mispredicts: 0 });
  });
  it("a hot bl with its blr costs what was measured on a POWER9, 13.8 less the loop's 7.0 cycles, within a fifth", () => {
    const { median, p5, p95 } = near?.cycles ?? { median: NaN, p5: NaN, p95: NaN };
    expect(Math.abs(median - 6.8)).toBeLessThan(6.8 / 5);
    expect(p5).toBeLessThanOrEqual(median);
    expect(p95).toBeGreaterThanOrEqual(median);
    expect(near?.cycles_range.low).toBeLessThanOrEqual(median);
    expect(near?.cycles_range.high).toBeGreaterThanOrEqual(median);
  });
  it("prints the same bytes each time, whatever the number of threads; another seed gives others", () => {
    const args = [...FEW, "--scenario", "sites-2,random-2", "--sequence", "near,toc", "--json"];
    const [first, second, third] = ["1", "2", "5"].map((jobs) => farcall([...args, "--jobs", jobs]).stdout);
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(farcall([...args, "--seed", "1"]).stdout.replace('"seed":1', '"seed":0')).not.toBe(first);
  });
  it("filters may be repeated or hold commas; a sequence that cannot be says why", () => {
    const args = ["--scenario", "one-site", "--scenario", "helper", "--sequence", "pcrel"];
    const { rows: some } = report("bench", "calls", "--seeds", "1", "--cpu", "power9,power10", ...args);
    expect(some.map((row) => [row.cpu, row.scenario, row.error === null])).toEqual([
      ["power9", "one-site", false],
      ["power9", "helper", false],
      ["power10", "one-site", true],
      ["power10", "helper", true],
    ]);
    expect(some[0]).toMatchObject({ error: expect.stringContaining("prefixed") as string, failed: false });
  });
  it("--layout: others, each with rows of its own", () => {
    const { rows: some } = report(...ONE, "--layout", "radix4k-6.12,hash4k-4.15");
    expect(some.map(({ layout }) => layout)).toEqual([
      "radix4k-6.12",
      "radix4k-6.12",
      "hash4k-4.15",
      "hash4k-4.15",
    ]);
    expect(measured(some)).toHaveLength(4);
  });
  it("--csv - writes to standard output, --csv F and --svg F files beside the text", () => {
    const csv = farcall([...ONE, "--csv", "-"]).stdout;
    expect(csv.split("\r\n")[1]).toMatch(/^far,power9,one-site,hash64k-4\.15,\d+,28,0,9,/);
    const files = { csv: join(scratch, "x.csv"), svg: join(scratch, "x.svg") };
    const { stdout, status } = farcall([...ONE, "--csv", files.csv, "--svg", files.svg]);
    expect(status).toBe(0);
    expect(readFileSync(files.csv, "utf8")).toBe(csv);
    expect(readFileSync(files.svg, "utf8")).toMatch(/^<svg [^]*>near<[^]*<\/svg>\n$/);
    expect(stdout).toMatch(/^POWER9 {2}one-site {2}hash64k-4\.15 .*\n +sequence +bytes/);
    expect(stdout).toMatch(/\n {2}near +4 +3 +\d+\.\d/);
  });
  it("a chart says what it is of: layout and processor where there is one, and the seeds", () => {
    const file = join(scratch, "one.svg");
    const titles = (...args: readonly string[]): readonly string[] => {
      const few = ["--scenario", "one-site", "--sequence", "near", "--svg", file];
      expect(farcall(["bench", "calls", ...few, ...args]).status).toBe(0);
      return [...readFileSync(file, "utf8").matchAll(/<text [^>]*>([^<]*)</g)]
        .slice(0, 2)
        .map(([, words]) => words ?? "");
    };
    const [title, subtitle] = titles("--cpu", "power9", "--seeds", "1", "--seed", "7");
    expect(title).toBe("What a call costs, POWER9, hash64k-4.15");
    expect(subtitle).toContain("; seed 7; ");
    const [several, seeds] = titles(
      "--cpu",
      "power8,power9",
      "--seeds",
      "2",
      "--layout",
      "hash4k-4.15,hash64k-6.12",
    );
    expect(several).toBe("What a call costs");
    expect(seeds).toContain("; 2 seeds from 0 on; ");
  });
  it.each([
    [["--sequence", "nearr"], /--sequence: 'nearr'.*near/],
    [["--scenario", "one-sites"], /one-sites.*one-site/],
    [["--cpu", "power11"], /power11.*power10/],
    [["--layout", "hash64-4.15"], /hash64-4\.15.*hash64k-4\.15/],
    [["--seeds", "0"], /--seeds/],
    [["--seed", "-1"], /--seed/],
    [["--jobs", "none"], /--jobs/],
    [["--scenario", "helper", "--sequence", "far-blrl"], /no scenario of helper has a sequence of far-blrl/],
    [["--svg", "-"], /standard input/],
    [["--svg", "/nonexistent/x.svg"], /no such file/],
    [["calls.o"], /too many arguments/],
  ] as const)("%j: exit 2, one line", (args, line) => {
    const { status, stdout, stderr } = farcall(["bench", "calls", ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
  it("two documents cannot both be on standard output", () => {
    const { status, stdout, stderr } = farcall(["bench", "calls", "--json", "--csv", "-"]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: "farcall: --json and --csv - both want standard output\n",
    });
    expect(JSON.parse(stdout)).toHaveProperty("error.message");
  });
  it("Ctrl-C ends it at once with exit code 130", async () => {
    const child = spawn(process.execPath, ["dist/farcall.js", "bench", "calls", "--seeds", "500"], {
      cwd: ROOT,
    });
    setTimeout(() => child.kill("SIGINT"), 4000); // it listens by then, and is at work for an hour
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
  });
});
