// Linux's page tables in guest memory: four levels, big-endian entries, leaves with the same bits on hash and radix.
// On radix the processor walks them; on hash the fault handler does. What a leaf allows is decided by the callers.
// A guest may have written anything here: what leads outside RAM is taken as nothing.
import { ZERO, fromHalves, u64, type U64 } from "../../word/long.ts";
import type { RealMemory } from "../../cpu/mmu/mmu.ts";
import type { Layout } from "../layout/layout.ts";
import type { Protection, TableMemory } from "./mm.ts";

/** Bits of a leaf, low word [Linux 6.12 arch/powerpc/include/asm/book3s/64/pgtable.h]. */
export const PTE = Object.freeze({
  EXEC: 0x1,
  WRITE: 0x2,
  READ: 0x4,
  PRIVILEGED: 0x8,
  DIRTY: 0x80,
  ACCESSED: 0x100,
});

/** _PAGE_PRESENT and _PAGE_PTE: bits 0 and 1, V and L of a radix entry. */
const LEAF_HIGH = 0xc000_0000 | 0;
/** H_PAGE_HASHPTE: the page has been entered in the hash table; high word. */
export const HASHPTE_HIGH = 0x0040_0000;
/** _PAGE_PA_MAX: 53 bits of real address; high word. */
const REAL_HIGH_MASK = 0x001f_ffff;

/** A level: its index bits and the shift of the lowest of them. */
interface Level {
  readonly bits: number;
  readonly shift: number;
}

/** One tree of page tables. */
export class PageTable {
  readonly #ram: RealMemory;
  readonly #tables: TableMemory;
  readonly #layout: Layout;
  /** From the root down. */
  readonly #levels: readonly Level[];
  /** Real address of the root table. */
  readonly root: number;

  constructor(ram: RealMemory, tables: TableMemory, layout: Layout) {
    this.#ram = ram;
    this.#tables = tables;
    this.#layout = layout;
    const { pte, pmd, pud, pgd } = layout.geometry;
    let shift = layout.pageShift + pte + pmd + pud + pgd;
    this.#levels = [pgd, pud, pmd, pte].map((bits) => ({ bits, shift: (shift -= bits) }));
    this.root = this.#newTable(0);
  }

  /** Index bits of the root: RPDS of a process table entry. */
  get rootBits(): number {
    return this.#levels[0]?.bits ?? 0;
  }

  /** The base page that an address lies in, with its entry's real address; undefined where none is mapped, or a larger one. */
  page(ea: U64): { readonly address: number; readonly leaf: U64 } | undefined {
    const address = this.#walk(ea, 3, false);
    if (address === undefined) return undefined;
    const leaf = this.read(address);
    return isLeaf(leaf) ? { address, leaf } : undefined;
  }

  /** Enters a base page, making what tables lack; false only where a larger page is in the way. */
  map(ea: U64, real: number, protection: Protection): boolean {
    const address = this.#walk(ea, 3, true);
    if (address === undefined) return false;
    this.write(address, leafFor(real, protection));
    return true;
  }

  /** Enters a page of 2^shift bytes where the layout has a level of that size; false where it has not or a table is there. */
  mapLarge(ea: U64, shift: number, leaf: U64): boolean {
    const depth = this.#levels.findIndex((level) => level.shift === shift);
    const address = depth < 0 ? undefined : this.#walk(ea, depth, true);
    if (address === undefined) return false;
    const old = this.read(address);
    if (!old.isZero() && !isLeaf(old)) return false;
    this.write(address, leaf);
    return true;
  }

  /** Makes base pages of a larger page that an address lies in, mapped as before. @throws OutOfMemoryError; the page is whole then, or of smaller pieces */
  split(ea: U64): void {
    for (let depth = 1; depth < 3; depth++) {
      const address = this.#walk(ea, depth, false);
      const leaf = address === undefined ? ZERO : this.read(address);
      const level = this.#levels[depth + 1];
      if (address === undefined || !isLeaf(leaf) || level === undefined) continue;
      const table = this.#newTable(depth + 1);
      for (let i = 0; i < 2 ** level.bits; i++)
        this.write(table + 8 * i, leaf.add(u64(i * 2 ** level.shift)));
      this.write(address, this.#directoryEntry(table, depth + 1));
    }
  }

  read(address: number): U64 {
    return this.#ram.has(address, 8) ? this.#ram.load(8, address, "be") : ZERO;
  }

  write(address: number, entry: U64): void {
    if (this.#ram.has(address, 8)) this.#ram.store(8, address, entry, "be");
  }

  /** Real address of the second half of a page-table entry on hash, where the slot in the hash table is kept. */
  slotAddress(entryAddress: number): number {
    return entryAddress + 8 * 2 ** this.#layout.geometry.pte;
  }

  #walk(ea: U64, depth: number, make: boolean): number | undefined {
    let table = this.root;
    for (let i = 0; ; i++) {
      const level = this.#levels[i];
      if (level === undefined) return undefined;
      const address = table + 8 * indexOf(ea, level);
      if (!this.#ram.has(address, 8)) return undefined;
      if (i === depth) return address;
      let entry = this.read(address);
      if (isLeaf(entry)) return undefined;
      if (entry.isZero()) {
        if (!make) return undefined;
        entry = this.#directoryEntry(this.#newTable(i + 1), i + 1);
        this.write(address, entry);
      }
      table = (entry.high & 0x0fff_ffff) * 2 ** 32 + ((entry.low & ~0xff) >>> 0);
    }
  }

  /** An entry that leads to a table: V, and on radix the next level's size. */
  #directoryEntry(table: number, depth: number): U64 {
    const nextBits = this.#layout.mmu === "radix" ? (this.#levels[depth]?.bits ?? 0) : 0;
    return u64(table).or(fromHalves(0x8000_0000, nextBits));
  }

  /** On hash a page table has a second half for hash slots. */
  #newTable(depth: number): number {
    const bytes = 8 * 2 ** (this.#levels[depth]?.bits ?? 0);
    return this.#tables.allocateTable(this.#layout.mmu === "hash" && depth === 3 ? 2 * bytes : bytes);
  }
}

/** Which entry of its table an address is in. hot: scripts/bench-alloc.ts */
function indexOf(ea: U64, { bits, shift }: Level): number {
  const shifted = shift >= 32 ? ea.high >>> (shift - 32) : (ea.low >>> shift) | (ea.high << (32 - shift));
  return shifted & (2 ** bits - 1);
}

/** A leaf for RAM at a real address: present, accessed and dirty as kernel pages are from the start. */
export function leafFor(real: number, protection: Protection): U64 {
  const { write, execute, user } = protection;
  const flags =
    PTE.READ |
    PTE.ACCESSED |
    PTE.DIRTY |
    (write ? PTE.WRITE : 0) |
    (execute ? PTE.EXEC : 0) |
    (user ? 0 : PTE.PRIVILEGED);
  return u64(real).or(fromHalves(LEAF_HIGH, flags));
}

/** Whether an entry is a page rather than a table (or nothing). */
function isLeaf(entry: U64): boolean {
  return (entry.high & LEAF_HIGH) === LEAF_HIGH;
}

/** Real address of a leaf's page. */
export function realOf(leaf: U64): number {
  return (leaf.high & REAL_HIGH_MASK) * 2 ** 32 + ((leaf.low & ~0xfff) >>> 0);
}
