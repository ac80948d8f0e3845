// The scoreboard on short programs whose cycles are counted by hand from the figures of GCC's and LLVM's descriptions.
import { describe, expect, it } from "vitest";
import { assemble } from "../isa/assemble.ts";
import type { CpuModel } from "../isa/row.ts";
import { timeBlock } from "./block.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { Decoder } from "./decoded.ts";
import { known } from "./figure.ts";
import { type InsnCycles, Scoreboard } from "./scoreboard.ts";

const wordsOf = (text: string): readonly number[] => assemble(text.replaceAll(";", "\n")).words;

/** Cycles of each instruction, all hits and the addresses unknown. */
function scheduled(text: string, model: CpuModel): readonly InsnCycles[] {
  return timeBlock(wordsOf(text), { model, iterations: 2 }).timeline;
}

const issues = (text: string, model: CpuModel): readonly number[] =>
  scheduled(text, model).map(({ issued }) => issued);
const dispatches = (text: string, model: CpuModel): readonly number[] =>
  scheduled(text, model).map(({ dispatched }) => dispatched);

describe("dispatch", () => {
  it("power9: six operations a cycle, branches beside them", () => {
    expect(
      dispatches(
        "add 3,4,5; add 3,4,5; add 3,4,5; add 3,4,5; add 3,4,5; b .+4; add 3,4,5; add 3,4,5",
        "power9",
      ),
    ).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });
  it("power9: two rotates leave room for three others, three for one", () => {
    const rotate = "rldicl 3,4,5,6";
    expect(dispatches(`${rotate}; ${rotate}; li 3,1; li 4,1; li 5,1; li 6,1`, "power9")).toEqual([
      0, 0, 0, 0, 0, 1,
    ]);
    expect(dispatches(`${rotate}; ${rotate}; ${rotate}; li 3,1; li 4,1`, "power9")).toEqual([0, 0, 0, 0, 1]);
  });
  it("power8: a branch ends the group, mtctr begins one, mfcr is one", () => {
    expect(
      dispatches("add 3,4,5; b .+4; add 3,4,5; mtctr 6; add 3,4,5; mfcr 7; add 3,4,5", "power8"),
    ).toEqual([0, 0, 1, 2, 2, 3, 4]);
  });
  it("power10: a prefixed instruction begins at an even slot and takes two", () => {
    const prefixed = "paddi 3,4,5,0";
    // slots 0, 2 to 3, 4 to 5, 6 to 7; then 0, and 2 to 3
    expect(
      dispatches(`li 3,1; ${prefixed}; ${prefixed}; ${prefixed}; li 3,1; ${prefixed}`, "power10"),
    ).toEqual([0, 0, 0, 0, 1, 1]);
  });
  it("no more wait for issue than the queue holds", () => {
    const { core } = cpuTimings.power9;
    const chain = Array.from({ length: 12 }, () => "mulld 3,3,4").join(";");
    const { timeline } = timeBlock(wordsOf(chain), {
      model: "power9",
      iterations: 2,
      core: { ...core, issueQueue: known(2, "a test") },
    });
    // issued in 1, 6, 11, ...: with two in the queue the third comes when the first has left
    expect(timeline.map(({ issued }) => issued)).toEqual(Array.from({ length: 12 }, (_, i) => 1 + 5 * i));
    expect(timeline.slice(0, 5).map(({ dispatched }) => dispatched)).toEqual([0, 0, 2, 7, 12]);
  });
  it("no more are between dispatch and completion than the window holds", () => {
    const { core } = cpuTimings.power9;
    const { timeline } = timeBlock(wordsOf("divd 3,4,5; li 6,1; li 7,1; li 8,1"), {
      model: "power9",
      iterations: 2,
      core: { ...core, window: known(2, "a test") },
    });
    // the division is finished in 25: the third is dispatched behind that
    expect(timeline.map(({ dispatched }) => dispatched)).toEqual([0, 0, 26, 26]);
  });
});

describe("issue", () => {
  it("power9: two loads and four sums wait for one another by latency", () => {
    // the load 1 to 5, the sum of it 5 to 7; what waits for nothing is issued at once
    expect(issues("ld 3,0(4); add 5,3,3; add 6,7,8; add 9,5,6", "power9")).toEqual([1, 5, 1, 7]);
  });
  it("power9: four execution units, two dividers busy for 8 cycles", () => {
    expect(issues("add 3,4,5; add 3,4,5; add 3,4,5; add 3,4,5; add 3,4,5", "power9")).toEqual([
      1, 1, 1, 1, 2,
    ]);
    expect(issues("divd 3,4,5; divd 6,4,5; divd 7,4,5", "power9")).toEqual([1, 1, 9]);
  });
  it("power10: mtcrf wants two execution units at once, which are not there behind three sums", () => {
    expect(issues("add 3,4,5; add 6,4,5; add 7,4,5; mtcrf 0xff,8", "power10")).toEqual([1, 1, 1, 2]);
    expect(issues("add 3,4,5; add 6,4,5; mtcrf 0xff,8", "power10")).toEqual([1, 1, 1]);
  });
  it("power8: simple results reach addresses a cycle later than other sums", () => {
    expect(issues("addi 3,3,1; add 4,3,3", "power8")).toEqual([1, 2]);
    expect(issues("addi 3,3,1; ld 4,0(3)", "power8")).toEqual([1, 3]);
  });
  it("CR0 reaches CR logic later than a branch", () => {
    expect(issues("add. 3,4,5; cror 4,0,1", "power9")).toEqual([1, 6]);
    expect(issues("add. 3,4,5; beq .+4", "power9")).toEqual([1, 3]);
  });
  it("the base of an update form does not wait for memory", () => {
    expect(issues("ldu 3,8(4); addi 5,4,1; addi 6,3,1", "power9")).toEqual([1, 3, 5]);
    // nor for the data that is stored
    expect(issues("mulld 3,5,6; stdu 3,8(4); addi 7,4,1", "power9")).toEqual([1, 1, 3]);
  });
  it("isync lets nothing start before all that is before it is completed", () => {
    const [divide, barrier, after] = scheduled("divd 3,4,5; isync; li 6,1", "power9");
    expect(barrier?.dispatched).toBe(divide?.completed);
    expect(after?.dispatched).toBe(barrier?.completed);
  });
});

