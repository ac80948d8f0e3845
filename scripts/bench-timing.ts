// Benchmark: how fast the timing models are, in million instructions a second of processor time. A stream of each kernel of
// `farcall bench cpu` is recorded first; then the model alone reads it, with and without a front end; then engine and model run together.
import { images } from "../cli/bench/images.ts";
import { IMAGE_ADDRESS, kernels } from "../cli/bench/kernels.ts";
import { createRawMachine } from "../cli/exec-raw.ts";
import type { Cpu } from "../cpu/cpu.ts";
import { cpuModels, type CpuModel } from "../cpu/isa/row.ts";
import { RECORD_WORDS, type InsnStream } from "../cpu/stream.ts";
import { TimingModel } from "../cpu/timing/model.ts";
import { u64 } from "../word/long.ts";

/** Instructions of each kernel; the best of some rounds counts. */
const INSTRUCTIONS = 400_000;
const ROUNDS = 3;
/** Records told of at a time, as an engine does. */
const BATCH = 4096;

function machine(model: CpuModel, which: number, rounds: number): Cpu {
  const image = Uint8Array.from(atob(images.le), (character) => character.charCodeAt(0));
  const options = { cpu: model, endian: "le", ram: 64 * 1024 ** 2, engine: "interpreter" } as const;
  const cpu = createRawMachine(options, IMAGE_ADDRESS, image, u64(IMAGE_ADDRESS));
  cpu.state.setGpr(3, u64(which));
  cpu.state.setGpr(4, u64(rounds));
  return cpu;
}

function recorded(model: CpuModel, which: number, rounds: number): Uint32Array {
  const cpu = machine(model, which, rounds);
  const words = new Uint32Array(INSTRUCTIONS * RECORD_WORDS);
  let count = 0;
  cpu.observe({
    executed(batch) {
      const taken = Math.min(batch.count, INSTRUCTIONS - count);
      words.set(batch.words.subarray(0, taken * RECORD_WORDS), count * RECORD_WORDS);
      count += taken;
    },
  });
  cpu.run(INSTRUCTIONS);
  return words.subarray(0, count * RECORD_WORDS);
}

/** Processor time of this process, in seconds: the machine may be busy with other things. */
function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function mips(instructions: number, work: () => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, seconds(work));
  return instructions / best / 1e6;
}

function replay(model: TimingModel, words: Uint32Array): void {
  const total = words.length / RECORD_WORDS;
  for (let at = 0; at < total; at += BATCH) {
    const count = Math.min(BATCH, total - at);
    const batch: InsnStream = {
      count,
      words: words.subarray(at * RECORD_WORDS, (at + count) * RECORD_WORDS),
    };
    model.executed(batch);
  }
}

console.log(`million instructions a second, one core; cycles an instruction`);
console.log(`${"cpu".padEnd(8)} ${"kernel".padEnd(9)} core alone  with front end  engine and model  cycles`);
for (const model of cpuModels)
  kernels.forEach(({ name, rounds }, which) => {
    const words = recorded(model, which, rounds);
    const count = words.length / RECORD_WORDS;
    const alone = mips(count, () => {
      replay(new TimingModel({ model, frontEnd: "ideal" }), words);
    });
    let cycles = 0;
    const whole = mips(count, () => {
      const timing = new TimingModel({ model });
      replay(timing, words);
      cycles = timing.cycles;
    });
    const together = mips(count, () => {
      const cpu = machine(model, which, rounds);
      cpu.observe(new TimingModel({ model }));
      cpu.run(count);
    });
    const numbers = [alone, whole, together].map((n, i) => n.toFixed(1).padStart([10, 14, 16][i] ?? 0));
    console.log(
      `${model.padEnd(8)} ${name.padEnd(9)} ${numbers.join("  ")}  ${(cycles / count).toFixed(2).padStart(6)}`,
    );
  });
