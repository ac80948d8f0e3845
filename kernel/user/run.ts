// One call from an ELF file's bytes to a report: what `farcall exec` does without --raw.
import type { U64 } from "../../word/long.ts";
import type { CpuState } from "../../cpu/state.ts";
import { UserProcess, type UserEnd, type UserOptions } from "./process.ts";

export interface RunUserOptions extends UserOptions {
  /** Default: no limit. */
  readonly maxInsns?: number;
}

export interface ExecReport {
  readonly end: UserEnd;
  readonly nia: U64;
  readonly instructions: number;
  /** Wall time of execution, loading not included. */
  readonly seconds: number;
  readonly registers: ReturnType<CpuState["registers"]>;
}

/** Loads and runs a static executable. @throws KernelUsageError, one line, where the file cannot be run */
export function runUser(options: RunUserOptions): ExecReport {
  const process = new UserProcess(options);
  const started = performance.now();
  const end = process.run(options.maxInsns);
  const seconds = (performance.now() - started) / 1000;
  const { state, instructions } = process.cpu;
  return { end, nia: state.nia, instructions, seconds, registers: state.registers() };
}
