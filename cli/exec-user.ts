// A static executable under `farcall exec`: its process, with its output on standard output, or on standard error with --json.
import type { Cpu } from "../cpu/cpu.ts";
import { UserProcess } from "../kernel/user/process.ts";
import { UsageError } from "./errors.ts";
import type { ExecEnd } from "./exec.ts";
import type { MachineOptions } from "./options.ts";

/** Throws UsageError where an option contradicts the file, KernelUsageError where the file cannot be run. */
export function createUserMachine(
  file: string,
  elf: Uint8Array,
  args: readonly string[],
  options: MachineOptions & { readonly json?: true },
): { readonly cpu: Cpu; readonly run: () => ExecEnd } {
  const stdout = options.json === true ? process.stderr : process.stdout;
  const user = new UserProcess({
    elf,
    args: [file, ...args],
    engine: options.engine,
    cpu: options.cpu,
    ramBytes: options.ram,
    seed: options.seed,
    stdout: (bytes) => void stdout.write(bytes),
    stderr: (bytes) => void process.stderr.write(bytes),
  });
  for (const name of ["endian", "abi"] as const) {
    const [asked, found] = [options[name], user.executable[name]];
    if (asked !== undefined && asked !== found)
      throw new UsageError(`${file} is ${found}, --${name} says ${asked}`);
  }
  return { cpu: user.cpu, run: () => user.run(options.maxInsns) };
}
