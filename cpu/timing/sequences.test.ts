// Call sequences on the execution core alone, against sums by hand of GCC's latencies and against llvm-mca's cycles for the same text.
// `bl` and `bctrl` stand with the callee's `blr` behind them; a block's branches are predicted right.
import { describe, expect, it } from "vitest";
import { describeWithOracle } from "../../test/oracles.ts";
import { assemble } from "../isa/assemble.ts";
import type { CpuModel } from "../isa/row.ts";
import { timeBlock } from "./block.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { corrected } from "./test/llvm-figures.ts";
import { mca, totalCycles } from "./test/mca.ts";

const FAR = "lis 12,1; ori 12,12,1; sldi 12,12,32; oris 12,12,1; ori 12,12,1; mtctr 12; bctrl";
const LOAD = "ld 12,8(2); mtctr 12; bctrl";
const HELPER = "addis 12,2,1; addi 12,12,8; mtctr 12; bctrl";
const STUB = "addis 11,2,1; addi 11,11,8; std 2,24(1); ld 12,0(11); mtctr 12; bctr";
const PCREL = "paddi 12,0,4096,1; mtctr 12; bctrl";

function wordsOf(text: string): readonly number[] {
  return assemble(text.replaceAll(";", "\n")).words;
}

/** Cycles from the issue of the first instruction to the last one, a branch, being resolved. `fused`: pairs of `counter` alone, or none. */
function chain(text: string, model: CpuModel, fused: boolean): number {
  const { core } = cpuTimings[model];
  const fusions = core.fusions.filter(({ link }) => fused && link === "counter");
  const { timeline } = timeBlock(wordsOf(text), { model, iterations: 2, core: { ...core, fusions } });
  return (timeline.at(-1)?.finished ?? 0) - Math.min(...timeline.map(({ issued }) => issued));
}

describe("GCC's latencies, from the first instruction to the branch resolved", () => {
  // By hand: power8 simple 1, to a load 2, load 3, mtctr 5, branch 3; power9 2, 4, 5, 2; power10 2, 4, 3, 2, mtctr and bctrl as one 3.
  it.each([
    ["near", "bl .+8", 3, 2, 2, 2],
    ["far", FAR, 5 + 5 + 3, 10 + 5 + 2, 10 + 3 + 2, 13],
    ["load", LOAD, 3 + 5 + 3, 4 + 5 + 2, 4 + 3 + 2, 7],
    ["helper", HELPER, 2 + 5 + 3, 4 + 5 + 2, 4 + 3 + 2, 7],
    ["module stub", STUB, 1 + 2 + 3 + 5 + 3, 4 + 4 + 5 + 2, 4 + 4 + 3 + 2, 11],
  ])("%s", (_name, text, power8, power9, power10, asOne) => {
    expect(chain(text, "power8", false)).toBe(power8);
    expect(chain(text, "power9", false)).toBe(power9);
    expect(chain(text, "power10", false)).toBe(power10);
    expect(chain(text, "power10", true)).toBe(asOne);
  });

  it("pla and bctrl, power10", () => {
    expect(chain(PCREL, "power10", false)).toBe(2 + 3 + 2);
    expect(chain(PCREL, "power10", true)).toBe(5);
  });

  it("the manual's wide immediates make a far call shorter still", () => {
    const { timeline } = timeBlock(wordsOf(FAR), { model: "power10", iterations: 2 });
    // lis and ori, sldi, oris and ori: three operations of 2 cycles, then mtctr and bctrl as one
    expect((timeline.at(-1)?.finished ?? 0) - (timeline[0]?.issued ?? 0)).toBe(3 * 2 + 3);
  });
});

describeWithOracle("llvm-mca on call sequences, the callee's return included", [mca], () => {
  // mca has no model of calls: bl is written b and bctrl bctr, so the return waits for nothing; ours is told the same
  const rows: readonly (readonly [name: string, text: string, models: readonly CpuModel[]])[] = [
    ["near", "b 8; blr", ["power9", "power10"]],
    ["far", `${FAR}; blr`, ["power9", "power10"]],
    ["32 bits", "lis 12,1; sldi 12,12,8; ori 12,12,1; nop; nop; mtctr 12; bctrl; blr", ["power9", "power10"]],
    ["load", `${LOAD}; blr`, ["power9", "power10"]],
    ["module stub", `b 8; ${STUB}; blr; ld 2,24(1)`, ["power9", "power10"]],
    ["helper", `${HELPER}; blr`, ["power9", "power10"]],
    ["pcrel", `${PCREL}; blr`, ["power10"]],
  ];

  it.each(rows)(
    "%s: one call alone within 2 cycles, in the steady state within 25 %",
    (_name, text, models) => {
      const plain = text.replaceAll("bctrl", "bctr").replaceAll(";", "\n");
      for (const cpu of models) {
        const total = (iterations: number): number => totalCycles([plain], cpu, iterations)[0] ?? 0;
        const core = corrected(cpu);
        const ours = timeBlock(wordsOf(plain), { model: cpu, iterations: 400, core });
        const alone = Math.max(...ours.timeline.map(({ completed }) => completed));
        expect(Math.abs(alone - total(1)), `${cpu} alone ${alone}, mca ${total(1)}`).toBeLessThanOrEqual(2);
        const steady = (total(400) - total(200)) / 200;
        const error = Math.abs(ours.cyclesPerIteration - steady) / steady;
        expect(error, `${cpu} steady ${ours.cyclesPerIteration}, mca ${steady}`).toBeLessThanOrEqual(0.25);
      }
    },
  );
});
