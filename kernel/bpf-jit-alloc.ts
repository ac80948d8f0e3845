// bpf_jit_binary_alloc: where a JITed image lies inside its pages, behind a header, at a random start among trap words.
// Where the pages lie is bpf_jit_image_alloc's choice, which a caller may replace.
import { hex64, type U64 } from "../word/long.ts";
import type { Endian } from "../bpf/insn.ts";
import { KernelUsageError } from "./error.ts";
import type { ImageAllocator } from "./image-alloc/strategy.ts";
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
  readonly endian: Endian;
  readonly random: Random;
  /** bpf_jit_image_alloc: where pages come from. */
  readonly imageAlloc: ImageAllocator;
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
  const { pageBytes, imageAlloc, version, random, endian } = from;
  const header = version.binaryHeader;
  const size = Math.ceil((proglen + header.bytes + SPARE) / pageBytes) * pageBytes;
  const address = imageAlloc.allocate(size);
  if (address === undefined) return undefined;
  const pages = size / pageBytes;
  const data = trapWords(size, endian);
  data.setUint32(0, header.holds === "pages" ? pages : size, endian === "le");
  const fault = imageAlloc.write(address, new Uint8Array(data.buffer));
  if (fault !== undefined) {
    imageAlloc.free(address);
    throw new KernelUsageError(`bpf_jit_image_alloc: ${hex64(fault.address)} cannot be written`);
  }
  const hole = Math.min(size - (proglen + header.bytes), pageBytes - header.bytes);
  const start = random.below(hole) & ~(alignment - 1);
  return { header: address, image: address.add(header.bytes + start), pages };
}

function trapWords(bytes: number, endian: Endian): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  for (let i = 0; i < bytes; i += 4) view.setUint32(i, TRAP_WORD, endian === "le");
  return view;
}
