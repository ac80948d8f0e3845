// Packs of 2 MiB shared by many images, as Linux 5.18 and later have them: read-only and executable from the start, handed out in
// chunks of 64 bytes, written through the text poke area, filled with trap words again when freed. Packs come from module_alloc.
import { hex64, u64, type U64 } from "../../word/long.ts";
import type { MemoryFault } from "../../bpf/memory.ts";
import { trapWords } from "../bpf-jit-alloc.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { FirstFit } from "./first-fit.ts";
import {
  ImageAllocError,
  type ImageAllocator,
  type ImageAllocStrategy,
  type ImageUsage,
} from "./strategy.ts";
import { VmallocImages } from "./vmalloc-images.ts";

/** @linux kernel/bpf/core.c BPF_PROG_CHUNK_SIZE */
const CHUNK_BYTES = 64;
/** For each NUMA node. @linux kernel/bpf/core.c BPF_PROG_PACK_SIZE */
const PACK_BYTES = 0x20_0000;

interface Pack {
  readonly address: U64;
  readonly chunks: FirstFit;
}

/** An allocation; one that is larger than a pack has pages of its own. */
interface Piece {
  readonly pack: Pack | undefined;
  readonly bytes: number;
}

class ProgPacks implements ImageAllocator {
  readonly granuleBytes = CHUNK_BYTES;
  readonly #kernel: Kernel;
  readonly #packBytes: number;
  /** bpf_jit_alloc_exec. */
  readonly #exec: VmallocImages;
  /** In the order in which they were made. */
  readonly #packs: Pack[] = [];
  /** By address. */
  readonly #pieces = new Map<string, Piece>();

  constructor(kernel: Kernel, packBytes: number) {
    this.#kernel = kernel;
    this.#packBytes = packBytes;
    this.#exec = new VmallocImages(kernel, (bytes) => kernel.moduleAlloc(bytes, { owner: "bpf image" }));
    kernel.textPoke.area();
  }

  get usage(): ImageUsage {
    return this.#exec.usage;
  }

  /** @linux kernel/bpf/core.c bpf_prog_pack_alloc */
  allocate(bytes: number): U64 | undefined {
    if (!(bytes > 0)) return undefined;
    if (bytes > this.#packBytes) {
      const address = this.#filled(
        Math.ceil(bytes / this.#kernel.pages.pageBytes) * this.#kernel.pages.pageBytes,
      );
      if (address !== undefined) this.#pieces.set(hex64(address), { pack: undefined, bytes });
      return address;
    }
    const count = Math.ceil(bytes / CHUNK_BYTES);
    for (const pack of this.#packs) {
      const first = pack.chunks.take(count);
      if (first !== undefined) return this.#piece(pack, first, bytes);
    }
    const pack = this.#newPack();
    const first = pack?.chunks.take(count);
    return pack === undefined || first === undefined ? undefined : this.#piece(pack, first, bytes);
  }

  /** @linux arch/powerpc/net/bpf_jit_comp.c bpf_arch_text_copy */
  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    return this.#kernel.textPoke.write(address, data);
  }

  lock(): boolean {
    return true;
  }

  /** @linux kernel/bpf/core.c bpf_prog_pack_free */
  free(address: U64): boolean {
    const piece = this.#pieces.get(hex64(address));
    if (piece === undefined) return false;
    this.#pieces.delete(hex64(address));
    const { pack, bytes } = piece;
    if (pack === undefined) return this.#exec.free(address);
    const count = Math.ceil(bytes / CHUNK_BYTES);
    this.#kernel.textPoke.write(address, trapWords(count * CHUNK_BYTES, this.#kernel.endian));
    pack.chunks.give(address.sub(pack.address).toNumber() / CHUNK_BYTES, count);
    if (pack.chunks.taken > 0) return true;
    this.#packs.splice(this.#packs.indexOf(pack), 1);
    return this.#exec.free(pack.address);
  }

  #piece(pack: Pack, first: number, bytes: number): U64 {
    const address = pack.address.add(u64(first * CHUNK_BYTES));
    this.#pieces.set(hex64(address), { pack, bytes });
    return address;
  }

  /** @linux kernel/bpf/core.c alloc_new_pack */
  #newPack(): Pack | undefined {
    const address = this.#filled(this.#packBytes);
    if (address === undefined) return undefined;
    const pack = { address, chunks: new FirstFit(this.#packBytes / CHUNK_BYTES) };
    this.#packs.push(pack);
    return pack;
  }

  /** Executable pages full of trap words. */
  #filled(bytes: number): U64 | undefined {
    const address = this.#exec.allocate(bytes);
    if (address === undefined) return undefined;
    this.#exec.write(address, trapWords(bytes, this.#kernel.endian));
    this.#exec.lock(address, bytes);
    return address;
  }
}

export const progPackStrategy: ImageAllocStrategy = Object.freeze({
  name: "prog-pack",
  summary: "2 MiB packs of module_alloc memory, in chunks of 64 bytes, as Linux 6.12",
  create: (kernel) => {
    try {
      return new ProgPacks(kernel, PACK_BYTES * new Set(kernel.ramMap.map(({ node }) => node)).size);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      throw new ImageAllocError("ENOMEM", error.message);
    }
  },
} satisfies ImageAllocStrategy);
