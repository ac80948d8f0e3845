// A range of the linear region's addresses for images, with RAM from elsewhere behind it, so that it is not 1:1.
import { u64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import { linearOffset } from "../mm/linear-map.ts";
import { FirstFit } from "./first-fit.ts";
import { adjoiningPages, type Place, type Stretch } from "./place.ts";
import type { ImageUsage, MovedRam } from "./strategy.ts";

/** RAM by the granule. */
export interface Backing {
  /** Real address, aligned to the granule; undefined where none is left. */
  take(): number | undefined;
  give(real: number): void;
  /** Bytes that are held. */
  readonly ramBytes: number;
}

/** Granules from the page allocator. */
export class AllocatedBacking implements Backing {
  readonly #kernel: Kernel;
  readonly #granuleBytes: number;
  #held = 0;

  constructor(kernel: Kernel, granuleBytes: number) {
    this.#kernel = kernel;
    this.#granuleBytes = granuleBytes;
  }

  get ramBytes(): number {
    return this.#held * this.#granuleBytes;
  }

  take(): number | undefined {
    const real = adjoiningPages(this.#kernel, this.#granuleBytes, this.#granuleBytes);
    if (real !== undefined) this.#held++;
    return real;
  }

  give(real: number): void {
    this.#kernel.pages.release(real, this.#granuleBytes / this.#kernel.pages.pageBytes);
    this.#held--;
  }
}

/** A range of addresses in the linear region with RAM from elsewhere behind; an unmapped granule follows each stretch where granules are pages. */
export class RangePlace implements Place {
  readonly granuleBytes: number;
  readonly #start: U64;
  readonly #units: FirstFit;
  readonly #guard: number;
  readonly #backing: Backing;
  readonly areaBytes: number;
  readonly moved: MovedRam | undefined;

  /**
   * @param range whole granules
   * @param moved RAM that made room: its old place, which is the range, and its new one are held
   */
  constructor(
    kernel: Kernel,
    range: { readonly start: U64; readonly end: U64; readonly granuleBytes: number },
    backing: Backing = new AllocatedBacking(kernel, range.granuleBytes),
    moved?: MovedRam,
  ) {
    this.#start = range.start;
    this.granuleBytes = range.granuleBytes;
    this.areaBytes = linearOffset(range.end) - linearOffset(range.start);
    this.#units = new FirstFit(this.areaBytes / this.granuleBytes);
    this.#guard = this.granuleBytes === kernel.pages.pageBytes ? 1 : 0;
    this.#backing = backing;
    this.moved = moved;
  }

  get usage(): ImageUsage {
    const vaBytes = this.moved === undefined ? this.#units.taken * this.granuleBytes : 2 * this.moved.bytes;
    return { ramBytes: this.#backing.ramBytes, vaBytes };
  }

  take(bytes: number): Stretch | undefined {
    const count = Math.ceil(bytes / this.granuleBytes);
    const first = this.#units.take(count + this.#guard);
    if (first === undefined) return undefined;
    const reals: number[] = [];
    while (reals.length < count) {
      const real = this.#backing.take();
      if (real === undefined) {
        reals.forEach((each) => this.#backing.give(each));
        this.#units.give(first, count + this.#guard);
        return undefined;
      }
      reals.push(real);
    }
    const ea = this.#start.add(u64(first * this.granuleBytes));
    return { ea, reals, usableBytes: count * this.granuleBytes };
  }

  give({ ea, reals }: Stretch): void {
    for (const real of reals) this.#backing.give(real);
    const first = (linearOffset(ea) - linearOffset(this.#start)) / this.granuleBytes;
    this.#units.give(first, reals.length + this.#guard);
  }
}
