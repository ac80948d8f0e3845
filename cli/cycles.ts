// `farcall cycles FILE.s`: a block of ppc64 assembly repeated on the timing model of a processor. The model is cpu/timing's.
import { Command } from "commander";
import { UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { count } from "./numbers.ts";
import { cpuOption, valued, type Model } from "./options.ts";
import { printJson, printLines } from "./output.ts";

interface Options {
  readonly cpu: Model;
  readonly iterations: number;
  readonly json?: true;
}

/** Instructions of all iterations together: more take minutes. */
const MOST_INSTRUCTIONS = 2_000_000;

export function cyclesCommand(): Command {
  return new Command("cycles")
    .description("cycles that a block of ppc64 assembly takes when it is repeated")
    .argument("<file>", "assembly text, - for standard input")
    .addOption(cpuOption())
    .addOption(
      valued(
        "--iterations <n>",
        "how often it is repeated, 2 to 100000",
        count("--iterations", 2, 100_000),
      ).default(100),
    )
    .option("--json", "one JSON document on standard output")
    .addHelpText(
      "after",
      "\nThe text's order is the order of execution: branches are taken as they stand, predicted right, nothing waits for fetching, no load waits for a store.\n" +
        "\nExample:\n  echo 'ld 12,0(3); mtctr 12; bctrl; blr' | farcall cycles - --cpu power10",
    )
    .action(cycles);
}

async function cycles(file: string, { cpu, iterations, json }: Options): Promise<void> {
  const text = new TextDecoder().decode(await readInput(file));
  const { assembleBlock } = await import("./cycles/block.ts");
  const block = assembleBlock(text, cpu);
  if (block.instructions.length === 0) throw new UsageError(`${file}: no instruction`);
  if (block.instructions.length * iterations > MOST_INSTRUCTIONS)
    throw new UsageError(
      `${block.instructions.length} instructions ${iterations} times are more than ${MOST_INSTRUCTIONS}: fewer --iterations`,
    );
  const { timeBlock } = await import("../cpu/timing/block.ts");
  const { limitsOf } = await import("../lab/block/limits.ts");
  const timing = timeBlock(block.words, { model: cpu, iterations });
  const limits = limitsOf(block.words, cpu, iterations);
  if (json === true)
    printJson({
      cpu,
      instructions: timing.instructions,
      iterations,
      cycles: timing.cycles,
      cycles_per_iteration: timing.cyclesPerIteration,
      cycles_per_iteration_range: timing.range,
      without: Object.fromEntries(limits.map((limit) => [limit.name, limit.cycles])),
      timeline: timing.timeline.map((insn, i) => ({ text: block.instructions[i]?.text ?? "", ...insn })),
    });
  else {
    const { cyclesText } = await import("./cycles/text.ts");
    printLines(cyclesText(cpu, block.instructions, timing, limits));
  }
}
