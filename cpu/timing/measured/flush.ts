// What Linux executes at a context switch against branch target injection, and what it costs on the model. No measurement of it is
// published. That the predictors are empty afterwards is the hardware's doing: `TimingModel.flushLinkStack` and `flushCountCache`.
import type { CpuModel } from "../../isa/row.ts";
import { measureRounds, type RoundsProgram, type Timed } from "./run.ts";

/** Calls that overwrite the link stack. [Linux 6.12 arch/powerpc/kernel/switch.S flush_branch_caches] */
const LINK_STACK_CALLS = 64;
/** Branches, one in each aligned 32 bytes, that overwrite the count cache where hardware does not help. [the same] */
const COUNT_CACHE_BRANCHES = 278;

/** What is flushed; `count-cache` in software alone. */
export type Flush = "link-stack" | "count-cache";

/** The flush, and nothing else, once a round. */
export function flushProgram(flush: Flush | "none"): RoundsProgram {
  const sequence: Readonly<Record<Flush | "none", string>> = {
    "link-stack": `mflr 9\n ${"bl .+4\n ".repeat(LINK_STACK_CALLS)} mtlr 9`,
    // bcctr 2,0,0: never taken as long as the count is not used up. No assembler has it as an instruction.
    "count-cache": `li 9,0x7fff\n mtctr 9\n ${".balign 32\n .long 0x4c400420\n ".repeat(COUNT_CACHE_BRANCHES)}`,
    none: "",
  };
  return {
    rounds: 16,
    text: `.balign 32\nloop:\n ${sequence[flush]}\n addi 31,31,-1\n cmpdi 7,31,0\n bgt 7,loop\n attn`,
  };
}

/** Cycles of a flush on the model; `make` gives a model of that processor. */
export function flushCycles(flush: Flush, model: CpuModel, make: () => Timed): number {
  const cycles = (which: Flush | "none"): number => measureRounds(flushProgram(which), model, make()).cycles;
  return cycles(flush) - cycles("none");
}
