// The bare machine of `farcall exec --raw` and of `farcall bench cpu`: real mode, hypervisor state, no kernel.
import { Cpu } from "../cpu/cpu.ts";
import { msrBits } from "../cpu/state.ts";
import type { U64 } from "../word/long.ts";
import { hex64 } from "../word/long.ts";
import { ramEnd, ramHoles, type RamRange } from "../kernel/ram-map.ts";
import type { ExecEnd } from "./exec.ts";
import type { ByteOrder, Engine, Model } from "./options.ts";

export interface RawOptions {
  readonly cpu: Model;
  readonly endian: ByteOrder;
  /** Bytes of RAM. */
  readonly ram: number;
  /** In place of `ram`. */
  readonly ramMap?: readonly RamRange[];
  readonly engine: Engine;
}

/** A machine with `image` at real address `load`, about to execute `entry`; interrupts go to their vectors. */
export function createRawMachine(options: RawOptions, load: number, image: Uint8Array, entry: U64): Cpu {
  const { cpu: model, endian, ram, ramMap = [], engine } = options;
  const ramBytes = ramEnd(ramMap) || ram;
  const cpu = new Cpu({ model, endian, ramBytes, holes: ramHoles(ramMap), engine, interrupts: "guest" });
  cpu.ram.bytes(load, image.length).set(image);
  cpu.state.msr = endian === "le" ? msrBits("SF", "HV", "LE") : msrBits("SF", "HV");
  cpu.state.nia = entry;
  return cpu;
}

/** Instructions between two looks at the budget. */
const SLICE = 10_000_000;

/** Runs to attn, a fault that nothing takes, or `maxInsns` instructions. */
export function runUntilStop(cpu: Cpu, maxInsns: number): ExecEnd {
  const start = cpu.instructions;
  for (;;) {
    const left = maxInsns - (cpu.instructions - start);
    if (left <= 0) return { reason: "max-insns", exitCode: null, detail: `--max-insns ${maxInsns} reached` };
    const stop = cpu.run(Math.min(SLICE, left));
    switch (stop.reason) {
      case "max-insns":
        continue;
      case "attn":
        return { reason: "attn", exitCode: null };
      case "interrupt":
      case "unhandled":
        return { reason: "fault", exitCode: null, detail: `${stop.detail} at ${hex64(cpu.state.nia)}` };
    }
  }
}
