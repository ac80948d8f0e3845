// What a strategy for bpf_jit_image_alloc is: where the pages of JITed images come from, and how they are written and locked.
// Which strategies there are is table.ts's; how an image lies in its pages is bpf-jit-alloc.ts's.
import type { U64 } from "../../word/long.ts";
import type { MemoryFault } from "../../bpf/memory.ts";
import type { Kernel } from "../kernel.ts";

/** Why a kernel cannot have a strategy, as errno. */
export type ImageAllocErrno = "EINVAL" | "ENOMEM" | "ENXIO" | "EBUSY" | "EOPNOTSUPP";

/** This layout or RAM map cannot have the strategy that was asked for; the message says why. */
export class ImageAllocError extends Error {
  override readonly name = "ImageAllocError";
  readonly errno: ImageAllocErrno;

  constructor(errno: ImageAllocErrno, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** What an allocator holds now, in bytes. */
export interface ImageUsage {
  /** RAM that nobody else can use. */
  readonly ramBytes: number;
  /** Effective addresses that nobody else can use, guard pages included. */
  readonly vaBytes: number;
}

/** RAM that is not at its linear address any more. */
export interface MovedRam {
  /** Real address of its first byte, and how many there are. */
  readonly real: number;
  readonly bytes: number;
  /** Where it is mapped now. */
  readonly ea: U64;
}

/** Memory for images in one kernel. */
export interface ImageAllocator {
  /** Bytes that every allocation is rounded up to: a page, or a chunk of a pack. */
  readonly granuleBytes: number;
  /** Memory of `bytes` bytes that `write` reaches; undefined where there is none, and nothing is held then. */
  allocate(bytes: number): U64 | undefined;
  /** Writes into what `allocate` gave, locked or not; nothing is written where there is a fault. */
  write(address: U64, data: Uint8Array): MemoryFault | undefined;
  /** Makes what `allocate` gave read-only and executable; false where the pages have no protection of their own. */
  lock(address: U64, bytes: number): boolean;
  /** Gives back what `allocate` gave, by its address; whether there was anything. */
  free(address: U64): boolean;
  readonly usage: ImageUsage;
  /** Bytes of addresses that images have to themselves; undefined where they share others' or have no range. */
  readonly areaBytes?: number | undefined;
  /** RAM that made room for images. */
  readonly moved?: MovedRam | undefined;
}

/** A way to find memory for images, by name; `create` makes it in one kernel. */
export interface ImageAllocStrategy {
  /** As on the command line: `linear-hole`. */
  readonly name: string;
  /** Form of what may stand behind `name:`; none where nothing may. */
  readonly argument?: string;
  /** Whether there must be an argument. */
  readonly needsArgument?: boolean;
  /** One line for people: where images lie. */
  readonly summary: string;
  /** An argument that fits a kernel, for a matrix of all strategies. */
  readonly defaultArgument?: (kernel: Kernel) => string;
  /**
   * Sets the strategy up in a booted kernel.
   * @throws ImageAllocError where this kernel cannot have it, KernelUsageError for an argument of another form
   */
  create(kernel: Kernel, argument: string | undefined): ImageAllocator;
}
