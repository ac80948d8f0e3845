// bpf_jit_binary_alloc: where a JITed image lies inside its pages, behind a header, at a random start among trap words.
// Where the pages lie is bpf_jit_image_alloc's choice, which a caller may replace.
import { hex64, type U64 } from "../word/long.ts";
import type { Endian } from "../bpf/insn.ts";
import { KernelUsageError } from "./error.ts";
import type { Kernel } from "./kernel.ts";

/** `trap`, an instruction that always traps: what fills a page around and before code [Linux arch/powerpc/net/bpf_jit_comp.c bpf_jit_fill_ill_insns]. */
export const TRAP_WORD = 0x7fe0_0008;

/** Bytes beyond header and code that are always there for the random start: in pages, and in chunks of a pack. */
const SPARE = { pages: 128, chunks: 16 };
/** struct bpf_binary_header of images in packs, whichever kernel has them. @linux include/linux/filter.h bpf_binary_header */
const PACK_HEADER = { bytes: 8, holds: "bytes" } as const;

/** Memory for one image. */
export interface JitBinary {
  readonly header: U64;
  readonly image: U64;
  /** Bytes from the header on, all of them the image's. */
  readonly bytes: number;
}

/** What of a kernel it stands on; `imageAlloc` is bpf_jit_image_alloc. */
export type BinaryAllocator = Pick<
  Kernel,
  "layout" | "pages" | "endian" | "random" | "imageAlloc" | "jitLimit"
>;

/**
 * Memory for an image of `proglen` bytes, filled with trap words, to be written until it is locked.
 * @param alignment of the image's start in bytes from the header's end, a power of two of at least 4
 * @param privileged whether the limit holds back nothing
 * @returns undefined where no memory was found, or the limit does not allow it
 * @throws KernelUsageError where what `imageAlloc` returned cannot be written
 * @linux kernel/bpf/core.c bpf_jit_binary_alloc, bpf_jit_binary_pack_alloc
 */
export function bpfJitBinaryAlloc(
  from: BinaryAllocator,
  proglen: number,
  alignment: number,
  privileged: boolean,
): JitBinary | undefined {
  const { imageAlloc, random, endian, jitLimit } = from;
  const { version } = from.layout;
  const { pageBytes } = from.pages;
  const isPack = imageAlloc.granuleBytes < pageBytes;
  const header = isPack ? PACK_HEADER : version.binaryHeader;
  const unit = isPack ? imageAlloc.granuleBytes : pageBytes;
  const size = binaryBytes(from, proglen);
  if (!jitLimit.charge(size, privileged)) return undefined;
  const address = imageAlloc.allocate(size);
  if (address === undefined) {
    jitLimit.uncharge(size);
    return undefined;
  }
  const data = trapWords(size, endian);
  const first = header.holds === "pages" ? size / pageBytes : size;
  new DataView(data.buffer).setUint32(0, first, endian === "le");
  const fault = imageAlloc.write(address, data);
  if (fault !== undefined) {
    imageAlloc.free(address);
    jitLimit.uncharge(size);
    throw new KernelUsageError(`bpf_jit_image_alloc: ${hex64(fault.address)} cannot be written`);
  }
  const hole = Math.min(size - (proglen + header.bytes), unit - header.bytes);
  const start = random.below(hole) & ~(alignment - 1);
  return { header: address, image: address.add(header.bytes + start), bytes: size };
}

/** Bytes that an image of `proglen` bytes takes: header, code and spare, in whole pages or chunks. */
export function binaryBytes({ imageAlloc, pages, layout }: BinaryAllocator, proglen: number): number {
  const { granuleBytes } = imageAlloc;
  const { pageBytes } = pages;
  if (granuleBytes < pageBytes) {
    return Math.ceil((proglen + PACK_HEADER.bytes + SPARE.chunks) / granuleBytes) * granuleBytes;
  }
  return Math.ceil((proglen + layout.version.binaryHeader.bytes + SPARE.pages) / pageBytes) * pageBytes;
}

/** So many bytes of instructions that always trap. */
export function trapWords(bytes: number, endian: Endian): Uint8Array {
  const data = new Uint8Array(bytes);
  const view = new DataView(data.buffer);
  view.setUint32(0, TRAP_WORD, endian === "le");
  for (let filled = 4; filled < bytes; filled *= 2) data.copyWithin(filled, 0, filled);
  return data;
}
