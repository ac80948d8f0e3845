// One kernel on one engine: how many guest instructions in how much time, and whether the checksum is right.
import { hex64, u64 } from "../../word/long.ts";
import { createRawMachine, runUntilStop } from "../exec-raw.ts";
import type { ByteOrder, Engine, Model } from "../options.ts";
import { checksums, images } from "./images.ts";
import { IMAGE_ADDRESS, kernels } from "./kernels.ts";
import type { BenchKernel } from "./kernels.ts";

export interface Measurement {
  readonly engine: Engine;
  readonly kernel: string;
  /** Guest instructions of one run. */
  readonly instructions: number;
  /** Wall time of the fastest run. */
  readonly seconds: number;
  readonly mips: number;
  readonly right: boolean;
}

const RAM = 64 * 1024 ** 2;
/** The reference engine is measured on fewer instructions, its checksum is then not known. */
const REFERENCE_LIMIT = 2_000_000;

export function measure(
  kernel: BenchKernel,
  options: {
    readonly cpu: Model;
    readonly endian: ByteOrder;
    readonly engine: Engine;
    readonly times: number;
  },
): Measurement {
  const { engine, endian } = options;
  const image = Uint8Array.from(atob(images[endian]), (character) => character.charCodeAt(0));
  const which = kernels.findIndex((each) => each.name === kernel.name);
  const limit = engine === "reference" ? REFERENCE_LIMIT : Infinity;
  let best: Measurement | undefined;
  for (let time = 0; time < options.times; time++) {
    const cpu = createRawMachine(
      { cpu: options.cpu, endian, ram: RAM, engine },
      IMAGE_ADDRESS,
      image,
      u64(IMAGE_ADDRESS),
    );
    cpu.state.setGpr(3, u64(which));
    cpu.state.setGpr(4, u64(kernel.rounds));
    const started = performance.now();
    const end = runUntilStop(cpu, limit);
    const seconds = (performance.now() - started) / 1000;
    const right =
      end.reason === "attn" ? hex64(cpu.state.gpr(3)) === checksums[which] : end.reason === "max-insns";
    const { instructions } = cpu;
    const one = {
      engine,
      kernel: kernel.name,
      instructions,
      seconds,
      mips: instructions / seconds / 1e6,
      right,
    };
    if (best === undefined || one.seconds < best.seconds || !right) best = one;
  }
  if (best === undefined) throw new Error("no measurement was asked for");
  return best;
}
