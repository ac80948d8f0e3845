// The address space of one process on the real hash MMU: pages by number, made when first touched, entered on hash faults.
// Kernel addresses do not exist here; system calls reach memory through `read` and `write`.
import { fromHalves, type U64 } from "../../word/long.ts";
import type { Cpu } from "../../cpu/cpu.ts";
import { SLB_ENTRIES } from "../../cpu/mmu/slb.ts";
import { KernelUsageError } from "../error.ts";
import { KernelHashTable, type HashPage } from "../mm/hash-table.ts";
import { hashTableBytes } from "../mm/hash-mm.ts";
import { PARTITION_TABLE_BYTES, SLB, segmentFor, useHashTable } from "../mm/segment.ts";
import { PageAllocator } from "../page-alloc.ts";
import { Random } from "../random.ts";
import { USER_END, type LoadSegment } from "./executable.ts";

export const USER_PAGE = 0x1_0000;
const PAGE_SHIFT = 16;
/** A process's context number on hash; any will do. */
const CONTEXT = 8;
/** Segments are 256M below 1T and 1T above, as in Linux. */
const SMALL_SEGMENTS_END = 2 ** 40;
const NO_TRANSLATION = 0x4000_0000;

/** Addresses that get zeroed pages when they are touched; first and end are page numbers. */
interface Range {
  readonly first: number;
  end: number;
}

interface UserPage {
  readonly real: number;
  readonly write: boolean;
  readonly execute: boolean;
  /** Slot in the hash table, once entered. */
  slot: number | undefined;
}

