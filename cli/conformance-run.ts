// One program of the conformance suite on one machine: raw or in an object, without any verifier.
import { conformanceProgram } from "../bpf/conformance.ts";
import type { U64 } from "../word/long.ts";
import type { BpfOptions } from "./options.ts";
import { loadAndRun } from "./session.ts";

/** r0 of the program; r1 points at a copy of `memory`, r2 is its length. Throws StageError. */
export function runPlugin(
  bytes: Uint8Array,
  memory: Uint8Array,
  options: BpfOptions & { readonly elf?: true },
): U64 {
  const read = (): ReturnType<typeof conformanceProgram> =>
    conformanceProgram(bytes, options.endian ?? "le", options.elf === true);
  return loadAndRun(read, memory, { ...options, verify: false });
}
