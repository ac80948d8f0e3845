// Free blocks of 2^order adjoining pages, split in halves and merged with their buddies, one list for each order and zone.
// It counts in page frame numbers and knows no owners: accounts, boot and zeroing are page-alloc.ts's.

/** Zones that powerpc64 has: all of a node's RAM is in one. */
export type ZoneName = "DMA" | "Normal";

const NONE = -1;

/** What all zones share: for each page frame whether a free block begins there, and its neighbors in its list. */
export class FreeBlocks {
  /** Order + 1 of the free block that begins at a page frame, 0 where none does. */
  readonly order: Uint8Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;

  /** @param frames page frames from 0 on, holes counted */
  constructor(frames: number) {
    this.order = new Uint8Array(frames);
    this.next = new Int32Array(frames);
    this.previous = new Int32Array(frames);
  }
}

/** The free lists of one node's zone. Blocks never reach over a multiple of the largest block. */
export class Zone {
  readonly name: ZoneName;
  readonly node: number;
  /** Largest order there is. */
  readonly maxOrder: number;
  /** Free blocks of each order. */
  readonly counts: Int32Array;
  readonly #blocks: FreeBlocks;
  readonly #heads: Int32Array;
  readonly #tails: Int32Array;

  constructor(blocks: FreeBlocks, name: ZoneName, node: number, maxOrder: number) {
    this.#blocks = blocks;
    this.name = name;
    this.node = node;
    this.maxOrder = maxOrder;
    this.counts = new Int32Array(maxOrder + 1);
    this.#heads = new Int32Array(maxOrder + 1).fill(NONE);
    this.#tails = new Int32Array(maxOrder + 1).fill(NONE);
  }

  /**
   * Takes a block of 2^order pages out of the smallest that holds one; its first page frame, undefined where there is none.
   * @linux mm/page_alloc.c __rmqueue_smallest
   */
  take(order: number): number | undefined {
    for (let found = order; found <= this.maxOrder; found++) {
      const frame = this.#heads[found] ?? NONE;
      if (frame === NONE) continue;
      this.#unlink(frame, found);
      for (let half = found - 1; half >= order; half--) this.#link(frame + 2 ** half, half, "head");
      return frame;
    }
    return undefined;
  }

  /**
   * Gives a block back and merges it with its buddy as far as that goes.
   * @linux mm/page_alloc.c __free_one_page
   */
  give(frame: number, order: number): void {
    let [first, size] = [frame, order];
    const { order: free } = this.#blocks;
    while (size < this.maxOrder && free[first ^ (1 << size)] === size + 1) {
      this.#unlink(first ^ (1 << size), size);
      first &= ~(1 << size);
      size++;
    }
    // Where the next larger buddy is free too, this one is left alone as long as can be: it may merge soon.
    const buddyOfPair = (first & ~(1 << size)) ^ (2 << size);
    const likely = size < this.maxOrder - 1 && free[buddyOfPair] === size + 2;
    this.#link(first, size, likely ? "tail" : "head");
  }

  /** Gives back the page frames from `from` to `to` in blocks that are as large as their alignment allows. */
  giveFrames(from: number, to: number): void {
    for (const [frame, order] of blocksOf(from, to, this.maxOrder)) this.give(frame, order);
  }

  /** Enters page frames that were never free, none of whose neighbors is, at the chosen end of the lists. */
  enter(from: number, to: number, end: "head" | "tail"): void {
    for (const [frame, order] of blocksOf(from, to, this.maxOrder)) this.#link(frame, order, end);
  }

  /** Takes the free block that a page frame lies in out of the lists; undefined where it lies in none. */
  takeAround(frame: number): { readonly frame: number; readonly order: number } | undefined {
    for (let order = 0; order <= this.maxOrder; order++) {
      const first = frame & -(1 << order);
      if (this.#blocks.order[first] !== order + 1) continue;
      this.#unlink(first, order);
      return { frame: first, order };
    }
    return undefined;
  }

  #link(frame: number, order: number, end: "head" | "tail"): void {
    const { order: free, next, previous } = this.#blocks;
    free[frame] = order + 1;
    this.counts[order] = (this.counts[order] ?? 0) + 1;
    const [ends, others] = end === "head" ? [this.#heads, this.#tails] : [this.#tails, this.#heads];
    const [inward, outward] = end === "head" ? [next, previous] : [previous, next];
    const old = ends[order] ?? NONE;
    inward[frame] = old;
    outward[frame] = NONE;
    if (old === NONE) others[order] = frame;
    else outward[old] = frame;
    ends[order] = frame;
  }

  #unlink(frame: number, order: number): void {
    const { order: free, next, previous } = this.#blocks;
    free[frame] = 0;
    this.counts[order] = (this.counts[order] ?? 0) - 1;
    const [before, after] = [previous[frame] ?? NONE, next[frame] ?? NONE];
    if (before === NONE) this.#heads[order] = after;
    else next[before] = after;
    if (after === NONE) this.#tails[order] = before;
    else previous[after] = before;
  }
}

/** First page frame and order of the largest aligned blocks that make up a stretch. */
function* blocksOf(from: number, to: number, maxOrder: number): Generator<readonly [number, number]> {
  for (let frame = from; frame < to;) {
    const aligned = frame === 0 ? maxOrder : 31 - Math.clz32(frame & -frame);
    const order = Math.min(maxOrder, aligned, 31 - Math.clz32(to - frame));
    yield [frame, order];
    frame += 2 ** order;
  }
}

/** Free blocks of a zone as others see them. */
export interface ZoneInfo {
  readonly name: ZoneName;
  readonly node: number;
  /** Real addresses that the zone spans, gaps included; `end` is the first behind it. */
  readonly start: number;
  readonly end: number;
  /** Free blocks of 2^0, 2^1, … pages. */
  readonly free: readonly number[];
}

/** The text of /proc/buddyinfo. @linux mm/vmstat.c frag_show_print */
export function buddyinfo(zones: readonly ZoneInfo[]): string {
  return zones
    .map(({ name, node, free }) => {
      const counts = free.map((count) => `${String(count).padStart(6)} `).join("");
      return `Node ${node}, zone ${name.padStart(8)} ${counts}\n`;
    })
    .join("");
}
