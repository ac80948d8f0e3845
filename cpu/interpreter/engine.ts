// Runs the generated interpreter over a processor's memory. It generates nothing: bytes come from wasm.ts.
import { fromHalves } from "../../word/long.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { cpuModels } from "../isa/row.ts";
import { STATE, type CpuState } from "../state.ts";
import { writeDecodeTable, writeMasks } from "./decode-table.ts";
import { DECODE_SECTION } from "./locals.ts";
import { interpreterWasm } from "./wasm.ts";

/** Instructions in one call: long enough to be nothing beside it, short enough that a better compiled function is soon called. */
const BUDGET = 0x10_0000;

export class Interpreter {
  readonly #state: CpuState;
  readonly #run: (budget: number) => number;

  constructor(state: CpuState, memory: GuestMemory) {
    this.#state = state;
    const module = new WebAssembly.Module(interpreterWasm(state.endian));
    const recipe = WebAssembly.Module.customSections(module, DECODE_SECTION)[0];
    if (recipe === undefined) throw new TypeError(`no section ${DECODE_SECTION} in the interpreter's module`);
    writeDecodeTable(state.view, recipe, cpuModels.indexOf(state.model));
    writeMasks(state.view);
    const refill = (argument: number): number => {
      const ea = fromHalves(state.view.getInt32(STATE.EA + 4, true), state.view.getInt32(STATE.EA, true));
      return memory.refill(ea, argument >>> 1, (argument & 1) === 0 ? "load" : "store") ? 1 : 0;
    };
    const instance = new WebAssembly.Instance(module, { env: { memory: state.memory, refill } });
    this.#run = instance.exports["run"] as (budget: number) => number;
  }

  /** Whether it can execute in the processor's present mode: 64-bit, in the byte order it is made for. */
  get able(): boolean {
    return this.#state.sixtyFour && this.#state.msrBit("LE") === (this.#state.endian === "le");
  }

  /**
   * Executes and counts up to `limit` instructions.
   * @returns whether it left at an instruction that the reference engine has to execute, with state as before that.
   */
  run(limit: number): boolean {
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
}
