// Runs that are wrong are no measurement: callees that were not called as often as they should have been, code that does not return.
import { describe, expect, it } from "vitest";
import { ZERO } from "../../word/long.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { Random } from "../../kernel/random.ts";
import { placed, text, type CallMaker, type Item } from "./code.ts";
import { Places } from "./places.ts";
import { measureLoop, WrongRunError, type MeasuredLoop } from "./run.ts";

const noCalls: CallMaker = {
  maxWords: 0,
  pass: () => ({ words: () => [], stubs: [], table: [] }),
};

/** Runs this code as a loop of one call a turn. */
function measured(items: readonly Item[]): MeasuredLoop {
  const kernel = new Kernel({ ramBytes: 64 * 2 ** 20, maxInsns: 10_000 });
  const places = new Places(kernel, new Random(0));
  const { driver } = places.allocate("images", { driver: 256, functions: [] });
  places.write(driver, placed(items, driver, noCalls).words);
  places.lock();
  const turns = { warmUp: 10, measured: 20 };
  const loop = {
    pointer: driver,
    callsPerTurn: 1,
    turns,
    flush: undefined,
    argument: () => ZERO,
    isRanged: false,
  };
  return measureLoop(kernel, loop);
}

describe("a loop", () => {
  const turn: Item = { kind: "label", name: "turn" };
  const next: readonly Item[] = [text("addic. r3,r3,-1"), { kind: "branch", on: "ne", to: "turn" }];

  it("has the instructions of a turn, whatever it does before and behind", () => {
    const count = text("addi r5,r5,1");
    const { turn: figures, calls } = measured([
      text("li r5,0; nop; nop"),
      turn,
      count,
      ...next,
      text("mr r3,r5; blr"),
    ]);
    expect(figures.instructions).toBe(3);
    expect(figures.mispredicts).toBe(0);
    expect(calls).toBe(10 + 20 + 40);
  });
  it("whose count is another than its calls is wrong", () => {
    expect(() => measured([text("addi r3,r3,-1; blr")])).toThrow(
      new WrongRunError("the callees counted 9 calls, 10 were to be made"),
    );
  });
  it("that oopses is wrong", () => {
    expect(() => measured([text("li r3,0; ld r3,0(r3); blr")])).toThrow(/^interrupt 0x3[08]0 at 0xd/);
  });
  it("that never ends is wrong", () => {
    expect(() => measured([turn, { kind: "jump", to: "turn" }])).toThrow(/^no return after 10000 /);
  });
});
