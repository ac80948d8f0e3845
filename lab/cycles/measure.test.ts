// Programs whose cycles are known: a chain of dependent instructions takes their latency each, whoever measures it.
import { expect, test } from "vitest";
import { assembleProgram } from "../../bpf/assemble.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { loadCode } from "../../kernel/test/code.ts";
import type { Program } from "../../kernel/program.ts";
import { u64 } from "../../word/long.ts";
import { measureCycles } from "./measure.ts";
import type { Range } from "./meter.ts";
import { functionCycles } from "./report.ts";

const RAM = 64 * 2 ** 20;

function loaded(text: string, cpu: CpuModel): { readonly kernel: Kernel; readonly program: Program } {
  const kernel = new Kernel({ cpu, ramBytes: RAM, layout: "hash64k-4.15" });
  const program = assembleProgram(text, { type: "socket_filter", endian: "le" });
  return { kernel, program: kernel.bpf.loadProgram(program) };
}

/** Steady state: the tenth run. */
function steady(text: string, cpu: CpuModel): Range {
  const { kernel, program } = loaded(text, cpu);
  const { meter } = measureCycles(kernel, (onRun) => program.testRun({ repeat: 10, onRun }));
  return meter.last;
}

// Latency from a multiplication to one that needs its result: GCC 14, gcc/config/rs6000/power8.md, power9.md, power10.md
test.each([
  { cpu: "power8", latency: 4 },
  { cpu: "power9", latency: 5 },
  { cpu: "power10", latency: 4 },
] as const)("a multiplication that waits for one takes $latency cycles on $cpu", ({ cpu, latency }) => {
  const chain = (n: number): string => `r0 = 3\nr1 = 5\n${"r0 *= r1\n".repeat(n)}exit\n`;
  const [few, many] = [steady(chain(100), cpu), steady(chain(300), cpu)];
  expect((many.cycles - few.cycles) / 200).toBeCloseTo(latency, 1);
  expect((many.low - few.low) / 200).toBeCloseTo(latency, 1);
  expect((many.high - few.high) / 200).toBeCloseTo(latency, 1);
});

test("a call of a function is charged to both", () => {
  const text = [
    ...["r6 = 100", "r7 = 0", "again:", "r1 = r6", "call callee", "r7 += r0", "r6 += -1"],
    ...["if r6 != 0 goto again", "r0 = r7", "exit"],
    ...[".type callee,@function", "callee:", "r0 = r1", "r0 *= r1", "exit"],
  ].join("\n");
  const { kernel, program } = loaded(`.type main,@function\nmain:\n${text}\n`, "power9");
  const { result, meter } = measureCycles(kernel, (onRun) => program.testRun({ repeat: 2, onRun }));
  // the sum of the squares up to 100
  expect(result).toMatchObject({ kind: "done", retval: (100 * 101 * 201) / 6 });
  const functions = functionCycles(kernel, meter);
  expect(functions.map(({ name }) => name.replace(/^bpf_prog_[0-9a-f]{16}_/, "")).sort()).toEqual([
    "callee",
    "main",
  ]);
  const all = functions.reduce((sum, { instructions }) => sum + instructions, 0);
  expect(all).toBe(result.kind === "done" ? result.guestInstructions : 0);
});

test.each(["le", "be"] as const)(
  "handlers of faults, and the way in and out of calls back, are nobody's, %s",
  (endian) => {
    const kernel = new Kernel({ ramBytes: RAM, layout: "hash4k-6.12", endian });
    const add = loadCode(kernel, "ld 3,0(3); add 3,3,4; blr");
    const through = kernel.addFunction({
      symbol: "through",
      call: ([pointer, a, b], from) => {
        const outcome = from.call(pointer, [a, b]);
        return outcome.kind === "return" ? outcome.value : outcome;
      },
    });
    // a page of vmalloc that the hash table has not seen: its load faults first
    const memory = kernel.allocateArea(0x1_0000, "test");
    const { result, meter } = measureCycles(kernel, (onRun) => {
      onRun();
      return kernel.call(through, [add, memory, u64(41)]);
    });
    expect(result).toMatchObject({ kind: "return", value: u64(41) });
    expect(meter.last.counters.instructions).toBe(result.instructions);
    const functions = functionCycles(kernel, meter);
    expect(functions.find(({ name }) => name === "through")).toMatchObject({ isHost: true });
    // code without a symbol: each instruction is by its address
    const code = functions.filter(({ isHost }) => !isHost);
    expect(code.map(({ instructions }) => instructions)).toEqual([1, 1, 1]);
  },
);

test("no observer stays, also where what is metered throws", () => {
  const { kernel, program } = loaded("r0 = 7\nexit\n", "power9");
  const { meter } = measureCycles(kernel, (onRun) => program.testRun({ onRun }));
  const { counters } = meter.last;
  expect(() =>
    measureCycles(kernel, () => {
      throw new RangeError("stop");
    }),
  ).toThrow("stop");
  program.testRun();
  expect(meter.last.counters).toEqual(counters);
  expect(meter.runs).toBe(1);
});
