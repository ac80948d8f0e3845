// Files loaded as kernel modules, their inits run, and what a refusal says of them. What is shown of them is the verb's.
import { basename } from "node:path";
import { abiOfLevel, openElf } from "../kernel/elf/file.ts";
import type { CallOutcome } from "../kernel/entry.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { logText } from "../kernel/log.ts";
import { ModuleError } from "../kernel/module/error.ts";
import type { Module } from "../kernel/module/module.ts";
import { errnoName } from "./errno-names.ts";
import { StageError } from "./errors.ts";
import { failureReport } from "./failure.ts";
import { readInput } from "./files.ts";
import type { MachineOptions } from "./options.ts";

export interface ModuleInput {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Reads the files of `--with`. Throws UsageError. */
export async function readModules(files: readonly string[]): Promise<readonly ModuleInput[]> {
  const modules: ModuleInput[] = [];
  for (const file of files) modules.push({ file, bytes: await readInput(file) });
  return modules;
}

/** The ABI of a kernel for these modules where the options say none: the first one's. A file that is no module is refused later. */
export function kernelAbi(
  [first]: readonly ModuleInput[],
  { abi: asked }: Pick<MachineOptions, "abi">,
): Pick<MachineOptions, "abi"> {
  const elf = first === undefined ? undefined : openElf(first.bytes);
  if (asked !== undefined || elf === undefined || "defect" in elf) return {};
  const abi = abiOfLevel(elf.abiLevel, elf.endian);
  return abi === undefined ? {} : { abi };
}

/** What a function of a module returned. */
export interface Returned {
  readonly returned: number;
  readonly instructions: number;
}

/** Runs init_module; undefined where there is none. @throws StageError for a negative result and for what does not return */
export function initModule(
  kernel: Kernel,
  module: Module,
  options: Pick<MachineOptions, "maxInsns">,
): Returned | undefined {
  const outcome = module.init();
  const init = outcome === undefined ? undefined : returned(outcome, options);
  if (init === undefined || init.returned >= 0) return init;
  const errno = errnoName(init.returned);
  const message = `${module.name}: init_module returned ${init.returned} (${errno})`;
  throw new StageError({ stage: "run", errno, message, log: logOf(kernel) });
}

/** @throws StageError for what does not return */
export function returned(outcome: CallOutcome, options: Pick<MachineOptions, "maxInsns">): Returned {
  if (outcome.kind !== "return") throw new StageError(failureReport(outcome, options));
  return { returned: outcome.value.low, instructions: outcome.instructions };
}

/** Named by its file. @throws StageError with the file and the kernel's log */
export function loadModule(kernel: Kernel, file: string, bytes: Uint8Array): Module {
  try {
    return kernel.modules.load(bytes, { name: moduleName(file) });
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    const { errno, message } = error;
    throw new StageError({ stage: "load", errno, message: `${file}: ${message}`, log: logOf(kernel) }, error);
  }
}

/** The kernel's log as dmesg shows it. */
export function logOf(kernel: Kernel): string {
  return kernel.log.lines.map((line) => `${logText(line)}\n`).join("");
}

/** The name of a file without its directory and what follows the first dot. */
function moduleName(file: string): string {
  return file === "-" ? "stdin" : (basename(file).split(".")[0] ?? file);
}
