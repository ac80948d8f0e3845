// Benchmark: instructions a second of a bundled program, plain, recorded, and under the timing models of `run --cycles`, for each
// processor. Seconds are of processor time, so that what else runs on the machine counts less.
import { readFileSync } from "node:fs";
import { BpfObject } from "../bpf/elf/object.ts";
import { cpuModels, type CpuModel } from "../cpu/isa/row.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Program, ProgramRun } from "../kernel/program.ts";
import { measureCycles } from "../lab/cycles/measure.ts";
import { examplePath } from "./examples.ts";

const REPEAT = 300;
const ROUNDS = 3;

type Way = (kernel: Kernel, program: Program, repeat: number) => ProgramRun;

const dataIn = readFileSync(examplePath("frame.bin"));
const ways: Readonly<Record<string, Way>> = {
  plain: (_, program, repeat) => program.testRun({ dataIn, repeat }),
  recorded: (kernel, program, repeat) => {
    let count = 0;
    kernel.cpu.observe({ executed: (batch) => (count += batch.count) });
    const end = program.testRun({ dataIn, repeat });
    kernel.cpu.observe(undefined);
    if (count === 0) throw new Error("nothing was recorded");
    return end;
  },
  "--cycles": (kernel, program, repeat) =>
    measureCycles(kernel, (onRun) => program.testRun({ dataIn, repeat, onRun })).result,
};

/** Million instructions a second, the best of some rounds. */
function speed(cpu: CpuModel, way: Way): number {
  const kernel = new Kernel({ cpu });
  const object = BpfObject.parse(readFileSync(examplePath("xdp_parse.el.o")));
  const program = kernel.bpf.loadProgram(object.link("xdp_parse"));
  way(kernel, program, 20);
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    const end = way(kernel, program, REPEAT);
    const { user } = process.cpuUsage(start);
    if (end.kind !== "done") throw new Error(`the program ended with ${end.kind}`);
    best = Math.max(best, (end.guestInstructions * REPEAT) / user);
  }
  return best;
}

for (const cpu of cpuModels)
  for (const [name, way] of Object.entries(ways))
    console.log(
      `${cpu.padEnd(8)} ${name.padEnd(9)} ${speed(cpu, way).toFixed(1).padStart(7)} million instructions a second`,
    );
