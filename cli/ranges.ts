// `farcall ranges`: one program under every image-alloc strategy, call encoding and layout, and what came of each.
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { imageAllocStrategies } from "../kernel/image-alloc/table.ts";
import type { Layout } from "../kernel/layout/layout.ts";
import type { Axes } from "../lab/ranges/axes.ts";
import { UsageError } from "./errors.ts";
import { checkOutput, readInput, writeOutput } from "./files.ts";
import { count } from "./numbers.ts";
import { bpfOptions, valued } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import type { CommonOptions } from "./ranges/experiment.ts";
import { several } from "./several.ts";

interface Options extends CommonOptions {
  readonly layout?: readonly Layout[];
  readonly imageAlloc?: Axes["imageAllocs"];
  readonly callEncoding?: Axes["callEncodings"];
  readonly dataIn?: string;
  readonly jobs: number;
  readonly others: number;
  readonly svg?: string;
  readonly audit?: true;
  readonly json?: true;
}

export function rangesCommand(): Command {
  const command = bpfOptions(
    new Command("ranges")
      .description("every image-alloc strategy, call encoding and layout for one BPF program")
      .argument("<file>", "as of farcall run; - for standard input")
      .option("--data-in <file>", "the packet (default: 14 zero bytes)")
      .option("--ctx-in <file>", "the context; for a .bin program the memory that r1 points at")
      .addOption(
        valued(
          "--others <n>",
          "load so many other programs before, some of which go again",
          count("--others", 0, 100_000),
        ).default(0),
      )
      .option("--audit", "look for what breaks in the kernel under each strategy, too")
      .option("--svg <file>", "draw where the images landed")
      .addOption(
        valued("--jobs <n>", "worker threads", count("--jobs", 1, 1024)).default(
          availableParallelism(),
          "as many as there are processors",
        ),
      ),
  );
  several(command, "--layout");
  // Without its argument a strategy gets one that fits each layout.
  several(
    command,
    "--image-alloc",
    imageAllocStrategies.map(({ name }) => name),
  );
  several(command, "--call-encoding");
  return command
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  farcall ranges examples/calls.el.o --layout hash64k-4.15")
    .action(ranges);
}

async function ranges(file: string, options: Options): Promise<void> {
  const { dataIn, ctxIn, jobs } = options;
  if ([file, dataIn, ctxIn].filter((name) => name === "-").length > 1)
    throw new UsageError("standard input (-) can be read once only");
  if (options.jitLog === true)
    throw new UsageError("--jit-log: of one program at a time, as farcall run has it");
  if (!options.jit) throw new UsageError("--no-jit: without images there is nothing to compare");
  if (options.svg !== undefined) checkOutput(options.svg);
  const bytes = await readInput(file);
  const input = {
    dataIn: dataIn === undefined ? undefined : await readInput(dataIn),
    ctxIn: ctxIn === undefined ? undefined : await readInput(ctxIn),
    others: options.others,
  };
  const { allAxes } = await import("../lab/ranges/axes.ts");
  const { rangesSvg } = await import("../lab/ranges/svg.ts");
  const { openExperiment } = await import("./ranges/experiment.ts");
  const { measureMatrix } = await import("./ranges/matrix.ts");
  const { auditText } = await import("./ranges/audit-text.ts");
  const { rangesText } = await import("./ranges/text.ts");
  const experiment = openExperiment(file, bytes, options, input, options.layout);
  if (experiment.onMemory && dataIn !== undefined)
    throw new UsageError("--data-in: raw instructions on plain memory have no packet");
  const all = allAxes();
  const axes = {
    layouts: options.layout?.map(({ name }) => name) ?? all.layouts,
    imageAllocs: options.imageAlloc ?? all.imageAllocs,
    callEncodings: options.callEncoding ?? all.callEncodings,
  };
  const { rows, audit } = await measureMatrix(experiment, axes, { jobs, audit: options.audit === true });
  if (options.svg !== undefined)
    writeOutput(options.svg, new TextEncoder().encode(rangesSvg(experiment.program.name, rows)));
  const program = experiment.program.name;
  if (options.json === true) printJson({ program, rows, ...(audit === undefined ? {} : { audit }) });
  else printLines([...rangesText(program, rows), ...(audit === undefined ? [] : auditText(audit))]);
}
