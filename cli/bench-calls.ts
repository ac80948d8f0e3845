// `farcall bench calls`: what each call sequence costs on each processor in each scenario. Measuring is the laboratory's.
import { availableParallelism } from "node:os";
import { Command } from "commander";
import { DEFAULT_LAYOUT, layouts } from "../kernel/layout/table.ts";
import { cells, DEFAULT_REPEATS } from "../lab/calls/cells.ts";
import type { Row } from "../lab/calls/row.ts";
import { scenarioNamed, scenarios } from "../lab/calls/scenario.ts";
import { sequencesOf, type SequenceName } from "../lab/calls/sequence-axis.ts";
import type { Work } from "./calls/tasks.ts";
import { EXIT, UsageError } from "./errors.ts";
import { checkOutput, writeOutput } from "./files.ts";
import { choice } from "./names.ts";
import { count } from "./numbers.ts";
import { cpuOption, valued, type Model } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { several } from "./several.ts";

interface Options {
  readonly cpu?: readonly Model[];
  readonly sequence?: readonly SequenceName[];
  readonly scenario?: readonly string[];
  readonly layout?: readonly string[];
  readonly seed: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly csv?: string;
  readonly svg?: string;
  readonly json?: true;
}

/** Every sequence of every axis, each once. */
const SEQUENCES = [...new Set(Object.values(sequencesOf).flat())];
const SCENARIOS = scenarios.map(({ name }) => name);
const LAYOUTS = layouts.map(({ name }) => name);

export function callsCommand(): Command {
  const command = new Command("calls")
    .description("cycles that a call costs, by call sequence, CPU model and scenario")
    .addOption(cpuOption())
    .addOption(valued("--sequence <name>", SEQUENCES.join(", "), choice("--sequence", SEQUENCES)))
    .addOption(valued("--scenario <name>", SCENARIOS.join(", "), choice("--scenario", SCENARIOS)))
    .addOption(valued("--layout <name>", "see farcall layouts", choice("--layout", LAYOUTS)))
    .addOption(
      valued("--seed <n>", "seed of everything random", count("--seed", 0, Number.MAX_SAFE_INTEGER)).default(
        0,
      ),
    )
    .addOption(
      valued(
        "--seeds <n>",
        "measure each cell so many times, each time in other places",
        count("--seeds", 1, 1000),
      ).default(DEFAULT_REPEATS),
    )
    .addOption(
      valued("--jobs <n>", "worker threads", count("--jobs", 1, 1024)).default(
        availableParallelism(),
        "as many as there are processors",
      ),
    )
    .option("--csv <file>", "write every figure as comma-separated values; - for standard output")
    .option("--svg <file>", "draw charts")
    .option("--json", "one JSON document on standard output");
  for (const option of ["--cpu", "--sequence", "--scenario"]) several(command, option);
  several(command, "--layout", [], DEFAULT_LAYOUT);
  return command
    .addHelpText(
      "after",
      "\nExample:\n  farcall bench calls --cpu power9 --scenario one-site,scattered --sequence near,far",
    )
    .action(benchCalls);
}

async function benchCalls(options: Options): Promise<void> {
  const { csv, svg, seed, seeds, jobs } = options;
  if (options.json === true && csv === "-")
    throw new UsageError("--json and --csv - both want standard output");
  for (const file of [csv === "-" ? undefined : csv, svg]) if (file !== undefined) checkOutput(file);
  const rows = await measured(options, jobs);
  const { callsCsv } = await import("../lab/calls/csv.ts");
  const { callsText, hasWrong } = await import("./calls/text.ts");
  const write = (file: string, text: string): void => writeOutput(file, new TextEncoder().encode(text));
  if (svg !== undefined) write(svg, await chart(rows, options));
  if (csv !== undefined && csv !== "-") write(csv, callsCsv(rows));
  if (csv === "-") process.stdout.write(callsCsv(rows));
  else if (options.json === true) printJson({ seed, seeds, rows });
  else printLines(callsText(rows, (scenario) => scenarioNamed(scenario)?.summary ?? ""));
  if (hasWrong(rows)) process.exitCode = EXIT.refused;
}

/** The rows, in the order of the cells, whoever measures which when. @throws UsageError where no cell is left */
async function measured(options: Options, jobs: number): Promise<readonly Row[]> {
  const wanted = (options.layout ?? [DEFAULT_LAYOUT]).flatMap((layout) =>
    cells({
      cpus: options.cpu,
      sequences: options.sequence,
      scenarios: options.scenario,
      layout,
      seed: options.seed,
      repeats: options.seeds,
    }),
  );
  if (wanted.length === 0)
    throw new UsageError(
      `no scenario of ${options.scenario?.join(", ") ?? "all"} has a sequence of ${options.sequence?.join(", ") ?? "all"}`,
    );
  const { withWorkers } = await import("./pool.ts");
  return withWorkers<Work, readonly Row[]>(
    { worker: "calls-worker.js", jobs, total: wanted.length },
    (workers) => workers("measure", wanted),
  );
}

async function chart(rows: readonly Row[], { seed, seeds }: Options): Promise<string> {
  const { callsSvg } = await import("../lab/calls/svg.ts");
  const [cpu, ...otherCpus] = new Set(rows.map((row) => row.cpu.toUpperCase()));
  const [layout, ...otherLayouts] = new Set(rows.map((row) => row.layout));
  // Where there are several, headings and panels have their names.
  const only = [...(otherCpus.length === 0 ? [cpu] : []), ...(otherLayouts.length === 0 ? [layout] : [])];
  const measured = seeds === 1 ? `seed ${seed}` : `${seeds} seeds from ${seed} on`;
  return callsSvg(rows, {
    title: ["What a call costs", ...only].join(", "),
    subtitle: `cycles per call, the callee's return included, loop and callee's work taken out; ${measured}; each panel has a scale of its own`,
    columns: 3,
    about: (scenario) => scenarioNamed(scenario)?.summary,
  });
}
