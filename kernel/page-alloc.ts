// Real memory by the page: what Linux's page allocator hands out, with an account for each owner. At boot, memblock's way.
// Free blocks are buddy.ts's; mapping pages is the callers' work.
import { FreeBlocks, Zone, type ZoneInfo, type ZoneName } from "./buddy.ts";
import { OutOfMemoryError } from "./error.ts";
import { ramEnd, SECTION_BYTES, type RamRange } from "./ram-map.ts";

const OWNERS = ["kernel", "page tables", "slab", "vmalloc", "user", "bpf image", "module"] as const;

/** Who holds pages, as accounts name it. */
export type PageOwner = (typeof OWNERS)[number];

/** Marks what is not RAM, or RAM that never was in the allocator's hands. */
const NOBODY = 0xff;

export interface PageAllocatorOptions {
  /** Bytes of a page, a power of two. */
  readonly pageBytes: number;
  /** Where RAM is. */
  readonly ram: readonly RamRange[];
  /** Real addresses of RAM that is not to be handed out, page-aligned. */
  readonly reserved?: readonly { readonly start: number; readonly end: number }[];
  /** Name of each node's zone; default Normal. */
  readonly zone?: ZoneName;
  /** Which end of memory is handed out first once boot is over; default "low". */
  readonly first?: "low" | "high";
  /** Sets `length` bytes at a real address to 0. */
  readonly clear: (real: number, length: number) => void;
}

/** Where an allocation should come from. */
export interface Placement {
  /** Preferred node; the others follow in ascending order. Default: the node of real address 0. */
  readonly node?: number;
  /** Only zones of this name. */
  readonly zone?: ZoneName;
}

/**
 * Hands out pages that are zeroed; memory that was never used is taken to be zero. Until `memblockFreeAll` everything comes from the top of
 * memory, afterwards from free lists.
 */
export class PageAllocator {
  readonly pageBytes: number;
  /** Largest order: blocks of 16 MiB whatever the page. @linux arch/powerpc/Kconfig ARCH_FORCE_MAX_ORDER; 4.15 FORCE_MAX_ZONEORDER */
  readonly maxOrder: number;
  /** Pages there are. */
  readonly total: number;
  readonly #options: PageAllocatorOptions;
  /** For each page frame 0 when free, NOBODY, or the owner's index + 1. */
  readonly #owner: Uint8Array;
  /** 1 where a page has been handed out before, so that it must be cleared. */
  readonly #used: Uint8Array;
  readonly #held = new Int32Array(OWNERS.length);
  #free: number;
  readonly #zones: readonly Zone[];
  /** The zone of each section, by its number. */
  readonly #zoneOfSection: readonly (Zone | undefined)[];
  #isBooting = true;
  #changed: ((real: number, count: number, refcount: 0 | 1) => void) | undefined;

