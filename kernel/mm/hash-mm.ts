// Memory management on the hash MMU: bolted linear map, SLB filled by segment interrupts, Linux page tables behind hash faults.
// The tables' formats are elsewhere: page-table.ts, hash-table.ts, cpu/mmu/hash.ts.
import { ZERO, fromHalves, u64, type U64 } from "../../word/long.ts";
import type { Cpu } from "../../cpu/cpu.ts";
import { Slb, SLB_ENTRIES, type Segment } from "../../cpu/mmu/slb.ts";
import { KERNEL_BASE } from "../layout/image.ts";
import { regionOf, type Layout, type Region } from "../layout/layout.ts";
import type { Random } from "../random.ts";
import { HashLinear, LINEAR_BYTES } from "./hash-linear.ts";
import { KernelHashTable, type HashPage, type HashPageShift } from "./hash-table.ts";
import { PAGE_KERNEL, type MemoryManagement, type Protection, type TableMemory } from "./mm.ts";
import { HASHPTE_HIGH, PageTable, PTE, leafFor, realOf } from "./page-table.ts";
import { BOLTED_ENTRIES, PARTITION_TABLE_BYTES, SLB, segmentFor, useHashTable } from "./segment.ts";

/** Where user addresses end: 128T, all that a process gets without asking for more. */
const TASK_END = fromHalves(0x0000_8000, 0);

export interface HashMmOptions {
  readonly cpu: Cpu;
  readonly layout: Layout;
  readonly tables: TableMemory;
  readonly random: Random;
  /** Where the hash table lies: real address, aligned to its size; size in bytes, 2^18 or more. */
  readonly table: { readonly base: number; readonly bytes: number };
  /** log2 of the size of vmemmap's pages. */
  readonly vmemmapShift: HashPageShift;
}

/**
 * Bytes of the hash table for so much RAM.
 * @linux arch/powerpc/mm/book3s64/hash_utils.c htab_get_table_size
 */
export function hashTableBytes(ramBytes: number, pageShift: number): number {
  return 2 ** Math.max(18, Math.ceil(Math.log2(ramBytes)) - (pageShift + 1) + 7);
}

export class HashMm implements MemoryManagement {
  readonly #cpu: Cpu;
  readonly #layout: Layout;
  readonly #slb: Slb;
  readonly #hash: KernelHashTable;
  readonly #pageTable: PageTable;
  readonly #partitionTable: number;
  readonly #table: HashMmOptions["table"];
  readonly #vmemmapShift: HashPageShift;
  readonly #linear: HashLinear;
  readonly linearGranuleBytes = LINEAR_BYTES;
  /** SLB entry that the next segment interrupt fills. */
  #nextEntry = BOLTED_ENTRIES;

  constructor(options: HashMmOptions) {
    const { cpu, layout, tables, random, table } = options;
    this.#cpu = cpu;
    this.#layout = layout;
    this.#slb = new Slb(cpu.state);
    const format = cpu.state.model === "power8" ? "2.07" : "3.0";
    const mask = table.bytes / 128 - 1;
    this.#hash = new KernelHashTable(cpu.ram, { base: table.base, mask }, format, random);
    const segment = (ea: U64): Segment => this.#segment(this.#linearRegion(), ea, 40);
    this.#linear = new HashLinear({ cpu, hash: this.#hash, pageShift: layout.pageShift, segment });
    this.#table = table;
    this.#vmemmapShift = options.vmemmapShift;
    this.#pageTable = new PageTable(cpu.ram, tables, layout);
    this.#partitionTable = cpu.state.model === "power8" ? 0 : tables.allocateTable(PARTITION_TABLE_BYTES);
    this.restore();
  }

