// One measurement of a loop that is in a kernel's memory: warmed up, run twice, the second time twice as long; the difference is what
// turns of the loop cost in the steady state. The callees' count is checked. What the loop is, is not known here.
import { u64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { symbolText } from "../../kernel/kallsyms.ts";
import { pagesOf } from "../../cpu/timing/pages.ts";
import type { Flush, Scene } from "./scenario.ts";
import { Timers, type Reading } from "./timers.ts";

/** A run that was wrong: it did not return, or its callees were not called as often as they should have been. */
export class WrongRunError extends Error {
  override readonly name = "WrongRunError";
}

/** A loop to be run. */
export interface Loop {
  /** As a C pointer; r3: turns, r4: the argument; it returns how often its callees were called. */
  readonly pointer: U64;
  readonly callsPerTurn: number;
  readonly turns: Scene["turns"];
  readonly flush: Flush | undefined;
  /** Of run 0, which warms up, and of the two that are measured. */
  readonly argument: (run: number) => U64;
  /** Whether models of every assumption watch, or the typical one only. */
  readonly isRanged: boolean;
}

/** A measured loop. */
export interface MeasuredLoop {
  /** One turn. */
  readonly turn: Reading;
  /** Calls that were counted, warming up included. */
  readonly calls: number;
}

/** @throws WrongRunError */
export function measureLoop(kernel: Kernel, loop: Loop): MeasuredLoop {
  const { flush, isRanged } = loop;
  const timers = new Timers({ model: kernel.cpu.state.model, pages: pagesOf(kernel.cpu), flush, isRanged });
  const { warmUp, measured } = loop.turns;
  kernel.cpu.observe(timers);
  try {
    let calls = run(kernel, loop, 0, warmUp);
    const start = timers.reading;
    calls += run(kernel, loop, 1, measured);
    const middle = timers.reading;
    calls += run(kernel, loop, 2, 2 * measured);
    const end = timers.reading;
    return { turn: perTurn(difference(difference(end, middle), difference(middle, start)), measured), calls };
  } finally {
    kernel.cpu.observe(undefined);
  }
}

/** Runs the loop; the calls. */
function run(
  kernel: Kernel,
  { pointer, callsPerTurn, argument }: Loop,
  number: number,
  turns: number,
): number {
  const outcome = kernel.call(pointer, [u64(turns), argument(number)]);
  const expected = turns * callsPerTurn;
  switch (outcome.kind) {
    case "return":
      if (outcome.value.eq(u64(expected))) return expected;
      throw new WrongRunError(
        `the callees counted ${outcome.value.toString()} calls, ${expected} were to be made`,
      );
    case "oops": {
      const { nip, trap, symbol } = outcome.oops;
      const at = symbol === undefined ? "" : ` ${symbolText(symbol)}`;
      throw new WrongRunError(`interrupt 0x${trap.toString(16)} at 0x${nip.toString(16)}${at}`);
    }
    case "max-insns":
      throw new WrongRunError(`no return after ${outcome.instructions} instructions`);
  }
}

/** Each figure of one reading by the same of another. */
export function combined(a: Reading, b: Reading, of: (a: number, b: number) => number): Reading {
  return {
    instructions: of(a.instructions, b.instructions),
    cycles: {
      low: of(a.cycles.low, b.cycles.low),
      typical: of(a.cycles.typical, b.cycles.typical),
      high: of(a.cycles.high, b.cycles.high),
    },
    mispredicts: of(a.mispredicts, b.mispredicts),
    icacheMisses: of(a.icacheMisses, b.icacheMisses),
    eratMisses: of(a.eratMisses, b.eratMisses),
  };
}

const difference = (a: Reading, b: Reading): Reading => combined(a, b, (x, y) => x - y);
const perTurn = (reading: Reading, turns: number): Reading => combined(reading, reading, (x) => x / turns);
