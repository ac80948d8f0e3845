// The plugin protocol of the bpf_conformance project, without its input and output: a program in hex and memory in hex make a
// program with two arguments; r0 in hex is the answer. Nothing is verified.
import { u64, ZERO, type U64 } from "../word/long.ts";
import type { BpfCore, LoadOptions } from "./core/core.ts";
import type { LoadedProgram } from "./core/loaded.ts";
import type { JitedImages } from "./core/prog.ts";
import { BpfObject } from "./elf/object.ts";
import type { LinkedProgram } from "./elf/types.ts";
import { decodeInsns, type Endian } from "./insn.ts";
import { BpfLoadError } from "./load-error.ts";
import { MemoryFault, type KernelMemory } from "./memory.ts";
import { rawProgram } from "./raw.ts";

/**
 * Bytes of two-digit hex numbers, with or without white space between them.
 * @throws BpfLoadError where the text is anything else
 */
export function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  const wrong = /[^0-9a-f]/i.exec(digits)?.[0];
  if (wrong !== undefined) throw new BpfLoadError(`"${wrong}" is no hex digit`);
  if (digits.length % 2 !== 0)
    throw new BpfLoadError(`${digits.length} hex digits: not a whole number of bytes`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/**
 * @param bytes raw instructions in the order of `endian`, or an object whose `main` in `.text` is the program
 * @throws BpfLoadError
 */
export function conformanceProgram(bytes: Uint8Array, endian: Endian, isElf: boolean): LinkedProgram {
  if (!isElf) return rawProgram(decodeInsns(bytes, endian), { name: "main", type: "xdp", endian });
  const object = BpfObject.parse(bytes);
  return object.link(
    object.programs.some(({ name }) => name === "main") ? "main" : (object.programs[0]?.name ?? "main"),
    "xdp",
  );
}

/**
 * Loads unchecked, with r1 the address of a copy of `bytes` (0 when there are none) and r2 their number, runs once, and
 * gives all memory back.
 * @param run executes the loaded program: its interpreter, or JITed code on a CPU
 * @throws BpfLoadError, and what the JIT throws
 */
export function runConformance<R, J extends JitedImages = JitedImages>(
  core: BpfCore<J>,
  memory: KernelMemory,
  {
    program,
    bytes,
    options = {},
  }: {
    readonly program: LinkedProgram;
    readonly bytes: Uint8Array;
    readonly options?: Omit<LoadOptions<J>, "check">;
  },
  run: (loaded: LoadedProgram<J>, args: readonly [r1: U64, r2: U64]) => R,
): R {
  const loaded = core.load(program, options);
  const address = bytes.length === 0 ? ZERO : memory.allocate(bytes.length, 16);
  try {
    const fault = memory.write(address, bytes);
    if (bytes.length > 0 && fault instanceof MemoryFault)
      throw new Error("memory that was just allocated cannot be written");
    return run(loaded, [address, u64(bytes.length)]);
  } finally {
    if (bytes.length > 0) memory.free(address);
    loaded.free();
  }
}