  restore(): void {
    useHashTable(this.#cpu, this.#table, this.#partitionTable);
    this.#slb.reset();
    this.#fill(0, KERNEL_BASE, this.#linearRegion(), 0);
    this.#nextEntry = BOLTED_ENTRIES;
  }

  mapLinear(from: number, to: number, protection: Protection): void {
    this.#linear.mapLinear(from, to, protection);
  }

  unmapLinear(from: number, to: number): void {
    this.#linear.unmapLinear(from, to);
  }

  isPlainLinear(real: number, length: number): boolean {
    return this.#linear.isPlainLinear(real, length);
  }

  irregularGranule(ea: U64): number {
    return 2 ** this.#linear.shift(ea);
  }

  mapIrregular(ea: U64, real: number, protection: Protection): boolean {
    return this.#linear.mapIrregular(ea, real, protection);
  }

  unmapIrregular(ea: U64): number | undefined {
    return this.#linear.unmapIrregular(ea);
  }

  protectIrregular(ea: U64, protection: Protection): boolean {
    return this.#linear.protectIrregular(ea, protection);
  }

  realAddress(ea: U64): number | undefined {
    if (this.#isLinear(ea)) return this.#linear.realAddress(ea);
    const leaf = this.#mapped(ea)?.leaf;
    return leaf === undefined ? undefined : realOf(leaf) + (ea.low & (2 ** this.#layout.pageShift - 1));
  }

  mapVmemmap(ea: U64, real: number, bytes: number): void {
    if (bytes !== 2 ** this.#vmemmapShift) throw new Error(`a page of ${bytes} bytes: not vmemmap's size`);
    const segment = this.#segment(regionOf(this.#layout, ea), ea, 40);
    this.#hash.insert({
      segment,
      ea,
      real,
      shift: this.#vmemmapShift,
      protection: PAGE_KERNEL,
      bolted: true,
    });
  }

  map(ea: U64, real: number, protection: Protection): boolean {
    return this.#pageTable.map(ea, real, protection);
  }

  unmap(ea: U64): number | undefined {
    const found = this.#mapped(ea);
    if (found === undefined) return undefined;
    const page = this.#hashPage(ea, found.leaf);
    if (page !== undefined && (found.leaf.high & HASHPTE_HIGH) !== 0) {
      this.#hash.remove(page, this.#slot(found.address));
      this.#cpu.flushTlb();
    }
    this.#pageTable.write(found.address, ZERO);
    return realOf(found.leaf);
  }

  protect(ea: U64, protection: Protection): boolean {
    const found = this.#mapped(ea);
    if (found === undefined) return false;
    const hashed = found.leaf.high & HASHPTE_HIGH;
    const leaf = leafFor(realOf(found.leaf), protection).or(fromHalves(hashed, 0));
    this.#pageTable.write(found.address, leaf);
    const page = this.#hashPage(ea, leaf);
    if (page !== undefined && hashed !== 0) {
      this.#hash.protect(page, this.#slot(found.address));
      this.#cpu.flushTlb();
    }
    return true;
  }

  evict(ea: U64): boolean {
    const page = this.#entered(ea);
    if (page === undefined || !this.#hash.remove(page.page, page.slot)) return false;
    this.#cpu.flushTlb();
    return true;
  }

  resolve(vector: number, ea: U64): boolean {
    if (vector === 0x380 || vector === 0x480) return this.#segmentFault(ea);
    if (this.#isLinear(ea)) return this.#linear.resolve(ea);
    const found = this.#mapped(ea);
    if (found === undefined) return false;
    const page = this.#hashPage(ea, found.leaf);
    if (page === undefined) return false;
    // DIVERGES: Linux looks at the protection first and reports "no translation" for a page that it has not hashed yet;
    // here the entry is made, and the next attempt says what is really forbidden.
    const isHashed = (found.leaf.high & HASHPTE_HIGH) !== 0;
    // Entered, not evicted, and yet the processor did not find it: the guest has tampered with the SLB.
    if (isHashed && this.#hash.protect(page, this.#slot(found.address))) return false;
    this.#setSlot(found.address, this.#hash.insert(page));
    this.#pageTable.write(found.address, found.leaf.or(fromHalves(HASHPTE_HIGH, 0)));
    // An entry may have been evicted.
    this.#cpu.flushTlb();
    return true;
  }

  /** Fills an SLB entry. @linux arch/powerpc/mm/book3s64/slb.c slb_allocate_kernel, slb_allocate_user */
  #segmentFault(ea: U64): boolean {
    const region = regionOf(this.#layout, ea);
    if (region === undefined && ea.gte(TASK_END)) return false;
    this.#fill(this.#nextEntry, ea, region, region === undefined ? SLB.KS | SLB.C : 0);
    this.#nextEntry = this.#nextEntry === SLB_ENTRIES - 1 ? BOLTED_ENTRIES : this.#nextEntry + 1;
    return true;
  }

  #fill(index: number, ea: U64, region: Region | undefined, flags: number): void {
    // A process uses small segments below 1T.
    const shift = region === undefined && ea.high >>> 8 === 0 ? 28 : 40;
    const { vsidWord, esidWord } = this.#segment(region, ea, shift);
    this.#slb.slbmte(vsidWord.or(flags), esidWord.or(index));
  }

  #segment(region: Region | undefined, ea: U64, segmentShift: 28 | 40): Segment {
    const baseShift = this.#baseShift(region, ea);
    const context = this.#context(region, ea);
    return segmentFor({ context, ea, segmentShift, baseShift, flags: SLB.KP });
  }

  /** @linux arch/powerpc/mm/book3s64/slb.c slb_allocate_kernel */
  #baseShift(region: Region | undefined, ea: U64): HashPageShift {
    if (region?.name === "linear map") return this.#linear.shift(ea);
    return region?.name === "vmemmap" ? this.#vmemmapShift : this.#layout.pageShift;
  }

  /** @linux arch/powerpc/include/asm/book3s/64/mmu-hash.h get_kernel_context */
  #context(region: Region | undefined, ea: U64): number {
    if (region === undefined) return this.#layout.version.minUserContext;
    const within = ea.and(fromHalves(0x0fff_ffff, -1)).shru(this.#layout.contextBits).low;
    return region.name === "linear map" ? region.context + within : region.context;
  }

  #isLinear(ea: U64): boolean {
    return regionOf(this.#layout, ea)?.name === "linear map";
  }

  #linearRegion(): Region | undefined {
    return regionOf(this.#layout, KERNEL_BASE);
  }

  #mapped(ea: U64): { readonly address: number; readonly leaf: U64 } | undefined {
    const region = regionOf(this.#layout, ea);
    // The linear map and vmemmap have no page tables, and there is no process. [Linux 4.15 hash_page_mm: not a valid range]
    if (region?.name !== "vmalloc" && region?.name !== "IO") return undefined;
    return this.#pageTable.page(ea);
  }

  #hashPage(ea: U64, leaf: U64): HashPage | undefined {
    const region = regionOf(this.#layout, ea);
    if (region === undefined) return undefined;
    const protection = {
      write: (leaf.low & PTE.WRITE) !== 0,
      execute: (leaf.low & PTE.EXEC) !== 0,
      user: (leaf.low & PTE.PRIVILEGED) === 0,
    };
    const shift: HashPageShift = this.#layout.pageShift;
    return {
      segment: this.#segment(region, ea, 40),
      ea,
      real: realOf(leaf),
      shift,
      protection,
      bolted: false,
    };
  }

  /** What was entered in the hash table for a page, and where; it may have been evicted since. */
  #entered(address: U64): { readonly page: HashPage; readonly slot: number } | undefined {
    if (this.#isLinear(address)) return this.#linear.entered(address);
    const found = this.#mapped(address);
    const page = found === undefined ? undefined : this.#hashPage(address, found.leaf);
    if (found === undefined || page === undefined || (found.leaf.high & HASHPTE_HIGH) === 0) return undefined;
    return { page, slot: this.#slot(found.address) };
  }

  #slot(entryAddress: number): number {
    return this.#pageTable.read(this.#pageTable.slotAddress(entryAddress)).low;
  }

  #setSlot(entryAddress: number, slot: number): void {
    this.#pageTable.write(this.#pageTable.slotAddress(entryAddress), u64(slot));
  }
}
