// The kernel's side of the hashed page table: entries are inserted, found again, changed and removed.
// The processor's side, with the formats, is cpu/mmu/hash.ts.
import { ZERO, fromHalves, u64, type U64 } from "../../word/long.ts";
import type { RealMemory } from "../../cpu/mmu/mmu.ts";
import {
  abbreviatedPage,
  BASE_PAGE_SIZES,
  GROUP_BYTES,
  HPTE,
  HPTE_BYTES,
  HPTES_PER_GROUP,
  primaryHash,
  type HashTable,
  type HpteFormat,
} from "../../cpu/mmu/hash.ts";
import type { Segment } from "../../cpu/mmu/slb.ts";
import type { Random } from "../random.ts";
import type { Protection } from "./mm.ts";

/** HPTE_V_BOLTED: a software bit of an entry that is never evicted. */
const BOLTED = 0x10;

/** Where an entry stands in its group: bit 3 says secondary, bits 0:2 the slot; what Linux keeps beside the PTE. */
export type HashSlot = number;

/** log2 of a page size that can be entered as both base and actual size. */
export type HashPageShift = 12 | 16 | 24;

export interface HashPage {
  readonly segment: Segment;
  readonly ea: U64;
  readonly real: number;
  readonly shift: HashPageShift;
  readonly protection: Protection;
  readonly bolted: boolean;
}

export class KernelHashTable {
  readonly table: HashTable;
  readonly #ram: RealMemory;
  readonly #format: HpteFormat;
  readonly #random: Random;

  constructor(ram: RealMemory, table: HashTable, format: HpteFormat, random: Random) {
    this.#ram = ram;
    this.table = table;
    this.#format = format;
    this.#random = random;
  }

  /**
   * Enters a page: primary group, then secondary, then in place of an entry that is not bolted.
   * @linux arch/powerpc/mm/book3s64/hash_native.c native_hpte_insert
   */
  insert(page: HashPage): HashSlot {
    const hash = primaryHash(page.segment, page.ea, page.shift);
    for (const secondary of [0, 8]) {
      const group = this.#group(secondary === 0 ? hash : ~hash);
      for (let slot = 0; slot < HPTES_PER_GROUP; slot++) {
        const address = group + slot * HPTE_BYTES;
        if ((this.#ram.load(8, address, "be").low & HPTE.V) === 0) {
          this.#write(address, page, secondary !== 0);
          return secondary | slot;
        }
      }
    }
    return this.#evictAndInsert(page, hash);
  }

  /** Changes the protection of a page that `insert` entered; false where it has been evicted. */
  protect(page: HashPage, slot: HashSlot): boolean {
    const address = this.#find(page, slot);
    if (address === undefined) return false;
    this.#write(address, page, (slot & 8) !== 0);
    return true;
  }

  /** Takes a page out that `insert` entered; false where it has been evicted. */
  remove(page: HashPage, slot: HashSlot): boolean {
    const address = this.#find(page, slot);
    if (address === undefined) return false;
    this.#ram.store(8, address, ZERO, "be");
    return true;
  }

  /** Takes a bolted page out, wherever it stands; false where it is not there. @linux arch/powerpc/mm/book3s64/hash_native.c native_hpte_removebolted */
  removeBolted(page: HashPage): boolean {
    return Array.from({ length: 2 * HPTES_PER_GROUP }, (_, slot) => slot).some((slot) =>
      this.remove(page, slot),
    );
  }

  #group(hash: number): number {
    return this.table.base + ((hash & this.table.mask) >>> 0) * GROUP_BYTES;
  }

  /** Only a guest that has written to the table can make a group of nothing but bolted entries: then one of them goes. */
  #evictAndInsert(page: HashPage, hash: number): HashSlot {
    const group = this.#group(hash);
    const start = this.#random.below(HPTES_PER_GROUP);
    const slots = Array.from({ length: HPTES_PER_GROUP }, (_, i) => (start + i) % HPTES_PER_GROUP);
    const address = (slot: number): number => group + slot * HPTE_BYTES;
    const victim = slots.find((s) => (this.#ram.load(8, address(s), "be").low & BOLTED) === 0) ?? start;
    this.#write(address(victim), page, false);
    return victim;
  }

  #find(page: HashPage, slot: HashSlot): number | undefined {
    const hash = primaryHash(page.segment, page.ea, page.shift);
    const address = this.#group((slot & 8) === 0 ? hash : ~hash) + (slot & 7) * HPTE_BYTES;
    const wanted = this.#first(page, (slot & 8) !== 0);
    return this.#ram.load(8, address, "be").eq(wanted) ? address : undefined;
  }

  #write(address: number, page: HashPage, secondary: boolean): void {
    this.#ram.store(8, address + 8, this.#second(page), "be");
    this.#ram.store(8, address, this.#first(page, secondary), "be");
  }

  /** @linux arch/powerpc/include/asm/book3s/64/mmu-hash.h hpte_encode_v, hpte_old_to_new_v */
  #first(page: HashPage, secondary: boolean): U64 {
    const flags =
      HPTE.V | (secondary ? HPTE.H : 0) | (page.shift === 12 ? 0 : HPTE.L) | (page.bolted ? BOLTED : 0);
    const avpn = abbreviatedPage(page.segment, page.ea);
    // Pages above 8 MiB have address bits in the field that are not part of the page number.
    const low = avpn.low & ~(page.shift > 23 ? (2 ** (page.shift - 23) - 1) << 7 : 0);
    const b = page.segment.segmentShift === 40 ? 0x4000_0000 : 0;
    const high = this.#format === "3.0" ? avpn.high & 0x000f_ffff : avpn.high | b;
    return fromHalves(high, low | flags);
  }

  /**
   * Referenced, changed, coherent; kernel pages by key 0 (PP 00, or 110 read-only), user pages by key 1 (PP 10, 11).
   * @linux arch/powerpc/mm/book3s64/hash_utils.c htab_convert_pte_flags
   */
  #second(page: HashPage): U64 {
    const { protection, shift } = page;
    const b = this.#format === "3.0" && page.segment.segmentShift === 40 ? 1 << 26 : 0;
    const size = BASE_PAGE_SIZES.find((s) => s.shift === shift);
    const lp = size?.encodings.find((e) => e.shift === shift)?.lp ?? 0;
    let high = b;
    let low = HPTE.R | HPTE.C | HPTE.M | (lp << 12) | (protection.execute ? 0 : HPTE.N);
    if (protection.user) low |= protection.write ? 2 : 3;
    else if (!protection.write) {
      high |= HPTE.PP0;
      low |= 2;
    }
    return u64(page.real).or(fromHalves(high, low));
  }
}
