// What a plugin of the bpf_conformance project is handed: a program of two arguments, memory and its length.
// How it is read and run is the command line's; nothing is verified.
import { BpfObject } from "./elf/object.ts";
import type { LinkedProgram } from "./elf/types.ts";
import { decodeInsns, type Endian } from "./insn.ts";
import { rawProgram } from "./raw.ts";

/**
 * @param bytes raw instructions in the order of `endian`, or an object whose `main` in `.text` is the program
 * @throws BpfLoadError for what is neither
 */
export function conformanceProgram(bytes: Uint8Array, endian: Endian, isElf: boolean): LinkedProgram {
  if (isElf) return BpfObject.parse(bytes).link("main", "xdp");
  return rawProgram(decodeInsns(bytes, endian), { name: "main", type: "xdp", endian });
}
