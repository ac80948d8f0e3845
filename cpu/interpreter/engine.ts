// Runs the generated interpreter over a processor's memory. It generates nothing: bytes come from wasm.ts.
import { fromHalves } from "../../word/long.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { cpuModels } from "../isa/row.ts";
import type { InsnRecorder } from "../recorder.ts";
import { STATE, type CpuState } from "../state.ts";
import { writeDecodeTable, writeMasks } from "./decode-table.ts";
import { DECODE_SECTION } from "./locals.ts";
import { interpreterWasm } from "./wasm.ts";

/** Instructions in one call: long enough to be nothing beside it, short enough that a better compiled function is soon called. */
const BUDGET = 0x10_0000;

/** Executes up to `budget` instructions; what is left of it, 0 where it did not leave. */
type Run = (budget: number) => number;

export class Interpreter {
  readonly #state: CpuState;
  readonly #memory: GuestMemory;
  readonly #run: Run;
  /** The same with recording; made when it is first wanted. */
  #runRecording: Run | undefined;

  constructor(state: CpuState, memory: GuestMemory) {
    this.#state = state;
    this.#memory = memory;
    const module = new WebAssembly.Module(interpreterWasm(state.endian, "plain"));
    const recipe = WebAssembly.Module.customSections(module, DECODE_SECTION)[0];
    if (recipe === undefined) throw new TypeError(`no section ${DECODE_SECTION} in the interpreter's module`);
    // both kinds of module number their handlers alike
    writeDecodeTable(state.view, recipe, cpuModels.indexOf(state.model));
    writeMasks(state.view);
    this.#run = this.#instance(module);
  }

  #instance(module: WebAssembly.Module): Run {
    const { view, memory } = this.#state;
    const refill = (argument: number): number => {
      const ea = fromHalves(view.getInt32(STATE.EA + 4, true), view.getInt32(STATE.EA, true));
      const access = (argument & 1) === 0 ? "load" : "store";
      return this.#memory.refill(ea, argument >>> 1, access) ? 1 : 0;
    };
    const instance = new WebAssembly.Instance(module, { env: { memory, refill } });
    return instance.exports["run"] as Run;
  }

  /** Whether it can execute in the processor's present mode: 64-bit, in the byte order it is made for. */
  get able(): boolean {
    return this.#state.sixtyFour && this.#state.msrBit("LE") === (this.#state.endian === "le");
  }

  /**
   * Executes and counts up to `limit` instructions; enters them with the recorder if there is one.
   * @returns whether it left at an instruction that the reference engine has to execute, with state as before that.
   */
  run(limit: number, recorder: InsnRecorder | undefined): boolean {
    return recorder === undefined ? this.#runPlain(limit) : this.#record(limit, recorder);
  }

  #runPlain(limit: number): boolean {
    const state = this.#state;
    let left = limit;
    while (left > 0) {
      const budget = Math.min(left, BUDGET);
      const rest = this.#run(budget);
      state.instructions += budget - rest;
      if (rest > 0) return true;
      left -= budget;
    }
    return false;
  }

  #record(limit: number, recorder: InsnRecorder): boolean {
    const state = this.#state;
    this.#runRecording ??= this.#instance(new WebAssembly.Module(interpreterWasm(state.endian, "recording")));
    let left = limit;
    while (left > 0) {
      const budget = recorder.room(left);
      const rest = this.#runRecording(budget);
      state.instructions += budget - rest;
      recorder.added(budget - rest);
      if (rest > 0) return true;
      left -= budget;
    }
    return false;
  }
}
