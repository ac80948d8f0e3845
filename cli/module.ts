// `farcall module`: relocatable ppc64 objects loaded as kernel modules, one after the other, run, and taken out again.
// What is shown of them is module-report.ts's.
import { Command } from "commander";
import { abiOfLevel, openElf } from "../kernel/elf/file.ts";
import { Kernel } from "../kernel/kernel.ts";
import { ModuleError } from "../kernel/module/error.ts";
import type { Module } from "../kernel/module/module.ts";
import { UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { initModule, loadModule, returned, type ModuleInput } from "./module-file.ts";
import {
  describeModule,
  reportJson,
  reportLines,
  type ModuleReport,
  type Unloading,
} from "./module-report.ts";
import { machineOptions } from "./options.ts";
import type { MachineOptions } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { kernelOptions } from "./session.ts";

interface Options extends MachineOptions {
  readonly json?: true;
}

export function moduleCommand(): Command {
  const command = new Command("module")
    .description("load relocatable ppc64 objects as kernel modules, run their init, take them out")
    .argument("<files...>", ".ko, or what gcc -c makes, in the order of loading; - for standard input");
  return machineOptions(command, "1e9")
    .option("--json", "one JSON document on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  farcall module examples/modules/provider.le.o examples/modules/user.le.o",
    )
    .action(async (files: readonly string[], options: Options) => {
      if (files.filter((file) => file === "-").length > 1)
        throw new UsageError("standard input (-) can be read once only");
      const inputs: ModuleInput[] = [];
      for (const file of files) inputs.push({ file, bytes: await readInput(file) });
      const kernel = boot(inputs, options);
      const reports = inputs.map((input) => load(kernel, input, options));
      const unloaded = [...reports].reverse().map(({ module }) => unload(module, options));
      const results = reports.map((report, i) => ({ ...report, unloading: unloaded.at(-1 - i) }));
      if (options.json === true) printJson(reportJson(kernel, results));
      else printLines(reportLines(kernel, results));
    });
}

/** A kernel for the first file: its header says byte order and ABI. */
function boot(inputs: readonly ModuleInput[], options: Options): Kernel {
  const [first] = inputs;
  const elf = openElf(first?.bytes ?? new Uint8Array());
  const endian = "defect" in elf ? (options.endian ?? "le") : elf.endian;
  const abi = "defect" in elf ? options.abi : abiOfLevel(elf.abiLevel, endian);
  for (const [name, found] of Object.entries({ endian, abi })) {
    const asked = options[name as "endian" | "abi"];
    if (asked !== undefined && found !== undefined && asked !== found)
      throw new UsageError(`${first?.file ?? ""} is ${found}, --${name} says ${asked}`);
  }
  return new Kernel({ ...kernelOptions(options, endian), ...(abi === undefined ? {} : { abi }) });
}

/** Loads one and runs its init. Throws StageError. */
function load(
  kernel: Kernel,
  { file, bytes }: ModuleInput,
  options: Options,
): ModuleReport & { readonly module: Module } {
  const module = loadModule(kernel, file, bytes);
  const described = describeModule(kernel, module);
  return { ...described, module, init: initModule(kernel, module, options) };
}

function unload(module: Module, options: Options): Unloading {
  try {
    const outcome = module.unload();
    return { kind: "unloaded", exit: outcome === undefined ? undefined : returned(outcome, options) };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return { kind: "stays", errno: error.errno, message: error.message };
  }
}