  constructor(options: PageAllocatorOptions) {
    const { pageBytes, ram, reserved = [], zone = "Normal" } = options;
    this.#options = options;
    this.pageBytes = pageBytes;
    this.maxOrder = Math.log2(SECTION_BYTES / pageBytes);
    const frames = Math.floor(ramEnd(ram) / pageBytes);
    this.#owner = new Uint8Array(frames).fill(NOBODY);
    this.#used = new Uint8Array(frames);
    for (const { start, end } of ram) this.#owner.fill(0, start / pageBytes, end / pageBytes);
    for (const { start, end } of reserved) this.#owner.fill(NOBODY, start / pageBytes, end / pageBytes);
    let total = 0;
    for (const owner of this.#owner) if (owner === 0) total++;
    this.total = total;
    this.#free = this.total;
    const blocks = new FreeBlocks(frames);
    const nodes = [...new Set(ram.map(({ node }) => node))].sort((a, b) => a - b);
    this.#zones = nodes.map((node) => new Zone(blocks, zone, node, this.maxOrder));
    this.#zoneOfSection = Array.from({ length: Math.ceil(ramEnd(ram) / SECTION_BYTES) }, (_, section) => {
      const range = ram.find(({ end }) => end > section * SECTION_BYTES);
      return this.#zones.find(({ node }) => node === range?.node);
    });
  }

  /** Pages that nobody holds. */
  get free(): number {
    return this.#free;
  }

  /** Pages that an owner holds. */
  held(owner: PageOwner): number {
    return this.#held[OWNERS.indexOf(owner)] ?? 0;
  }

  /** Zones in the order of their nodes, with what their free lists hold now: nothing before the end of boot. */
  get zones(): readonly ZoneInfo[] {
    return this.#zones.map(({ name, node, counts }) => {
      const ranges = this.#options.ram.filter((range) => range.node === node);
      const [start, end] = [ranges[0]?.start ?? 0, ramEnd(ranges)];
      return { name, node, start, end, free: [...counts] };
    });
  }

  /** Whose a page is; undefined where nobody holds it or the allocator never had it. */
  ownerOf(real: number): PageOwner | undefined {
    return OWNERS[(this.#owner[Math.floor(real / this.pageBytes)] ?? 0) - 1];
  }

  /** Whether nobody holds a page of RAM. */
  isFree(real: number): boolean {
    return this.#owner[Math.floor(real / this.pageBytes)] === 0;
  }

  /** Calls for pages that are handed out (count 1) or given back (0) from now on: who keeps struct pages. */
  watch(changed: (real: number, count: number, refcount: 0 | 1) => void): void {
    this.#changed = changed;
  }

  /** Ends boot: what has not been taken goes to the free lists. @linux mm/memblock.c memblock_free_all */
  memblockFreeAll(): void {
    if (!this.#isBooting) return;
    this.#isBooting = false;
    // Linux 4.15 enters each block at its list's head, later kernels at its tail.
    const end = this.#options.first === "high" ? "head" : "tail";
    const sectionFrames = 2 ** this.maxOrder;
    for (let from = this.#owner.indexOf(0); from >= 0;) {
      const section = Math.floor(from / sectionFrames);
      const limit = (section + 1) * sectionFrames;
      let to = from;
      while (to < limit && this.#owner[to] === 0) to++;
      this.#zoneOfSection[section]?.enter(from, to, end);
      from = this.#owner.indexOf(0, to);
    }
  }

  /**
   * Real address of one zeroed page, or undefined when none is left.
   * DIVERGES: it comes from the free lists; Linux has a list of single pages for each processor in front of them.
   */
  tryAllocate(owner: PageOwner): number | undefined {
    return this.allocateOrder(0, owner);
  }

  /** Real address of 2^order adjoining zeroed pages, aligned to their size; undefined where there are none. @linux mm/page_alloc.c __alloc_pages */
  allocateOrder(order: number, owner: PageOwner, placement: Placement = {}): number | undefined {
    const count = 2 ** order;
    if (!Number.isInteger(order) || order < 0) return undefined;
    const frame = this.#isBooting ? this.#fromTop(count, count) : this.#takeBlock(order, placement);
    return frame === undefined ? undefined : this.#take(frame, count, owner);
  }

  /**
   * Real address of `count` adjoining zeroed pages; the rest of the block that they come from stays free. More than the largest block
   * holds, or is aligned to, is looked for page by page.
   * @param alignBytes alignment of the first, a power of two
   * @throws OutOfMemoryError, for a count of 0 too
   * @linux mm/page_alloc.c alloc_pages_exact, alloc_contig_pages
   */
  allocate(count: number, owner: PageOwner, alignBytes = this.pageBytes): number {
    const align = Math.max(1, alignBytes / this.pageBytes);
    const order = Math.ceil(Math.log2(Math.max(count, align)));
    let frame: number | undefined;
    if (!(count > 0)) frame = undefined;
    else if (this.#isBooting) frame = this.#fromTop(count, align);
    else if (order > this.maxOrder) {
      frame = this.#adjoining(count, align);
      if (frame !== undefined) this.#takeFrames(frame, frame + count);
    } else {
      frame = this.#takeBlock(order, {});
      if (frame !== undefined) this.#zone(frame).giveFrames(frame + count, frame + 2 ** order);
    }
    if (frame !== undefined) return this.#take(frame, count, owner);
    throw new OutOfMemoryError(
      `no ${count} adjoining pages of ${this.pageBytes} bytes: ${this.free} of ${this.total} are free`,
    );
  }

  /**
   * Takes certain pages, zeroed: whether all of them were free, else nothing is taken.
   * @param real page-aligned; bytes are rounded up to pages
   * @linux mm/page_alloc.c alloc_contig_range; kernel pages cannot be moved out of its way
   */
  allocateRange(real: number, bytes: number, owner: PageOwner): boolean {
    const [frame, count] = [real / this.pageBytes, Math.ceil(bytes / this.pageBytes)];
    if (!(Number.isInteger(frame) && frame >= 0 && count > 0 && frame + count <= this.#owner.length))
      return false;
    if (this.#lastTaken(frame, count) !== undefined) return false;
    if (!this.#isBooting) this.#takeFrames(frame, frame + count);
    this.#take(frame, count, owner);
    return true;
  }

  /** Gives pages back. Throws RangeError for pages that nobody holds: our bug. */
  release(real: number, count = 1): void {
    const first = real / this.pageBytes;
    for (let frame = first; frame < first + count; frame++) {
      const mark = this.#owner[frame] ?? 0;
      if (mark === 0 || mark === NOBODY)
        throw new RangeError(`page at real 0x${(frame * this.pageBytes).toString(16)} is not held`);
      this.#owner[frame] = 0;
      this.#held[mark - 1] = (this.#held[mark - 1] ?? 0) - 1;
      this.#free++;
    }
    this.#changed?.(real, count, 0);
    if (this.#isBooting) return;
    // A stretch may reach over sections of several nodes.
    const sectionFrames = 2 ** this.maxOrder;
    for (let from = first; from < first + count;) {
      const to = Math.min(first + count, (Math.floor(from / sectionFrames) + 1) * sectionFrames);
      this.#zone(from).giveFrames(from, to);
      from = to;
    }
  }

  #zone(frame: number): Zone {
    const zone = this.#zoneOfSection[frame >>> this.maxOrder];
    if (zone === undefined) throw new RangeError(`page frame ${frame} is in no zone`);
    return zone;
  }

  #takeBlock(order: number, { node, zone: name }: Placement): number | undefined {
    const preferred = this.#zones.find((zone) => zone.node === (node ?? this.#options.ram[0]?.node));
    const frame = name === undefined || preferred?.name === name ? preferred?.take(order) : undefined;
    if (frame !== undefined) return frame;
    for (const zone of this.#zones) {
      if (zone === preferred || (name !== undefined && zone.name !== name)) continue;
      const other = zone.take(order);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  /** Takes free page frames out of the lists, whatever blocks they lie in. */
  #takeFrames(from: number, to: number): void {
    for (let frame = from; frame < to;) {
      const zone = this.#zone(frame);
      const block = zone.takeAround(frame);
      if (block === undefined) throw new RangeError(`page frame ${frame} is free and in no list`);
      const end = block.frame + 2 ** block.order;
      if (block.frame < from) zone.giveFrames(block.frame, from);
      if (end > to) zone.giveFrames(to, end);
      frame = end;
    }
  }

  /** The highest free place. @linux mm/memblock.c memblock_find_in_range_node */
  #fromTop(count: number, align: number): number | undefined {
    let end = this.#owner.lastIndexOf(0) + 1;
    for (;;) {
      const frame = Math.floor((end - count) / align) * align;
      if (frame < 0) return undefined;
      const taken = this.#firstTaken(frame, count);
      if (taken === undefined) return frame;
      // Below what is in the way, and at the end of something free.
      end = taken === 0 ? 0 : this.#owner.lastIndexOf(0, taken - 1) + 1;
    }
  }

  /** The lowest free place. */
  #adjoining(count: number, align: number): number | undefined {
    for (let frame = this.#owner.indexOf(0); frame >= 0;) {
      frame = Math.ceil(frame / align) * align;
      if (frame + count > this.#owner.length) return undefined;
      const taken = this.#lastTaken(frame, count);
      if (taken === undefined) return frame;
      frame = this.#owner.indexOf(0, taken);
    }
    return undefined;
  }

  #firstTaken(frame: number, count: number): number | undefined {
    for (let f = frame; f < frame + count; f++) if (this.#owner[f] !== 0) return f;
    return undefined;
  }

  #lastTaken(frame: number, count: number): number | undefined {
    for (let f = frame + count - 1; f >= frame; f--) if (this.#owner[f] !== 0) return f;
    return undefined;
  }

  #take(frame: number, count: number, owner: PageOwner): number {
    const { clear } = this.#options;
    const index = OWNERS.indexOf(owner);
    for (let f = frame; f < frame + count; f++) {
      if (this.#used[f] === 1) clear(f * this.pageBytes, this.pageBytes);
      this.#used[f] = 1;
      this.#owner[f] = index + 1;
    }
    this.#held[index] = (this.#held[index] ?? 0) + count;
    this.#free -= count;
    this.#changed?.(frame * this.pageBytes, count, 1);
    return frame * this.pageBytes;
  }
}
