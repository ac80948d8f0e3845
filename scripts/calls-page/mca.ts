// The execution cores against llvm-mca. Asks llvm-mca; the blocks are the test's.
import { cpuModels } from "../../cpu/isa/row.ts";
import { mca } from "../../cpu/timing/test/mca.ts";
import { BLOCKS, type Errors, FIRST_SEED, mcaErrors } from "../../cpu/timing/test/mca-errors.ts";
import { markdown } from "../markdown.ts";

/** Whether llvm-mca is there. */
export const hasMca = mca.available;

/** Errors on random blocks. */
export function mcaTable(): string {
  const rows = cpuModels.map((cpu) => {
    const { raw, counter, all } = mcaErrors(cpu);
    return [cpu.toUpperCase(), percent(all), percent(counter), percent(raw)];
  });
  const errors = markdown([
    ["", "LLVM's number wherever it differs", "LLVM's mtctr alone", "as it is"],
    ...rows,
  ]);
  const seeds = `${BLOCKS} random blocks, seeds ${FIRST_SEED} to ${FIRST_SEED + BLOCKS - 1}: median and 95th percentile of the error`;
  return `${seeds}.\n\n${errors.join("\n")}\n`;
}

const percent = ({ median, p95 }: Errors): string => `${median.toFixed(1)} %, ${p95.toFixed(1)} %`;
