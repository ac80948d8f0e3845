// A scene in a kernel: its driver and functions written into memory, the calls made by a sequence, both loops run.
// How memory is chosen is places.ts's, how a loop is run is run.ts's.
import { ZERO, type U64 } from "../../word/long.ts";
import type { CallMachine, CallSequenceKind } from "../../jit/call/sequence.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Random } from "../../kernel/random.ts";
import { callMaker, type CalleeOfSite } from "./call-maker.ts";
import { mostBytes, placed, type CallMaker, type Item, type PlacedCode } from "./code.ts";
import { callee, callsPerTurn, coins, driver, tocLoad, TOC_LOAD_BYTES } from "./driver.ts";
import { Places } from "./places.ts";
import { combined, measureLoop, type Loop, type MeasuredLoop } from "./run.ts";
import type { Scene } from "./scenario.ts";
import type { Reading } from "./timers.ts";

/** What one call came to in one place. */
export interface CallFigures extends Reading {
  readonly bytes: number;
  readonly sharedBytes: number;
  /** Calls that were counted, warming up included. */
  readonly calls: number;
}

/** A scene and how its calls are made. */
export interface SceneRun {
  readonly kernel: Kernel;
  readonly machine: CallMachine;
  readonly kind: CallSequenceKind<string>;
  readonly scene: Scene;
  readonly random: Random;
  /** Whether models of every assumption watch, or the typical one only. */
  readonly isRanged: boolean;
  /** The function of the kernel's text that every site calls; without it the scene's own functions are called. */
  readonly helper?: CalleeOfSite | undefined;
}

const NO_CALLS: CallMaker = {
  maxWords: 0,
  pass: () => ({ words: () => [], stubs: [], table: [] }),
};
const SLOT_BYTES = 8;
/** A call and its stub, of the longest sequence: all have the same room, so that they are compared in the same places. */
const ROOM_WORDS = 10;
/** What a driver without calls is aligned to in the same way as the one with them: a line of every instruction cache. */
const LINE_BYTES = 128;

/**
 * Runs the scene with calls and without.
 * @throws JitError where a call cannot be, WrongRunError, OutOfMemoryError
 */
export function runScene(options: SceneRun): CallFigures {
  const { kernel, scene, random, isRanged } = options;
  const argument = coins(random);
  const { turns, flush } = scene;
  const loop = { callsPerTurn: callsPerTurn(scene), turns, flush, argument, isRanged };
  const withCalls = new Places(kernel, random);
  const table = kernel.allocate(SLOT_BYTES * (scene.sites.length + scene.functions.length));
  try {
    const { pointer, codes } = writeScene(options, withCalls, table);
    const calls = measureLoop(kernel, { ...loop, pointer });
    const inline = runInline(options, loop, pointer.low & (LINE_BYTES - 1));
    return figures(calls, inline, scene, codes);
  } finally {
    withCalls.free();
    kernel.free(table);
  }
}

/** The same loop with the work of the callees in place of the calls, at an address that is the same modulo a cache line. */
function runInline(
  { kernel, scene, random }: SceneRun,
  loop: Omit<Loop, "pointer">,
  low: number,
): MeasuredLoop {
  const places = new Places(kernel, random);
  try {
    const items = driver(scene, "inline");
    const { driver: start } = places.allocate("images", {
      driver: mostBytes(items, 0) + LINE_BYTES,
      functions: [],
    });
    const pointer = start.add((low - start.low) & (LINE_BYTES - 1));
    places.write(pointer, placed(items, pointer, NO_CALLS).words);
    places.lock();
    return measureLoop(kernel, { ...loop, pointer });
  } finally {
    places.free();
  }
}

interface WrittenScene {
  readonly pointer: U64;
  /** The driver's and the functions'. */
  readonly codes: readonly PlacedCode[];
}

/** Everything into memory, ready to be run. */
function writeScene(
  { kernel, machine, kind, scene, helper }: SceneRun,
  places: Places,
  table: U64,
): WrittenScene {
  const { sites, functions } = scene;
  /** The driver's addresses first, then one for each function. */
  const maker = (callees: readonly CalleeOfSite[], firstSlot = 0): CallMaker =>
    callMaker({
      kind,
      machine,
      callees,
      table: { address: table.add(firstSlot * SLOT_BYTES), slots: callees.length },
    });
  const loadToc = tocLoad(machine);
  const bodies = helper === undefined ? functions.map((_, i) => callee(scene, i, loadToc)) : [];
  const driverItems = driver(scene, "calls");
  const addresses = places.allocate(scene.place, {
    driver: mostBytes(driverItems, ROOM_WORDS),
    functions: bodies.map((items) => mostBytes(items, ROOM_WORDS)),
  });
  const called = (number: number): CalleeOfSite =>
    helper ?? functionAt(addresses.functions[number] ?? ZERO, number);
  const write = (items: readonly Item[], at: U64, calls: CallMaker): PlacedCode => {
    const code = placed(items, at, calls);
    if (4 * code.words.length > mostBytes(items, ROOM_WORDS)) throw new Error(`${kind.name} has no room`);
    places.write(at, code.words);
    for (const { address, value } of code.table) kernel.store(address, 8, value);
    return code;
  };
  const codes = bodies.map((items, i) => {
    const next = functions[i];
    const calls = next === undefined ? NO_CALLS : maker([called(next)], sites.length + i);
    return write(items, addresses.functions[i] ?? ZERO, calls);
  });
  codes.push(write(driverItems, addresses.driver, maker(sites.map(called))));
  places.lock();
  return { pointer: addresses.driver, codes };
}

/** A function of the scene as its callers see it. */
function functionAt(global: U64, number: number): CalleeOfSite {
  return { kind: "bpf", to: { global, local: global.add(TOC_LOAD_BYTES) }, callee: `function ${number}` };
}

/** One call: a turn with calls less a turn without, by the calls in it. */
function figures(
  calls: MeasuredLoop,
  inline: MeasuredLoop,
  scene: Scene,
  codes: readonly PlacedCode[],
): CallFigures {
  const perTurn = callsPerTurn(scene);
  const bytes = codes.flatMap(({ callBytes }) => callBytes);
  const shared = codes.map(({ stubBytes, table }) => stubBytes + SLOT_BYTES * table.length);
  return {
    ...combined(calls.turn, inline.turn, (a, b) => (a - b) / perTurn),
    bytes: sum(bytes) / bytes.length,
    sharedBytes: sum(shared) / bytes.length,
    calls: calls.calls,
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
