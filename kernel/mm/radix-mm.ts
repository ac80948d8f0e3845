// Memory management on the radix MMU: the kernel's tree as process 0, partition and process table in guest memory.
// The processor walks the tree itself, so there is nothing to fill on a fault.
import { ZERO, fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import type { Cpu } from "../../cpu/cpu.ts";
import { linear } from "../layout/image.ts";
import type { Layout } from "../layout/layout.ts";
import { LinearExceptions } from "./linear-map.ts";
import { PAGE_KERNEL, type MemoryManagement, type Protection, type TableMemory } from "./mm.ts";
import { PageTable, leafFor, realOf } from "./page-table.ts";

/** Process ids of POWER9 and POWER10 have 20 bits; the process table has an entry of 16 bytes for each. */
export const PROCESS_TABLE_BYTES = 2 ** (20 + 4);
/** The process on whose behalf the kernel runs; it has no pages, so that quadrant 0 faults. */
const PROCESS = 1;
const RTS_52 = fromHalves(2 << 29, 5 << 5);
const PATB_HR = fromHalves(0x8000_0000, 0);

export interface RadixMmOptions {
  readonly cpu: Cpu;
  readonly layout: Layout;
  readonly tables: TableMemory;
  /** Real address of the process table, aligned to PROCESS_TABLE_BYTES. */
  readonly processTable: number;
}

export class RadixMm implements MemoryManagement {
  readonly #cpu: Cpu;
  readonly #layout: Layout;
  readonly #pageTable: PageTable;
  readonly #partitionTable: number;
  readonly #processTable: number;
  readonly #userTable: PageTable;
  readonly #exceptions: LinearExceptions;
  /** A base page: larger ones of the linear map are split where one of them changes. */
  readonly linearGranuleBytes: number;

  constructor(options: RadixMmOptions) {
    const { cpu, layout, tables, processTable } = options;
    this.#cpu = cpu;
    this.#layout = layout;
    this.#processTable = processTable;
    this.linearGranuleBytes = 2 ** layout.pageShift;
    this.#exceptions = new LinearExceptions(this.linearGranuleBytes);
    this.#pageTable = new PageTable(cpu.ram, tables, layout);
    this.#userTable = new PageTable(cpu.ram, tables, layout);
    this.#partitionTable = tables.allocateTable(0x1_0000);
    this.restore();
  }

  restore(): void {
    const { state, ram } = this.#cpu;
    const root = (table: PageTable): U64 => RTS_52.or(u64(table.root + table.rootBits));
    ram.store(8, this.#processTable, root(this.#pageTable), "be");
    ram.store(8, this.#processTable + 16 * PROCESS, root(this.#userTable), "be");
    ram.store(8, this.#partitionTable, PATB_HR.or(root(this.#pageTable)), "be");
    // PRTS and PATS are log2 of the sizes less 12.
    const prts = Math.log2(PROCESS_TABLE_BYTES) - 12;
    ram.store(8, this.#partitionTable + 8, u64(this.#processTable + prts), "be");
    state.setSpr("PTCR", u64(this.#partitionTable + 4));
    state.setSpr("PIDR", u64(PROCESS));
  }

  /** With the largest pages that fit. @linux arch/powerpc/mm/book3s64/radix_pgtable.c create_physical_mapping */
  mapLinear(from: number, to: number, protection: Protection): void {
    let real = from;
    while (real < to) {
      const fitting = [30, 21].filter((s) => real % 2 ** s === 0 && real + 2 ** s <= to);
      // Where a piece was taken out, a table is in the way of larger pages.
      const shift = [...fitting, this.#layout.pageShift].find((s) =>
        this.#pageTable.mapLarge(linear(real), s, leafFor(real, protection)),
      );
      const next = real + (shift === undefined ? this.linearGranuleBytes : 2 ** shift);
      // A guest may have written something there that no page fits into: it stays taken out.
      if (shift !== undefined) this.#exceptions.set(real, next, false);
      real = next;
    }
  }

  unmapLinear(from: number, to: number): void {
    const pages = Array.from({ length: (to - from) / this.linearGranuleBytes }, (_, i) =>
      linear(from + i * this.linearGranuleBytes),
    );
    for (const page of pages) this.#pageTable.split(page);
    for (const page of pages) this.#unmapPage(page);
    this.#exceptions.set(from, to, true);
  }

  isPlainLinear(real: number, length: number): boolean {
    return this.#exceptions.isPlain(real, length);
  }

  irregularGranule(): number {
    return this.linearGranuleBytes;
  }

  mapIrregular(ea: U64, real: number, protection: Protection): boolean {
    return this.#pageTable.page(ea) === undefined && this.#pageTable.map(ea, real, protection);
  }

  unmapIrregular(ea: U64): number | undefined {
    return this.#unmapPage(ea);
  }

  protectIrregular(ea: U64, protection: Protection): boolean {
    return this.protect(ea, protection);
  }

  realAddress(ea: U64): number | undefined {
    const leaf = this.#pageTable.page(ea)?.leaf;
    return leaf === undefined ? undefined : realOf(leaf) + (ea.low & (this.linearGranuleBytes - 1));
  }

  mapVmemmap(ea: U64, real: number, bytes: number): void {
    if (!this.#pageTable.mapLarge(ea, Math.log2(bytes), leafFor(real, PAGE_KERNEL)))
      throw new Error(`vmemmap at ${hex64(ea)}: a table is in the way`);
  }

  map(ea: U64, real: number, protection: Protection): boolean {
    return this.#pageTable.map(ea, real, protection);
  }

  unmap(ea: U64): number | undefined {
    return this.#unmapPage(ea);
  }

  protect(ea: U64, protection: Protection): boolean {
    const found = this.#pageTable.page(ea);
    if (found === undefined) return false;
    this.#pageTable.write(found.address, leafFor(realOf(found.leaf), protection));
    this.#cpu.flushTlb();
    return true;
  }

  evict(): boolean {
    return false;
  }

  resolve(): boolean {
    return false;
  }

  #unmapPage(ea: U64): number | undefined {
    const found = this.#pageTable.page(ea);
    if (found === undefined) return undefined;
    this.#pageTable.write(found.address, ZERO);
    this.#cpu.flushTlb();
    return realOf(found.leaf);
  }
}
