// A file loaded as a kernel module, and what a refusal says of it. Running it is the verb's.
import { basename } from "node:path";
import type { Kernel } from "../kernel/kernel.ts";
import { logText } from "../kernel/log.ts";
import { ModuleError } from "../kernel/module/error.ts";
import type { Module } from "../kernel/module/module.ts";
import { StageError } from "./errors.ts";

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
