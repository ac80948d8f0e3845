// Cells of `bench calls`: bytes and instructions by hand, the same row for the same cell, refusals with their reasons, and what the
// predictors make of the scenarios that are about them.
import { describe, expect, it } from "vitest";
import { cells } from "./cells.ts";
import { CellError, measureCalls } from "./measure.ts";
import type { Cell, MeasuredRow, Row } from "./row.ts";

const cell = (scenario: string, sequence: string, more: Partial<Cell> = {}): Cell => {
  const [found] = cells({ cpus: ["power9"], scenarios: [scenario], repeats: 1, ...more }).filter(
    (each) => each.sequence === sequence,
  );
  if (found === undefined) throw new Error(`no cell ${scenario} ${sequence}`);
  return { ...found, ...more };
};
const row = (scenario: string, sequence: string, more: Partial<Cell> = {}): MeasuredRow => {
  const measured: Row = measureCalls(cell(scenario, sequence, more));
  if (measured.error !== null) throw new Error(measured.error);
  return measured;
};

describe("one call in a loop", () => {
  // Words at the call; executed: those, the callee's load of its TOC where it is entered before it (1), blr (1).
  it.each([
    ["far", 7, 7 + 1 + 1],
    ["far-notoc", 7, 7 + 1],
    ["near", 1, 1 + 1 + 1],
    // bl, and six nops when it has returned
    ["auto-pad", 7, 7 + 1 + 1],
    // bl, and a branch over five nops
    ["auto-skip", 7, 2 + 1 + 1],
    ["auto-shrink", 1, 1 + 1 + 1],
    // addis, ld, mtctr, bctrl
    ["toc", 4, 4 + 1 + 1],
    ["far-blrl", 7, 7 + 1 + 1],
  ] as const)("%s: %i words, %i instructions", (sequence, words, instructions) => {
    const measured = row("one-site", sequence, { repeats: 2 });
    expect(measured.bytes).toBe(4 * words);
    expect(measured.instructions).toBe(instructions);
    expect(measured.spread.instructions).toEqual({
      median: instructions,
      p5: instructions,
      p95: instructions,
    });
  });
  it("stub: bl, 4 words of 0xd000_0000_xxxx_xxxx, mtctr, bctr", () => {
    const measured = row("one-site", "stub");
    expect(measured).toMatchObject({ bytes: 4, shared_bytes: 4 * (4 + 2), instructions: 1 + 4 + 2 + 1 + 1 });
  });
  it("pcrel on power10: pla is two words and one instruction", () => {
    const measured = row("one-site", "pcrel", { cpu: "power10" });
    expect(measured.instructions - measured.bytes / 4).toBe(1 + 1 - 1);
  });
  it("pc-relative module on power10: bl; pld, mtctr, bctr; addis, addi; blr", () => {
    const measured = row("module-stub", "module-stub-pcrel", { cpu: "power10" });
    expect(measured).toMatchObject({ bytes: 4, instructions: 1 + 3 + 2 + 1 });
  });
  it("a table's slot is what a call through it shares", () => {
    expect(row("one-site", "toc").shared_bytes).toBe(8);
  });
  it("is counted by the callee: 80 turns, 64 and 128, twice", () => {
    expect(row("one-site", "near", { repeats: 2 }).calls).toBe(2 * (80 + 64 + 128));
  });
  it("takes longer than nothing, and a range holds the median", () => {
    for (const sequence of ["far", "near", "stub"]) {
      const { cycles, cycles_range } = row("one-site", sequence);
      expect(cycles.p5).toBeGreaterThan(1);
      expect(cycles.p95).toBeGreaterThanOrEqual(cycles.p5);
      expect(cycles_range.low).toBeLessThanOrEqual(cycles.median);
      expect(cycles_range.high).toBeGreaterThanOrEqual(cycles.median);
    }
  });
});

describe("instructions by hand elsewhere", () => {
  it.each([
    // as one call: what non-leaf functions do around their call is work of theirs
    ["chain-8", "near", 3],
    ["chain-8", "far", 9],
    ["sites-2", "far", 9],
    ["sites-64", "near", 3],
    ["random-2", "far-notoc", 8],
    ["next-page", "near", 3],
    ["same-2m", "near", 3],
    ["same-32m", "near", 3],
    ["scattered", "far", 9],
    ["flush-count-cache", "far", 9],
    ["flush-link-stack", "near", 3],
    // addis, addi, mtctr, bctrl to the local entry point; blr
    ["helper", "toc-relative", 4 + 1],
    // lis, sldi, oris, ori, mtctr, bctrl to the global one: addis, addi
    ["helper", "far", 6 + 2 + 1],
    // bl; addis, addi, std, ld, mtctr, bctr; addis, addi; blr; ld r2
    ["module-stub", "module-stub", 1 + 6 + 2 + 1 + 1],
    // lis, sldi, oris, ori, mtctr, bctrl; addis, addi; blr; ld r2
    ["module-function", "far", 6 + 2 + 1 + 1],
    // bl to the stub: lis, sldi, oris, ori, mtctr, bctr; addis, addi; blr; ld r2
    ["module-function", "stub", 1 + 6 + 2 + 1 + 1],
    // up to bctr; no register to restore
    ["tail-call", "tail-call", 18],
  ] as const)("%s, %s: %i", (scenario, sequence, instructions) => {
    const measured = row(scenario, sequence);
    expect(measured.instructions).toBe(instructions);
    expect(measured.calls).toBeGreaterThan(0);
  });
  it("scattered, auto-shrink: between a bl and a far call, in bytes as in instructions", () => {
    const { bytes, instructions } = row("scattered", "auto-shrink");
    expect(bytes).toBeGreaterThan(4);
    expect(bytes).toBeLessThan(28);
    expect(instructions).toBeGreaterThan(3);
    expect(instructions).toBeLessThan(9);
  });
});

