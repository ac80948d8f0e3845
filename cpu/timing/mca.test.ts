// The execution core against llvm-mca: random basic blocks that it was not tuned on. Errors are given for the machine as it is (raw), with
// LLVM's mtctr alone, and with LLVM's number in all places where the manual or GCC has another (test/llvm-figures.ts): the last says
// whether the scheduling is right, the first what the numbers make out.
import { expect, it } from "vitest";
import { describeWithOracle } from "../../test/oracles.ts";
import { cpuModels, type CpuModel } from "../isa/row.ts";
import { mca } from "./test/mca.ts";
import { BLOCKS, type Errors, FIRST_SEED, mcaErrors } from "./test/mca-errors.ts";

function shown({ median, p95, bias }: Errors): string {
  return `median ${median.toFixed(1)} %, p95 ${p95.toFixed(1)} %, bias ${bias.toFixed(1)} %`;
}

/** What the raw errors are below of: they are differences of numbers, and only to be noticed when they change. Percent. */
const RAW: Readonly<Record<CpuModel, { readonly median: number; readonly p95: number }>> = {
  power8: { median: 45, p95: 180 },
  power9: { median: 25, p95: 55 },
  power10: { median: 25, p95: 60 },
};

describeWithOracle("llvm-mca, cycles per iteration in the steady state", [mca], () => {
  it.each(cpuModels)("%s: 200 random blocks", { timeout: 60_000 }, (cpu) => {
    const { raw, counter, all } = mcaErrors(cpu);
    const seeds = `seeds ${FIRST_SEED} to ${FIRST_SEED + BLOCKS - 1}`;
    console.log(`${cpu}, ${seeds}: raw ${shown(raw)}; mtctr ${shown(counter)}; corrected ${shown(all)}`);
    expect(all.median).toBeLessThanOrEqual(10);
    expect(all.p95).toBeLessThanOrEqual(25);
    expect(raw.median).toBeLessThanOrEqual(RAW[cpu].median);
    expect(raw.p95).toBeLessThanOrEqual(RAW[cpu].p95);
  });
});