export class AddressSpace {
  readonly #cpu: Cpu;
  readonly #pages: PageAllocator;
  readonly #hash: KernelHashTable;
  readonly #mapped = new Map<number, UserPage>();
  readonly #ranges: Range[] = [];
  #nextEntry = 0;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
    const { ram, state } = cpu;
    const bytes = hashTableBytes(ram.size, PAGE_SHIFT);
    const base = ram.size - (ram.size % bytes) - bytes;
    if (base < USER_PAGE) throw new KernelUsageError(`${ram.size} bytes of RAM are too few for a process`);
    const clear = (real: number, length: number): void => void ram.bytes(real, length).fill(0);
    this.#pages = new PageAllocator({
      pageBytes: USER_PAGE,
      ram: [{ start: 0, end: base, node: 0 }],
      clear,
    });
    this.#pages.memblockFreeAll();
    const format = state.model === "power8" ? "2.07" : "3.0";
    this.#hash = new KernelHashTable(ram, { base, mask: bytes / 128 - 1 }, format, new Random(0));
    useHashTable(
      cpu,
      { base, bytes },
      this.#pages.allocate(PARTITION_TABLE_BYTES / USER_PAGE, "page tables"),
    );
    cpu.slb.reset();
  }

  /** Pages that can still be had. */
  get freePages(): number {
    return this.#pages.free;
  }

  /** Copies a segment in. Pages that two segments share allow what either allows. @throws KernelUsageError without memory */
  load(segment: LoadSegment): void {
    const first = Math.floor(segment.address / USER_PAGE);
    const end = Math.ceil((segment.address + segment.bytes) / USER_PAGE);
    if (end - first > this.#pages.free) {
      throw new KernelUsageError(
        `segment of ${segment.bytes} bytes does not fit into ${this.#cpu.ram.size} bytes of RAM`,
      );
    }
    for (let number = first; number < end; number++) {
      const old = this.#mapped.get(number);
      const real = old?.real ?? this.#pages.allocate(1, "user");
      const write = segment.write || old?.write === true;
      const execute = segment.execute || old?.execute === true;
      this.#mapped.set(number, { real, write, execute, slot: undefined });
    }
    this.write(segment.address, segment.data);
  }

  /** Gives addresses zeroed writable pages when they are touched; both ends at pages. */
  addRange(start: number, end: number): Range {
    const range = { first: start / USER_PAGE, end: end / USER_PAGE };
    this.#ranges.push(range);
    return range;
  }

  /** Moves a range's end, dropping the pages behind it. */
  setEnd(range: Range, end: number): void {
    const pages = end / USER_PAGE;
    for (let number = pages; number < range.end; number++) this.#drop(number);
    range.end = pages;
  }

  /** What is mapped of `length` bytes, as far as it is. */
  read(address: U64, length: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    let at = toNumber(address);
    let left = length;
    while (left > 0) {
      const page = this.#page(Math.floor(at / USER_PAGE));
      if (page === undefined) break;
      const offset = at % USER_PAGE;
      const count = Math.min(left, USER_PAGE - offset);
      pieces.push(this.#cpu.ram.bytes(page.real + offset, count));
      at += count;
      left -= count;
    }
    const all = new Uint8Array(length - left);
    let place = 0;
    for (const piece of pieces) {
      all.set(piece, place);
      place += piece.length;
    }
    return all;
  }

  /** Writes whatever the protection; the addresses are mapped or in a range. */
  write(address: number, data: Uint8Array): void {
    for (let done = 0; done < data.length;) {
      const at = address + done;
      const page = this.#page(Math.floor(at / USER_PAGE));
      if (page === undefined) throw new RangeError(`user address 0x${at.toString(16)} is not mapped`);
      const count = Math.min(data.length - done, USER_PAGE - (at % USER_PAGE));
      this.#cpu.ram.bytes(page.real + (at % USER_PAGE), count).set(data.subarray(done, done + count));
      done += count;
    }
  }

  /** Handles a segment or storage interrupt; false is a fault of the program's. */
  resolve(vector: number, ea: U64, reason: number): boolean {
    const address = toNumber(ea);
    if (address >= USER_END) return false;
    if (vector === 0x380 || vector === 0x480) {
      const { vsidWord, esidWord } = this.#segment(ea);
      this.#cpu.slb.slbmte(vsidWord, esidWord.or(this.#nextEntry));
      this.#nextEntry = (this.#nextEntry + 1) % SLB_ENTRIES;
      return true;
    }
    const page = this.#page(Math.floor(address / USER_PAGE));
    if ((reason & NO_TRANSLATION) === 0 || page === undefined) return false;
    page.slot = this.#hash.insert(this.#hashPage(ea, page));
    this.#cpu.flushTlb();
    return true;
  }

  /** The page of a number; made where a range has it and memory is left. */
  #page(number: number): UserPage | undefined {
    const page = this.#mapped.get(number);
    if (page !== undefined || !this.#ranges.some((r) => number >= r.first && number < r.end)) return page;
    const real = this.#pages.tryAllocate("user");
    if (real === undefined) return undefined;
    const made = { real, write: true, execute: false, slot: undefined };
    this.#mapped.set(number, made);
    return made;
  }

  #drop(number: number): void {
    const page = this.#mapped.get(number);
    if (page === undefined) return;
    if (page.slot !== undefined) {
      const ea = fromHalves(Math.floor(number / 2 ** 16), (number % 2 ** 16) * USER_PAGE);
      this.#hash.remove(this.#hashPage(ea, page), page.slot);
      this.#cpu.flushTlb();
    }
    this.#mapped.delete(number);
    this.#pages.release(page.real);
  }

  #segment(ea: U64): ReturnType<typeof segmentFor> {
    const segmentShift = toNumber(ea) < SMALL_SEGMENTS_END ? 28 : 40;
    const flags = SLB.KS | SLB.KP | SLB.C;
    return segmentFor({ context: CONTEXT, ea, segmentShift, baseShift: PAGE_SHIFT, flags });
  }

  #hashPage(ea: U64, page: UserPage): HashPage {
    const { real, write, execute } = page;
    return {
      segment: this.#segment(ea),
      ea,
      real,
      shift: PAGE_SHIFT,
      protection: { write, execute, user: true },
      bolted: false,
    };
  }
}

/** A user address as a number; larger ones lose their low bits and stay larger. */
function toNumber(address: U64): number {
  return (address.high >>> 0) * 2 ** 32 + (address.low >>> 0);
}
