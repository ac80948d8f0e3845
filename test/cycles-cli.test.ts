// `farcall cycles` as a user starts it. Expected cycles are latencies and widths of the processors [POWER8 and POWER9 user's manuals as
// GCC's power8.md, power9.md and power10.md have them], times what a line of text makes of them by hand.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";

const scratch = mkdtempSync(join(tmpdir(), "farcall-cycles-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Report {
  readonly cpu: string;
  readonly instructions: number;
  readonly iterations: number;
  readonly cycles: number;
  readonly cycles_per_iteration: number;
  readonly cycles_per_iteration_range: { readonly low: number; readonly high: number };
  readonly without: Readonly<Record<string, number>>;
  readonly timeline: readonly {
    readonly text: string;
    readonly dispatched: number;
    readonly issued: number;
    readonly finished: number;
    readonly completed: number;
    readonly fused: boolean;
  }[];
}

const report = (text: string, ...args: readonly string[]): Report =>
  farcallJson(["cycles", "-", ...args], text) as Report;

describe("farcall cycles", () => {
  it.each([
    // A chain from iteration to iteration takes its latencies.
    ["power8", "ld 3,0(3)", 3],
    ["power9", "ld 3,0(3)", 4],
    ["power10", "ld 3,0(3)", 4],
    ["power9", "add 3,3,4", 2],
    ["power9", "add 3,3,4; add 3,3,5; add 3,3,6", 6],
    ["power9", "mulld 3,3,4", 5],
    ["power8", "divd 3,3,4", 68],
    ["power9", "divd 3,3,4", 24],
    ["power10", "divd 3,3,4", 12],
    // What depends on nothing takes units, four a cycle (GCC and LLVM count a nop as an addition), or slots, six a cycle.
    ["power9", "nop; nop; nop; nop; nop; nop; nop; nop; nop; nop; nop; nop", 3],
    [
      "power9",
      "nop; nop; nop; nop; nop; nop; lbz 3,0(9); lbz 4,0(9); lbz 5,0(9); lbz 6,0(9); lbz 7,0(9); lbz 8,0(9)",
      2,
    ],
  ])("%s: %s takes %d cycles an iteration", (cpu, text, cycles) => {
    expect(report(text, "--cpu", cpu)).toMatchObject({ cpu, cycles_per_iteration: cycles });
  });
  it("the members of the document", () => {
    const chain = report("add 3,3,4\nmulld 3,3,4", "--iterations", "1000");
    expect(chain).toMatchObject({
      cpu: "power9",
      instructions: 2,
      iterations: 1000,
      cycles_per_iteration: 7,
    });
    expect(chain.cycles).toBeGreaterThanOrEqual(7000);
    expect(chain.cycles).toBeLessThan(7020);
    expect(chain.cycles_per_iteration_range).toEqual({ low: 7, high: 7 });
    expect(chain.timeline.map(({ text }) => text)).toEqual(["add r3,r3,r4", "mulld r3,r3,r4"]);
    const [add, mulld] = chain.timeline;
    expect(mulld?.issued).toBe((add?.issued ?? NaN) + 2);
    expect(mulld?.finished).toBe((mulld?.issued ?? NaN) + 5);
  });
  it("a chain is held back by latencies, neighbors without one by dispatch, divisions by their unit", () => {
    const chain = report("mulld 3,3,4").without;
    expect(chain["latencies"]).toBeLessThan(1);
    expect([chain["dispatch"], chain["window"], chain["unit exec"]]).toEqual([5, 5, 5]);
    const mixed = report("nop; nop; nop; lbz 3,0(9); lbz 4,0(9); lbz 5,0(9)").without;
    expect(mixed["dispatch"]).toBeLessThan(0.9);
    expect(mixed["latencies"]).toBe(1);
    const text = farcall(["cycles", "-"], "divd 3,5,6; divd 4,5,6").stdout;
    expect(text).toMatch(
      /Held back by\n +unit divide +[\d.]+ cycles per iteration with as many divide units/,
    );
  });
  it("the same text gives the same bytes", () => {
    const text = "ld 12,0(3); mtctr 12; bctrl; blr";
    const [first, second] = [0, 1].map(() => farcall(["cycles", "-", "--json"], text).stdout);
    expect(second).toBe(first);
  });
  it("text for people has every instruction, its figures and a timeline", () => {
    const file = join(scratch, "chain.s");
    writeFileSync(file, "# a chain\nstart: add 3,3,4\n  ld 5,0(3)\n  b start\n");
    const { status, stdout } = farcall(["cycles", file]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/cycles per iteration +\d+\.\d\d in the steady state/);
    expect(stdout).toMatch(/ld r5,0\(r3\) +load +4 +1 +agen/);
    expect(stdout).toMatch(/add r3,r3,r4 +DeER/);
    expect(stdout).toMatch(/ld r5,0\(r3\) +D==eeeER/);
  });
  it("prefixed instructions are one instruction each, on power10", () => {
    expect(report("pld 3,16(4); paddi 4,5,1", "--cpu", "power10")).toMatchObject({ instructions: 2 });
  });
  it("an alignment is nops, and a branch is taken as it stands", () => {
    expect(report("add 3,4,5\n.balign 16\nadd 6,4,5")).toMatchObject({ instructions: 5 });
    expect(report("beq 1f; add 3,4,5; 1: blr")).toMatchObject({ instructions: 3 });
  });
  it.each([
    ["", [], /^farcall: -: no instruction$/],
    ["# nothing\nlabel:\n", [], /^farcall: -: no instruction$/],
    ["nop\nfrobnicate 3,4\n", [], /^farcall: line 2: no instruction frobnicate on power9$/],
    ["nop\nnop\nb nowhere\n", [], /^farcall: line 3: .*nowhere/],
    ["pld 3,16(4)", [], /^farcall: line 1: no instruction pld on power9$/],
    ["nop\n.long 0x60000000\n", [], /^farcall: line 2: \.long is data, not an instruction$/],
    ['.ascii "abcd"', [], /^farcall: line 1: \.ascii is data/],
    ["nop\n.space 8", [], /^farcall: line 2: \.space is data/],
    ["addi 3,4", [], /^farcall: line 1: addi: /],
    ["nop", ["--iterations", "1"], /--iterations/],
    ["nop", ["--iterations", "many"], /--iterations/],
    ["nop", ["--cpu", "power7"], /power7.*power/],
    ["nop", ["--engine", "auto"], /--engine/],
  ] as const)("%j %j: exit 2, one line", (text, args, line) => {
    const { status, stdout, stderr } = farcall(["cycles", "-", ...args], text);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.trimEnd()).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
  it("a file that is not there, one that is missing, and more than a minute's work", () => {
    expect(farcall(["cycles", "/nonexistent.s"])).toMatchObject({ status: 2 });
    expect(farcall(["cycles"]).stderr).toMatch(/missing required argument/);
    const long = farcall(["cycles", "-", "--iterations", "100000"], "nop\n".repeat(100));
    expect(long.stderr).toMatch(/fewer --iterations/);
    expect(long.status).toBe(2);
  });
});
