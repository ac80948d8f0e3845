// One program of the conformance suite on one machine: raw or in an object, without any verifier.
import { conformanceProgram } from "../bpf/conformance.ts";
import type { U64 } from "../word/long.ts";
import type { BpfOptions } from "./options.ts";
import { UsageError } from "./errors.ts";
import { unusable } from "./program-file.ts";
import { loadAndRun } from "./session.ts";

/** r0 of the program; r1 points at a copy of `memory`, r2 is its length. Throws UsageError, StageError. */
export function runPlugin(
  bytes: Uint8Array,
  memory: Uint8Array,
  options: BpfOptions & { readonly elf?: true },
): U64 {
  const input = "standard input";
  const program = unusable(input, () =>
    conformanceProgram(bytes, options.endian ?? "le", options.elf === true),
  );
  if (options.endian !== undefined && options.endian !== program.endian)
    throw new UsageError(`${input} is ${program.endian}, --endian says ${options.endian}`);
  return loadAndRun(program, memory, { ...options, verify: false });
}
