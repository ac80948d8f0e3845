// `run --cycles` and `prog dump jited --cycles` as a user sees them: what is counted adds up to what is executed, nothing else changes.
import { describe, expect, it } from "vitest";
import { examplePath } from "../scripts/examples.ts";
import { farcall, farcallJson } from "./farcall.ts";

interface Range {
  readonly cycles: number;
  readonly cycles_range: { readonly low: number; readonly high: number };
}
interface Cycles extends Range {
  readonly cpu: string;
  readonly instructions: number;
  readonly ipc: number;
  readonly branches: number;
  readonly taken_branches: number;
  readonly mispredicts: number;
  readonly functions: readonly (Range & {
    readonly name: string;
    readonly instructions: number;
    readonly host: boolean;
  })[];
  readonly repeat: number;
  readonly first: Range;
  readonly mean: Range;
}
interface Ran {
  readonly guest_instructions: number;
  readonly cycles: Cycles;
  readonly [key: string]: unknown;
}
interface Insn {
  readonly pc: string;
  readonly executions: number;
  readonly cycles: number;
  readonly hot: boolean;
}
interface Dumped {
  readonly name: string;
  readonly instructions: number;
  readonly cycles: number;
  readonly insns: readonly Insn[];
}

const run = (file: string, ...options: readonly string[]): Ran =>
  farcallJson(["run", examplePath(file), ...options]) as Ran;
const dump = (file: string, ...options: readonly string[]): readonly Dumped[] =>
  farcallJson(["prog", "dump", "jited", examplePath(file), ...options]) as readonly Dumped[];
const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

const machines = [
  ["--cpu", "power8"],
  ["--cpu", "power9", "--layout", "radix64k-6.12"],
  ["--cpu", "power10", "--layout", "radix4k-6.12", "--engine", "reference"],
];

describe.each(machines)("run --cycles, %s %s", (...machine) => {
  it.each(["calls.el.o", "counters.el.o", "counters.eb.o", "xdp_parse.eb.o"])(
    "%s: functions add up to the instructions and cycles of the run",
    (file) => {
      const { guest_instructions, cycles } = run(file, "--cycles", ...machine);
      expect(cycles.cpu).toBe(machine[1]);
      expect(cycles.instructions).toBe(guest_instructions);
      expect(total(cycles.functions.map(({ instructions }) => instructions))).toBe(guest_instructions);
      expect(total(cycles.functions.map((each) => each.cycles))).toBeCloseTo(cycles.cycles, 5);
      expect(cycles.ipc).toBeCloseTo(cycles.instructions / cycles.cycles, 2);
      for (const { cycles: typical, cycles_range } of [cycles, cycles.mean, ...cycles.functions]) {
        expect(typical).toBeGreaterThanOrEqual(cycles_range.low);
        expect(typical).toBeLessThanOrEqual(cycles_range.high);
      }
      expect(cycles.branches).toBeGreaterThanOrEqual(cycles.taken_branches);
      expect(cycles.branches).toBeGreaterThanOrEqual(cycles.mispredicts);
      expect(cycles.first).toEqual({ cycles: cycles.cycles, cycles_range: cycles.cycles_range });
    },
  );
});

