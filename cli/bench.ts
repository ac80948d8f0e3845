// `farcall bench`: how fast things are. `bench cpu` measures each engine on the bundled kernels; `bench calls` is bench-calls.ts's.
import { Command } from "commander";
import { callsCommand } from "./bench-calls.ts";
import { EXIT } from "./errors.ts";
import { group } from "./group.ts";
import { choice } from "./names.ts";
import { count } from "./numbers.ts";
import { cpuOption, endianOption, valued } from "./options.ts";
import type { ByteOrder, Engine, Model } from "./options.ts";
import { printJson, printLines, table } from "./output.ts";

interface Options {
  readonly cpu: Model;
  readonly endian: ByteOrder;
  readonly engine?: Engine;
  readonly times: number;
  readonly json?: true;
}

export function benchCommand(): Command {
  const cpu = new Command("cpu")
    .description("guest MIPS of each engine on the bundled kernels")
    .addOption(cpuOption())
    .addOption(endianOption().default("le"))
    .addOption(
      valued(
        "--engine <name>",
        "one engine (default: all)",
        choice("--engine", ["reference", "interpreter"], ["translator"]),
      ),
    )
    .addOption(
      valued("--times <n>", "measurements of each, the best counts", count("--times", 1, 1000)).default(3),
    )
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  farcall bench cpu --engine interpreter")
    .action(benchCpu);
  return group("bench", "measure: cpu, calls", "bench cpu", [cpu, callsCommand()]);
}

async function benchCpu(options: Options): Promise<void> {
  const { measure } = await import("./bench/measure.ts");
  const { kernels } = await import("./bench/kernels.ts");
  const engines = options.engine === undefined ? (["interpreter", "reference"] as const) : [options.engine];
  const rows = engines.flatMap((engine) =>
    kernels.map((kernel) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${engine} ${kernel.name}…`);
      return measure(kernel, { ...options, engine });
    }),
  );
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const means = engines.map((engine) => {
    const logs = rows.filter((row) => row.engine === engine).map((row) => Math.log(row.mips));
    return { engine, mips: Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length) };
  });
  if (options.json === true) printJson({ rows, geometric_means: means });
  else
    printLines(
      table(
        [
          ["engine", "kernel", "instructions", "seconds", "MIPS", "result"],
          ...rows.map((row) => [
            row.engine,
            row.kernel,
            String(row.instructions),
            row.seconds.toFixed(3),
            row.mips.toFixed(1),
            row.right ? "right" : "WRONG",
          ]),
          ...means.map(({ engine, mips }) => [engine, "geometric mean", "", "", mips.toFixed(1), ""]),
        ],
        [2, 3, 4],
      ),
    );
  if (rows.some((row) => !row.right)) process.exitCode = EXIT.refused;
}
