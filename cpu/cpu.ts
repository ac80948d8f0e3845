// One processor with its memory: state, MMU and an engine behind one run loop. How instructions are executed is the engines'.
import { hex64 } from "../word/long.ts";
import { GuestMemory } from "./guest-memory.ts";
import { deliver, savedState, type Interrupt } from "./interrupt.ts";
import { Interpreter } from "./interpreter/engine.ts";
import type { CpuModel } from "./isa/row.ts";
import { createMmu, type Mmu } from "./mmu/mmu.ts";
import { Slb } from "./mmu/slb.ts";
import { Ram, type RamHole } from "./ram.ts";
import { InsnRecorder } from "./recorder.ts";
import { ReferenceEngine } from "./reference/engine.ts";
import { CpuState, type Endian } from "./state.ts";
import type { Stop } from "./stop.ts";
import type { InsnObserver } from "./stream.ts";
import type { Outcome } from "./system/context.ts";
import { CpuUsageError } from "./usage-error.ts";

export { CpuUsageError } from "./usage-error.ts";
export type { Stop } from "./stop.ts";
export type { InsnObserver, InsnStream } from "./stream.ts";

/** An engine by name; `auto` takes the fastest there is. */
export type EngineName = "reference" | "interpreter" | "translator" | "auto";

/** Interrupts of a fetch. One of them at an interrupt's vector, or the same interrupt again, would come back for ever. */
const fetchVectors: ReadonlySet<number> = new Set([0x200, 0x400, 0x480]);

/** What a processor is made of. */
export interface CpuOptions {
  /** Default power9. */
  readonly model?: CpuModel;
  /** Real memory; a multiple of 64 KiB. */
  readonly ramBytes: number;
  /** Real addresses below its end that are not memory, ascending; an access to one is a machine check. Default none. */
  readonly holes?: readonly RamHole[];
  readonly endian: Endian;
  /** Default auto. */
  readonly engine?: EngineName;
  /** Whether interrupts go to the guest's vectors (default) or stop the run. */
  readonly interrupts?: "guest" | "host";
}

/** A processor and its real memory. */
export class Cpu {
  /** All registers. */
  readonly state: CpuState;
  /** Memory by real address. */
  readonly ram: Ram;
  /** The segment lookaside buffer, for the hash MMU. */
  readonly slb: Slb;
  /** Translation as the registers have it now, without any TLB. */
  readonly mmu: Mmu;
  /** Memory by effective address, as the guest reaches it now. */
  readonly memory: GuestMemory;
  /** Whether interrupts go to the guest's vectors or stop `run`. */
  readonly interrupts: "guest" | "host";
  /** Never `auto`. */
  readonly engine: Exclude<EngineName, "auto">;
  readonly #reference: ReferenceEngine;
  readonly #interpreter: Interpreter | undefined;
  #recorder: InsnRecorder | undefined;
  /** The interrupt delivered last, and the count of instructions then. */
  #delivered: { readonly interrupt: Interrupt; readonly instructions: number } | undefined;

  /** @throws CpuUsageError where the engine is not built or the host lacks memory; RangeError where the memory's size is impossible. */
  constructor(options: CpuOptions) {
    const { ramBytes, endian, model = "power9", engine = "auto", interrupts = "guest" } = options;
    if (engine === "translator")
      throw new CpuUsageError("engine translator: not built yet; use interpreter, reference or auto");
    this.state = new CpuState({ ramBytes, endian, model });
    this.ram = new Ram(this.state, options.holes);
    this.slb = new Slb(this.state);
    this.mmu = createMmu(this.state, this.ram);
    this.memory = new GuestMemory(this.state, this.mmu);
    this.interrupts = interrupts;
    this.engine = engine === "auto" ? "interpreter" : engine;
    this.#interpreter = this.engine === "interpreter" ? new Interpreter(this.state, this.memory) : undefined;
    this.#reference = new ReferenceEngine(this.state, this.memory, this.slb);
  }

  /** Instructions executed so far. One that ends in an interrupt, and attn, count. */
  get instructions(): number {
    return this.state.instructions;
  }

  /** Forgets every translation the engines keep; needed after translation tables in memory are changed from outside the guest. */
  flushTlb(): void {
    this.state.flushTlb();
  }

  /**
   * Tells an observer of every instruction that is executed from now on, in program order and with any engine; undefined ends that.
   * An instruction that raises an interrupt in place of being executed is left out; sc, scv and attn are executed. Without an
   * observer nothing is recorded and nothing costs anything; with one the guest's state and the count are the same.
   */
  observe(observer: InsnObserver | undefined): void {
    this.#recorder = observer === undefined ? undefined : new InsnRecorder(this.state, observer);
    this.#reference.recorder = this.#recorder;
  }

  /**
   * Executes up to `maxInsns` instructions from NIA on. An attn instruction stops at itself: the caller sets NIA on.
   * An illegal instruction goes to 0xe40 (HSRR0, HSRR1, HEIR); other interrupts to the vectors of the manual.
   */
  run(maxInsns: number): Stop {
    const recorder = this.#recorder;
    if (recorder === undefined) return this.#run(maxInsns);
    try {
      return this.#run(maxInsns);
    } finally {
      recorder.flush();
    }
  }

  #run(maxInsns: number): Stop {
    const end = this.state.instructions + maxInsns;
    while (this.state.instructions < end) {
      const interpreter = this.#interpreter;
      const left = end - this.state.instructions;
      if (interpreter?.able === true && !interpreter.run(left, this.#recorder)) break;
      const stop = this.#finish(this.#reference.step());
      if (stop !== undefined) return stop;
    }
    return { reason: "max-insns" };
  }

  /** What an outcome means for the run; undefined goes on. */
  #finish(outcome: Outcome): Stop | undefined {
    if (outcome === undefined) return undefined;
    if (outcome.kind === "halt") return outcome.stop;
    if (this.interrupts === "host") {
      const { vector, dar, dsisr, detail } = outcome;
      return { reason: "interrupt", vector, ...savedState(this.state, outcome), dar, dsisr, detail };
    }
    const { nia, instructions } = this.state;
    const last = this.#delivered;
    if (
      last?.instructions === instructions - 1 &&
      (last.interrupt.vector === outcome.vector || fetchVectors.has(outcome.vector))
    ) {
      const [first, second] = [last.interrupt, outcome].map((x) => `${x.vector.toString(16)} (${x.detail})`);
      const detail = `interrupt ${first ?? ""}: its vector ${hex64(nia)} raises ${second ?? ""}`;
      return { reason: "unhandled", cia: nia, detail };
    }
    deliver(this.state, outcome);
    this.#delivered = { interrupt: outcome, instructions };
    return undefined;
  }
}
