// Calls from a module to the kernel: a module with the driver in it is loaded as any other, and its loader makes the stub, the
// branch to it and the reload of r2 behind it.
import { fromHalves, ZERO } from "../../word/long.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { stubBytes } from "../../kernel/module/stubs.ts";
import type { Random } from "../../kernel/random.ts";
import { encode } from "../../cpu/isa/encode.ts";
import { placed, text, type CallMaker, type Item } from "./code.ts";
import { driver, type Caller } from "./driver.ts";
import { COUNTING_FUNCTION } from "./helper.ts";
import { moduleObject, type TextFunction, type TextRelocation } from "./module-object.ts";
import { combined, measureLoop, type MeasuredLoop } from "./run.ts";
import { ONE_SITE } from "./scenario.ts";
import type { CallFigures } from "./scene-run.ts";

/** Relocation types [ELFv2 3.5.3]. */
const REL24 = 10;
const REL16_LO = 250;
const REL16_HA = 252;
/** What a compiler leaves at a call of what it does not know: a branch to be filled in, and room for the reload of r2. */
const CALL_WORDS = [encode("b", { LK: 1 }), encode("ori", {})];
const calls: CallMaker = {
  maxWords: CALL_WORDS.length,
  maxStubWords: 0,
  pass: () => ({ words: () => CALL_WORDS, stubs: [], table: [] }),
};
/** r2 of the module from the function's own address in r12: the global entry point of a function that uses its TOC [ELFv2 2.3.2.1]. */
const GLOBAL_ENTRY = text("addis r2,r12,0; addi r2,r2,0");
const LOOP = { callsPerTurn: 1, turns: ONE_SITE.turns, flush: undefined };
/** The driver lies behind so many words at most: where it lies in its line is random. */
const MOST_BEFORE = 32;

/**
 * Loads the module with the calls, and one with the callee's work in their place, and runs both.
 * @param kernel has the counting function
 * @param isRanged whether models of every assumption watch, or the typical one only
 * @throws ModuleError, WrongRunError
 */
export function runModule(kernel: Kernel, random: Random, isRanged: boolean): CallFigures {
  const before = random.below(MOST_BEFORE);
  const coin = fromHalves(random.u32(), random.u32() | 1);
  const measured = (caller: Caller): MeasuredLoop => {
    const module = kernel.modules.load(driverModule(kernel, caller, before), { name: `calls_${caller}` });
    try {
      module.init();
      const pointer = module.symbols.find(({ name }) => name === caller)?.address ?? ZERO;
      return measureLoop(kernel, { ...LOOP, pointer, coin, isRanged });
    } finally {
      module.discard();
    }
  };
  const withCalls = measured("calls");
  const { turn } = measured("inline");
  return {
    ...combined(withCalls.turn, turn, (a, b) => a - b),
    bytes: 4 * CALL_WORDS.length,
    sharedBytes: stubBytes(kernel.abi, kernel.layout.version),
    calls: withCalls.calls,
  };
}

/** The object of one driver, which is a function of the name of its way of calling. */
function driverModule(kernel: Kernel, caller: Caller, before: number): Uint8Array {
  const items: readonly Item[] = [
    { kind: "words", words: Array.from({ length: before }, () => encode("ori", {})) },
    { kind: "label", name: "driver" },
    GLOBAL_ENTRY,
    ...driver(ONE_SITE, caller),
  ];
  const { words, labels } = placed(items, ZERO, calls);
  const start = labels.get("driver") ?? 0;
  // The immediate of a word: its low half in memory, the second one in big-endian.
  const half = kernel.endian === "le" ? 0 : 2;
  const relocations: TextRelocation[] = [
    { offset: start + half, type: REL16_HA, symbol: ".TOC.", addend: half },
    { offset: start + 4 + half, type: REL16_LO, symbol: ".TOC.", addend: 4 + half },
  ];
  if (caller === "calls")
    relocations.push({ offset: labels.get("site_0") ?? 0, type: REL24, symbol: COUNTING_FUNCTION });
  const functions: readonly TextFunction[] = [
    { name: caller, offset: start, bytes: 4 * words.length - start },
  ];
  return moduleObject({ endian: kernel.endian, words, relocations, functions });
}
