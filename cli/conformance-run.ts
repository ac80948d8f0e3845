// One program of the conformance suite on one machine: raw or in an object, without any verifier.
import { BpfObject } from "../bpf/elf/object.ts";
import type { LinkedProgram } from "../bpf/elf/types.ts";
import { decodeInsns } from "../bpf/insn.ts";
import { rawProgram } from "../bpf/raw.ts";
import type { U64 } from "../word/long.ts";
import type { BpfOptions } from "./options.ts";
import { loadAndRun } from "./session.ts";

/** r0 of the program; r1 points at a copy of `memory`, r2 is its length. Throws StageError. */
export function runPlugin(
  bytes: Uint8Array,
  memory: Uint8Array,
  options: BpfOptions & { readonly elf?: true },
): U64 {
  const program = (): LinkedProgram => {
    if (options.elf === true) return BpfObject.parse(bytes).link("main", options.type);
    const endian = options.endian ?? "le";
    return rawProgram(decodeInsns(bytes, endian), { name: "main", type: options.type, endian });
  };
  return loadAndRun(program, memory, { ...options, verify: false });
}
