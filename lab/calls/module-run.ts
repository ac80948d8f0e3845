// Calls from a module to the kernel: the driver is a function of a module, whose loader makes the stub, the branch to it and the
// reload of r2 behind it.
import type { Kernel } from "../../kernel/kernel.ts";
import { stubBytes } from "../../kernel/module/stubs.ts";
import type { Random } from "../../kernel/random.ts";
import { coins, driver, type Caller } from "./driver.ts";
import { COUNTING_FUNCTION } from "./kernel-callee.ts";
import { CALL_WORDS, loadModuleFunction, type ModuleCode } from "./module-function.ts";
import { combined, measureLoop, type MeasuredLoop } from "./run.ts";
import { ONE_SITE } from "./scenario.ts";
import type { CallFigures } from "./scene-run.ts";

const LOOP = { callsPerTurn: 1, turns: ONE_SITE.turns, flush: undefined };
/** The driver lies behind so many words at most: where it lies in its line is random. */
const MOST_BEFORE = 32;

/** Where and how it is measured. */
export interface ModuleRun {
  /** Has the counting function. */
  readonly kernel: Kernel;
  readonly code: ModuleCode;
  readonly random: Random;
  /** Whether models of every assumption watch, or the typical one only. */
  readonly isRanged: boolean;
}

/**
 * Loads a module with the calls, and one with the callee's work in their place, and runs both.
 * @throws ModuleError, WrongRunError
 */
export function runModule({ kernel, code, random, isRanged }: ModuleRun): CallFigures {
  const nopsBefore = random.below(MOST_BEFORE);
  const argument = coins(random);
  const measured = (name: Caller): MeasuredLoop => {
    const calls = name === "calls" ? COUNTING_FUNCTION : undefined;
    const items = driver(ONE_SITE, name);
    const { module, pointer } = loadModuleFunction(kernel, { name, code, items, calls, nopsBefore });
    try {
      return measureLoop(kernel, { ...LOOP, pointer, argument, isRanged });
    } finally {
      module.discard();
    }
  };
  const withCalls = measured("calls");
  const { turn } = measured("inline");
  return {
    ...combined(withCalls.turn, turn, (a, b) => a - b),
    bytes: 4 * CALL_WORDS[code].length,
    sharedBytes: stubBytes(kernel.abi, kernel.layout.version),
    calls: withCalls.calls,
  };
}
