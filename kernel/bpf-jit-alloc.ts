// bpf_jit_binary_alloc: where a JITed image lies inside its pages, behind a header, at a random start among trap words.
// Where the pages lie is bpf_jit_image_alloc's choice, which a caller may replace.
import { hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault, type KernelMemory } from "../bpf/memory.ts";
import { KernelUsageError } from "./error.ts";
import type { Random } from "./random.ts";
import type { LinuxVersion } from "./version.ts";

/** `trap`, an instruction that always traps: what fills a page around and before code [Linux arch/powerpc/net/bpf_jit_comp.c bpf_jit_fill_ill_insns]. */
export const TRAP_WORD = 0x7fe0_0008;

/** Bytes beyond header and code that are always there for the random start. */
const SPARE = 128;

/** Memory for one image. */
export interface JitBinary {
  readonly header: U64;
  readonly image: U64;
  readonly pages: number;
}

export interface BinaryAllocator {
  readonly version: LinuxVersion;
  readonly pageBytes: number;
  readonly memory: KernelMemory;
  readonly random: Random;
  /** bpf_jit_image_alloc: pages that may be written. */
  readonly imageAlloc: (size: number) => U64 | undefined;
}

/**
 * Memory for an image of `proglen` bytes, filled with trap words, writable until it is locked.
 * @param alignment of the image's start in bytes from the header's end, a power of two of at least 4
 * @returns undefined where no memory was found
 * @throws KernelUsageError where what `imageAlloc` returned cannot be written
 * @linux kernel/bpf/core.c bpf_jit_binary_alloc
 */
export function bpfJitBinaryAlloc(
  from: BinaryAllocator,
  proglen: number,
  alignment: number,
): JitBinary | undefined {
  const { pageBytes, memory, version, random } = from;
  const header = version.binaryHeader;
  const size = Math.ceil((proglen + header.bytes + SPARE) / pageBytes) * pageBytes;
  const address = from.imageAlloc(size);
  if (address === undefined) return undefined;
  write(memory, address, trapWords(size, memory.endian));
  const pages = size / pageBytes;
  const first = memory.store(address, 4, u64(header.holds === "pages" ? pages : size));
  if (first !== undefined) throw notWritable(first.address);
  const hole = Math.min(size - (proglen + header.bytes), pageBytes - header.bytes);
  const start = random.below(hole) & ~(alignment - 1);
  return { header: address, image: address.add(header.bytes + start), pages };
}

function trapWords(bytes: number, endian: "le" | "be"): Uint8Array {
  const data = new Uint8Array(bytes);
  const view = new DataView(data.buffer);
  for (let i = 0; i < bytes; i += 4) view.setUint32(i, TRAP_WORD, endian === "le");
  return data;
}

function write(memory: KernelMemory, address: U64, data: Uint8Array): void {
  const fault = memory.write(address, data);
  if (fault instanceof MemoryFault) throw notWritable(fault.address);
}

function notWritable(address: U64): KernelUsageError {
  return new KernelUsageError(`bpf_jit_image_alloc: ${hex64(address)} cannot be written`);
}
