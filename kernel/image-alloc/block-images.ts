// Images in the linear region where the MMU maps only large blocks: several share one, which is read-only and executable from the
// start, filled with trap words, and written through the text poke area. There is no guard between them.
import { hex64, u64, type U64 } from "../../word/long.ts";
import type { MemoryFault } from "../../bpf/memory.ts";
import type { Endian } from "../../bpf/insn.ts";
import type { Kernel } from "../kernel.ts";
import { trapWords } from "../bpf-jit-alloc.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX } from "../mm/mm.ts";
import { FirstFit } from "./first-fit.ts";
import type { Place, Stretch } from "./place.ts";
import type { ImageAllocator, ImageUsage, MovedRam } from "./strategy.ts";

interface Block {
  readonly stretch: Stretch;
  /** Its pages. */
  readonly pages: FirstFit;
}

export class BlockImages implements ImageAllocator {
  readonly granuleBytes: number;
  readonly #kernel: Kernel;
  readonly #place: Place;
  readonly #endian: Endian;
  /** In the order in which they were made. */
  readonly #blocks: Block[] = [];
  /** By address. */
  readonly #images = new Map<
    string,
    { readonly block: Block; readonly first: number; readonly count: number }
  >();

  constructor(kernel: Kernel, place: Place) {
    this.#kernel = kernel;
    this.#place = place;
    this.#endian = kernel.endian;
    this.granuleBytes = kernel.pages.pageBytes;
    kernel.textPoke.area();
  }

  get usage(): ImageUsage {
    return this.#place.usage;
  }

  get areaBytes(): number | undefined {
    return this.#place.areaBytes;
  }

  get moved(): MovedRam | undefined {
    return this.#place.moved;
  }

  allocate(bytes: number): U64 | undefined {
    if (!(bytes > 0)) return undefined;
    const count = Math.ceil(bytes / this.granuleBytes);
    for (const block of this.#blocks) {
      const first = block.pages.take(count);
      if (first !== undefined) return this.#image(block, first, count);
    }
    const block = this.#newBlock(count * this.granuleBytes);
    const first = block?.pages.take(count);
    if (block === undefined || first === undefined) {
      if (block !== undefined) this.#drop(block);
      return undefined;
    }
    return this.#image(block, first, count);
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    return this.#kernel.textPoke.write(address, data);
  }

  lock(): boolean {
    return true;
  }

  free(address: U64): boolean {
    const image = this.#images.get(hex64(address));
    if (image === undefined) return false;
    this.#images.delete(hex64(address));
    const { block, first, count } = image;
    block.pages.give(first, count);
    if (block.pages.taken === 0) this.#drop(block);
    else this.#kernel.textPoke.write(address, trapWords(count * this.granuleBytes, this.#endian));
    return true;
  }

  #image(block: Block, first: number, count: number): U64 {
    const address = block.stretch.ea.add(u64(first * this.granuleBytes));
    this.#images.set(hex64(address), { block, first, count });
    return address;
  }

  #newBlock(bytes: number): Block | undefined {
    const stretch = this.#place.take(bytes);
    if (stretch === undefined) return undefined;
    const block = { stretch, pages: new FirstFit(Math.floor(stretch.usableBytes / this.granuleBytes)) };
    this.#blocks.push(block);
    if (this.#fill(stretch)) return block;
    this.#drop(block);
    return undefined;
  }

  /** Trap words before it is executable; false where a guest has written to the MMU's tables, so that it cannot be reached. */
  #fill({ ea, reals }: Stretch): boolean {
    const { mm, memory } = this.#kernel;
    const traps = trapWords(this.#place.granuleBytes, this.#endian);
    return reals.every((real, i) => {
      const at = ea.add(u64(i * this.#place.granuleBytes));
      return (
        mm.mapIrregular(at, real, PAGE_KERNEL) &&
        memory.write(at, traps) === undefined &&
        mm.protectIrregular(at, PAGE_KERNEL_ROX)
      );
    });
  }

  #drop(block: Block): void {
    this.#blocks.splice(this.#blocks.indexOf(block), 1);
    block.stretch.reals.forEach((_, i) => {
      this.#kernel.mm.unmapIrregular(block.stretch.ea.add(u64(i * this.#place.granuleBytes)));
    });
    this.#place.give(block.stretch);
  }
}
