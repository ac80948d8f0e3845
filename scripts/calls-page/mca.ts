// The execution cores against llvm-mca, and where LLVM's numbers are others than ours. Asks llvm-mca; the blocks are the test's.
import { cpuModels } from "../../cpu/isa/row.ts";
import { correctionsOf } from "../../cpu/timing/test/llvm-figures.ts";
import { mca } from "../../cpu/timing/test/mca.ts";
import { BLOCKS, type Errors, FIRST_SEED, mcaErrors } from "../../cpu/timing/test/mca-errors.ts";
import { markdown } from "../markdown.ts";

/** Whether llvm-mca is there. */
export const hasMca = mca.available;

/** Errors on random blocks, and the places where the numbers differ. */
export function mcaTables(): string {
  const rows = cpuModels.map((cpu) => {
    const { raw, counter, all } = mcaErrors(cpu);
    return [cpu.toUpperCase(), percent(all), percent(counter), percent(raw)];
  });
  const errors = markdown([
    ["", "LLVM's number wherever it differs", "LLVM's mtctr alone", "as it is"],
    ...rows,
  ]);
  const places = cpuModels.flatMap((cpu) =>
    correctionsOf(cpu).map(({ what, why }) => [cpu.toUpperCase(), what, why]),
  );
  const differences = markdown([["", "LLVM has", "why we have not"], ...places]);
  const seeds = `${BLOCKS} random blocks, seeds ${FIRST_SEED} to ${FIRST_SEED + BLOCKS - 1}: median and 95th percentile of the error`;
  return `${seeds}.\n\n${errors.join("\n")}\n\n${differences.join("\n")}\n`;
}

const percent = ({ median, p95 }: Errors): string => `${median.toFixed(1)} %, ${p95.toFixed(1)} %`;
