// One processor with its memory: state, MMU and an engine behind one run loop. How instructions are executed is the engines'.
import { createMmu, type Mmu } from "./mmu/mmu.ts";
import { Ram } from "./ram.ts";
import type { CpuModel } from "./isa/row.ts";
import { CpuState, type Endian } from "./state.ts";
import type { Stop } from "./stop.ts";

/** An engine by name; `auto` takes the fastest there is. */
export type EngineName = "reference" | "interpreter" | "translator" | "auto";

/** What a caller asked for that the machine does not have. */
export class CpuUsageError extends Error {
  override readonly name = "CpuUsageError";
}

export interface CpuOptions {
  /** Default power9. */
  readonly model?: CpuModel;
  /** Real memory; a multiple of 64 KiB. */
  readonly ramBytes: number;
  readonly endian: Endian;
  /** Default auto. */
  readonly engine?: EngineName;
  /** Whether interrupts go to the guest's vectors (default) or stop the run. */
  readonly interrupts?: "guest" | "host";
  /** In place of the processor's own MMU: for tests. */
  readonly mmu?: (state: CpuState, ram: Ram) => Mmu;
}

/** A processor and its real memory. */
export class Cpu {
  readonly state: CpuState;
  readonly ram: Ram;
  readonly mmu: Mmu;
  readonly interrupts: "guest" | "host";
  readonly engine: EngineName;

  /** @throws CpuUsageError where the engine is not built; RangeError where the memory's size is impossible. */
  constructor(options: CpuOptions) {
    if (options.engine === "translator")
      throw new CpuUsageError("engine translator: not built yet; use interpreter, reference or auto");
    this.state = new CpuState({
      ramBytes: options.ramBytes,
      endian: options.endian,
      model: options.model ?? "power9",
    });
    this.ram = new Ram(this.state);
    this.mmu = (options.mmu ?? createMmu)(this.state, this.ram);
    this.interrupts = options.interrupts ?? "guest";
    this.engine = options.engine ?? "auto";
  }

  /** Instructions executed so far. One that ends in an interrupt, and attn, count. */
  get instructions(): number {
    return this.state.instructions;
  }

  /** Forgets every translation the engines keep; needed after translation tables in memory change without tlbie. */
  flushTlb(): void {
    this.state.flushTlb();
  }

  /** Executes up to `maxInsns` instructions from NIA on. */
  run(maxInsns: number): Stop {
    return { reason: "unhandled", cia: this.state.nia, detail: `no engine yet for ${maxInsns} instructions` };
  }
}