describe("pairs that are one", () => {
  it("a branch that is one with its mtctr still takes a place where branches are issued: two a cycle [GCC 14 power10.md]", () => {
    const { cyclesPerIteration } = timeBlock(wordsOf("mtctr 12; bctr"), { model: "power10" });
    expect(cyclesPerIteration).toBeCloseTo(1 / 2, 1);
    expect(cyclesPerIteration).toBeGreaterThanOrEqual(0.48);
  });
  it("power10: mtctr and bctr, addis and ld, lis and ori", () => {
    expect(scheduled("mtctr 3; bctr", "power10").map(({ fused, finished }) => [fused, finished])).toEqual([
      [false, 4],
      [true, 4],
    ]);
    expect(
      scheduled("addis 3,2,1; ld 3,8(3)", "power10").map(({ fused, finished }) => [fused, finished]),
    ).toEqual([
      [false, 3],
      [true, 5],
    ]);
    expect(scheduled("lis 3,1; ori 3,3,1; addi 4,3,1", "power10").map(({ issued }) => issued)).toEqual([
      1, 1, 3,
    ]);
  });
  it("power8: addis and ld; power9: none", () => {
    expect(scheduled("addis 3,2,1; ld 3,8(3)", "power8").map(({ fused }) => fused)).toEqual([false, true]);
    expect(scheduled("addis 3,2,1; ld 3,8(3)", "power9").map(({ fused }) => fused)).toEqual([false, false]);
  });
  it("a pair waits for the other operand of its second", () => {
    // power10: the product is there in 6; both are then one operation of 2 cycles
    const [, , second] = scheduled("mulld 7,8,9; and 3,4,5; or 6,3,7", "power10");
    expect([second?.fused, second?.issued, second?.finished]).toEqual([true, 6, 8]);
  });
  it("power10: an addition, and a subtraction before logic, but not before an addition [LLVM 19 PPCMacroFusion.def]", () => {
    const isPair = (text: string): boolean | undefined => scheduled(text, "power10")[1]?.fused;
    expect(["add 3,4,5; add 6,3,7", "subf 3,4,5; or 6,3,7", "subf 3,4,5; add 6,3,7"].map(isPair)).toEqual([
      true,
      true,
      false,
    ]);
  });
  it("another target, another register, an instruction between: no pair", () => {
    for (const text of [
      "addis 3,2,1; ld 4,8(3)",
      "addis 3,2,1; ld 4,8(5)",
      "mtctr 3; nop; bctr",
      "mtctr 3; blr",
    ])
      expect(
        scheduled(text, "power10").some(({ fused }) => fused),
        text,
      ).toBe(false);
  });
});

describe("loads and stores", () => {
  /** Cycles of instructions with their accesses: address and bytes, 0 where there is none. */
  function accesses(
    model: CpuModel,
    ...insns: readonly (readonly [text: string, ea: number, bytes: number])[]
  ): readonly InsnCycles[] {
    const { core } = cpuTimings[model];
    const decoder = new Decoder(model, core, "typical");
    const scoreboard = new Scoreboard(core, "typical");
    return insns.map(([text, ea, bytes]) => ({
      ...scoreboard.schedule(decoder.of(wordsOf(text)[0] ?? 0, 0), 0, true, 0, ea, bytes, 0),
    }));
  }
  it("a load gets what a store has just written after the forwarding delay, another address does not wait", () => {
    // power9: the store is issued in 1; 6 cycles to what waits for the load [GCC 14 power9.md]
    const [, same, other] = accesses(
      "power9",
      ["std 3,0(1)", 0x1000, 8],
      ["ld 4,0(1)", 0x1000, 8],
      ["ld 5,0(1)", 0x1008, 8],
    );
    expect(same?.finished).toBe(1 + 6);
    expect(other?.finished).toBe(1 + 4);
  });
  it("the data counts, not the address alone", () => {
    const [, , load] = accesses(
      "power9",
      ["mulld 3,4,5", 0, 0],
      ["std 3,0(1)", 0x1000, 8],
      ["ld 4,0(1)", 0x1000, 8],
    );
    expect(load?.finished).toBe(1 + 5 + 6);
  });
  it("bytes of one doubleword are one place, an access over two doublewords is both", () => {
    const [, within, across] = accesses(
      "power9",
      ["stb 3,0(1)", 0x1005, 1],
      ["lbz 4,0(1)", 0x1005, 1],
      ["ld 5,0(1)", 0xffc, 8],
    );
    expect([within?.finished, across?.finished]).toEqual([7, 7]);
  });
  it("a store long ago is in the cache", () => {
    const chain = Array.from({ length: 4 }, () => ["mulld 7,7,8", 0, 0] as const);
    const cycles = accesses("power9", ["std 3,0(1)", 0x1000, 8], ...chain, ["ld 4,0(7)", 0x1000, 8]);
    expect(cycles.at(-1)?.finished).toBe(1 + 4 * 5 + 4);
  });
});

describe("completion", () => {
  it("is in order", () => {
    expect(
      scheduled("divd 3,4,5; li 6,1", "power9").map(({ finished, completed }) => [finished, completed]),
    ).toEqual([
      [25, 25],
      [3, 25],
    ]);
  });
});
