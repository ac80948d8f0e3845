// Whose an executed instruction is, by its address: which of a kernel's code is the host's way in, and which handles interrupts.
import type { Kernel } from "../../kernel/kernel.ts";
import { IMAGE, KERNEL_BASE } from "../../kernel/layout/image.ts";
import type { PartOf } from "./meter.ts";

/** The function that the host enters, which calls the program. */
const ENTRY = "bpf_test_run";

/** Parts of this kernel's code: `entry` is the code that calls the program, `interrupt` all vectors and what they share. */
export function partsOf(kernel: Pick<Kernel, "kallsyms" | "text">): PartOf {
  const symbol = kernel.kallsyms.lookup(kernel.text.testRun.entry);
  if (symbol === undefined) throw new Error(`kernel text has no ${ENTRY}`);
  const start = symbol.address.low >>> 0;
  const end = start + symbol.size;
  return (ciaHigh, ciaLow) => {
    const high = ciaHigh | 0;
    if (high !== KERNEL_BASE.high && high !== 0) return "program";
    const low = ciaLow >>> 0;
    if (low < IMAGE.library) return "interrupt";
    return low >= start && low < end ? "entry" : "program";
  };
}