describe("run --cycles", () => {
  it("changes nothing else, and is the same twice", () => {
    const [plain, one, two] = [[], ["--cycles"], ["--cycles"]].map((options) => {
      const { duration_ns, ...rest } = run(
        "xdp_parse.el.o",
        "--data-in",
        examplePath("frame.bin"),
        ...options,
      );
      expect(duration_ns).toBeGreaterThan(0);
      return rest;
    });
    expect(two).toEqual(one);
    const { cycles, ...rest } = one ?? {};
    expect(cycles).toBeDefined();
    expect(rest).toEqual(plain);
  });

  it.each(["hash4k-6.12", "radix64k-6.12"])("is the same with every engine, %s", (layout) => {
    const [reference, interpreter] = ["reference", "interpreter"].map(
      (engine) =>
        run("xdp_parse.eb.o", "--layout", layout, "--engine", engine, "--cycles", "--repeat", "2").cycles,
    );
    expect(interpreter).toEqual(reference);
  });

  it("--repeat shows the last run, beside the first and the mean: caches and predictors are warm then", () => {
    const { guest_instructions, cycles } = run("calls.el.o", "--cycles", "--repeat", "10");
    const { cycles: last, first, mean, repeat } = cycles;
    expect(repeat).toBe(10);
    expect(cycles.instructions).toBe(guest_instructions);
    expect(last).toBeLessThan(first.cycles);
    expect(mean.cycles).toBeGreaterThan(last);
    expect(mean.cycles).toBeLessThan(first.cycles);
    expect(cycles.mispredicts).toBe(0);
  });

  it("functions of the host are marked, guest code of kernel text is not", () => {
    const { functions } = run("counters.el.o", "--cycles").cycles;
    const marks = new Map(
      functions.map(({ name, host }) => [name.replace(/^bpf_prog_[0-9a-f]{16}_/, ""), host]),
    );
    expect(marks).toEqual(
      new Map([
        ["counters", false],
        ["bpf_map_lookup_elem", false],
        ["htab_map_lookup_elem", true],
        ["bpf_map_update_elem", true],
      ]),
    );
    const { stdout } = farcall(["run", examplePath("counters.el.o"), "--cycles"]);
    expect(stdout).toMatch(/^htab_map_lookup_elem \* /m);
    expect(stdout).toMatch(/^\* its body is the host's: only the instructions around it are in its cycles$/m);
    expect(farcall(["run", examplePath("calls.el.o"), "--cycles"]).stdout).not.toMatch(/^\* /m);
  });

  it("what nothing JITed runs for is refused", () => {
    const refused = farcall(["run", examplePath("calls.el.o"), "--cycles", "--no-jit"]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toMatch(/^farcall: --cycles: with --no-jit .*\n$/);
    const limited = ["run", "-", "--cycles", "--unprivileged", "--jit-limit", "1"];
    const interpreted = farcall(limited, "r0 = 0\nexit\n");
    expect(interpreted).toMatchObject({ status: 1, stdout: "" });
    expect(interpreted.stderr).toMatch(/--jit-limit/);
  });
});

describe("prog dump jited --cycles", () => {
  it.each(["calls.el.o", "calls.eb.o"])("%s: instructions add up to what run --cycles says", (file) => {
    const functions = dump(file, "--cycles", "--repeat", "3");
    const { cycles } = run(file, "--cycles", "--repeat", "3");
    const expected = new Map(cycles.functions.map(({ name, ...rest }) => [name, rest]));
    expect(functions.length).toBe(expected.size);
    for (const { name, instructions, cycles: own, insns } of functions) {
      expect(expected.get(name)).toMatchObject({ instructions, cycles: own });
      expect(total(insns.map(({ executions }) => executions))).toBe(instructions);
      expect(total(insns.map((insn) => insn.cycles))).toBeCloseTo(own, 5);
    }
    const all = functions.flatMap(({ insns }) => insns);
    const hot = all.filter((insn) => insn.hot).map((insn) => insn.cycles);
    expect(2 * total(hot)).toBeGreaterThanOrEqual(cycles.cycles);
    expect(2 * (total(hot) - Math.min(...hot))).toBeLessThan(cycles.cycles);
    expect(Math.max(...all.filter((insn) => !insn.hot).map((insn) => insn.cycles))).toBeLessThanOrEqual(
      Math.min(...hot),
    );
  });

  it("bpftool's keys and lines stay as they are", () => {
    const own: ReadonlySet<string> = new Set(["instructions", "cycles", "executions", "hot"]);
    const others = (item: object): object =>
      Object.fromEntries(Object.entries(item).filter(([key]) => !own.has(key)));
    const without = (functions: readonly Dumped[]): unknown =>
      functions.map(({ insns, ...rest }) => ({ ...others(rest), insns: insns.map(others) }));
    for (const detail of [[], ["opcodes"], ["linum"]]) {
      expect(without(dump("counters.eb.o", ...detail, "--cycles"))).toEqual(dump("counters.eb.o", ...detail));
      const lines = (options: readonly string[]): readonly string[] =>
        farcall(["prog", "dump", "jited", examplePath("counters.eb.o"), ...detail, ...options]).stdout.split(
          "\n",
        );
      const annotated = lines(["--cycles"]);
      const start = annotated.findIndex((line) => line.includes("executed")) + 1;
      expect(annotated.slice(start).map((line) => line.slice(24))).toEqual(lines([]));
    }
  });

  it("a loop's instructions are executed as often as it goes round", () => {
    // r0 = 0; r1 = 5; do { r0 += r1; r1 -= 1 } while (r1 != 0)
    const source = "r0 = 0\nr1 = 5\nloop:\nr0 += r1\nr1 += -1\nif r1 != 0 goto loop\nexit\n";
    const json = farcallJson(["prog", "dump", "jited", "-", "--cycles"], source) as readonly Dumped[];
    const counts = json[0]?.insns.map(({ executions }) => executions) ?? [];
    expect(counts.filter((n) => n === 5).length).toBeGreaterThanOrEqual(3);
    expect(new Set(counts)).toEqual(new Set([0, 1, 5].filter((n) => counts.includes(n))));
  });

  it("options that say how to run are refused where nothing runs", () => {
    for (const option of ["--data-in", "--ctx-in", "--repeat"]) {
      const refused = farcall(["prog", "dump", "jited", examplePath("calls.el.o"), option, "3"]);
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toMatch(new RegExp(`${option}: nothing runs without --cycles`));
    }
    expect(farcall(["prog", "dump", "xlated", examplePath("calls.el.o"), "--cycles"]).status).toBe(2);
    const code = farcall(["prog", "dump", "jited", examplePath("calls.el.o"), "--cycles", "--no-jit"]);
    expect(code).toMatchObject({ status: 1, stdout: "" });
  });

  it("says what the program says by bpf_trace_printk, as run does", () => {
    const source = "r1 = r10\nr1 += -8\n*(u64 *)(r10 - 8) = 0x0a6968\nr2 = 4\ncall bpf_trace_printk\nexit\n";
    const { status, stderr } = farcall(["prog", "dump", "jited", "-", "--cycles", "--repeat", "2"], source);
    expect([status, stderr]).toEqual([0, "bpf_trace_printk: hi\n".repeat(2)]);
  });
});