describe("predictors", () => {
  it("blrl is taken for a return, and what is left makes the next return wrong", () => {
    expect(row("one-site", "far").mispredicts).toBe(0);
    expect(row("one-site", "far-blrl").mispredicts).toBeGreaterThanOrEqual(1);
    expect(row("chain-8", "far-blrl").mispredicts).toBeGreaterThan(1);
  });
  it("calls 8 deep return to where they came from", () => {
    expect(row("chain-8", "near").mispredicts).toBe(0);
  });
  it("512 sites are too many for the count cache, not for bl; 64 are not", () => {
    expect(row("sites-512", "far").mispredicts).toBeGreaterThan(0.5);
    expect(row("sites-512", "near").mispredicts).toBe(0);
    expect(row("sites-64", "far").mispredicts).toBeLessThan(0.1);
  });
  it("calls of any length are each in 32 bytes of their own; stubs are not", () => {
    expect(row("sites-64", "toc").mispredicts).toBe(0);
    expect(row("random-2", "toc").mispredicts).toBeLessThan(0.05);
    // 24 bytes each
    expect(row("sites-64", "stub").mispredicts).toBeGreaterThan(0.1);
  });
  it("without count cache each far call is mispredicted, without link stack each return", () => {
    expect(row("flush-count-cache", "far").mispredicts).toBe(1);
    expect(row("flush-count-cache", "near").mispredicts).toBe(0);
    expect(row("flush-link-stack", "near").mispredicts).toBe(1);
    expect(row("helper-flush", "toc-relative").mispredicts).toBe(1);
  });
});

describe("translations", () => {
  // 128 callees: more pages of their own than an ERAT of 64 entries holds
  it("are missed where each callee has a page, not where all are in one or where there are few", () => {
    expect(row("same-32m", "near").erat_misses).toBeGreaterThan(0.5);
    expect(row("scattered", "far").erat_misses).toBeGreaterThan(0.5);
    expect(row("next-page", "near").erat_misses).toBe(0);
    expect(row("scattered-16", "far").erat_misses).toBe(0);
  });
  it("of a pack of 2 MiB are 32 with 64 KiB pages, and too many with 4 KiB", () => {
    expect(row("same-2m", "near", { layout: "radix64k-6.12" }).erat_misses).toBe(0);
    expect(row("same-2m", "near", { layout: "radix4k-6.12" }).erat_misses).toBeGreaterThan(0.5);
  });
});

describe("a cell", () => {
  it("gives the same row again, byte by byte", () => {
    for (const [scenario, sequence] of [
      ["scattered", "auto-shrink"],
      ["module-stub", "module-stub"],
      ["tail-call", "tail-call"],
      ["helper", "stub"],
    ] as const) {
      const one = cell(scenario, sequence, { seed: 3 });
      expect(JSON.stringify(measureCalls(one))).toBe(JSON.stringify(measureCalls(one)));
    }
  });
  it("of another sequence lies in the same place: the same words take the same time", () => {
    const [near, shrunk] = ["near", "auto-shrink"].map((sequence) =>
      row("same-2m", sequence, { repeats: 2 }),
    );
    expect({ ...near, sequence: "" }).toEqual({ ...shrunk, sequence: "" });
  });
  it("of another seed lies elsewhere", () => {
    const [one, two] = [1, 2].map((seed) => row("scattered", "auto-shrink", { seed }));
    expect(one).not.toEqual(two);
  });
  it.each([
    ["scattered", "near", {}, /^bl at 0x[0-9a-f]{16} does not reach .* at 0x[0-9a-f]{16}: more than 32 MiB$/],
    ["one-site", "pcrel", {}, /power9 has no prefixed instructions/],
    ["helper", "near", {}, /does not reach farcall_count_call at 0xc000000000333008/],
    ["module-function", "near", {}, /it has a TOC of its own/],
    ["module-stub", "module-stub-pcrel", {}, /REL24_NOTOC: the code is for power10/],
    ["one-site", "far", { cpu: "power8", layout: "radix64k-6.12" }, /power8 has no radix MMU/],
    ["one-site", "far", { layout: "flat" }, /no layout flat/],
  ] as const)("%s, %s cannot be, and says why: %o", (scenario, sequence, more, why) => {
    const measured = measureCalls({ ...cell(scenario, sequence), ...more });
    expect(measured).toMatchObject({ failed: false });
    expect(measured.error).toMatch(why);
  });
  it("that names nothing is an error of whoever made it", () => {
    expect(() => measureCalls({ ...cell("one-site", "far"), scenario: "two-sites" })).toThrow(CellError);
    expect(() => measureCalls({ ...cell("one-site", "far"), sequence: "module-stub" })).toThrow(CellError);
  });
  it.each(["hash4k-6.12", "radix64k-6.12", "radix4k-6.12"])("can be measured on %s too", (layout) => {
    expect(row("same-32m", "near", { layout }).instructions).toBe(3);
  });
});
