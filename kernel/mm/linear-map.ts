// What of the linear map is not 1:1: pieces that were taken out, and what is mapped in the linear region at other addresses.
// The hash MMU has no page tables for that region, so this is the structure that its fault handler asks; radix keeps it in the tree.
import { KERNEL_BASE } from "../layout/image.ts";
import { u64, type U64 } from "../../word/long.ts";
import type { HashSlot } from "./hash-table.ts";
import type { Protection } from "./mm.ts";

/** A granule that is mapped irregularly. */
export interface IrregularPage {
  readonly real: number;
  readonly protection: Protection;
  /** Hash: where it was entered last; undefined before it was. */
  readonly slot: HashSlot | undefined;
}

/** Granules of RAM that are not at their linear address with the linear map's protection. */
export class LinearExceptions {
  readonly #granuleBytes: number;
  /** Numbers of granules. */
  readonly #granules = new Set<number>();

  constructor(granuleBytes: number) {
    this.#granuleBytes = granuleBytes;
  }

  /** Takes note of whole granules of RAM, by real address: taken out, or there again. */
  set(from: number, to: number, isTakenOut: boolean): void {
    for (let real = from; real < to; real += this.#granuleBytes) {
      const granule = real / this.#granuleBytes;
      if (isTakenOut) this.#granules.add(granule);
      else this.#granules.delete(granule);
    }
  }

  /** Whether none of these bytes of RAM was taken out. */
  isPlain(real: number, length: number): boolean {
    if (this.#granules.size === 0) return true;
    const last = Math.floor((real + Math.max(length, 1) - 1) / this.#granuleBytes);
    for (let granule = Math.floor(real / this.#granuleBytes); granule <= last; granule++) {
      if (this.#granules.has(granule)) return false;
    }
    return true;
  }
}

/** Irregular pages by effective address: the page table that the hash MMU's linear region has not got. */
export class IrregularPages {
  /** By offset in the linear region. */
  readonly #pages = new Map<number, IrregularPage>();

  get(ea: U64): IrregularPage | undefined {
    return this.#pages.get(linearOffset(ea));
  }

  set(ea: U64, page: IrregularPage): void {
    this.#pages.set(linearOffset(ea), page);
  }

  delete(ea: U64): void {
    this.#pages.delete(linearOffset(ea));
  }
}

/** Bytes from the start of the linear map; every region in 0xc is small enough for a number. */
export function linearOffset(ea: U64): number {
  return ea.sub(KERNEL_BASE).toNumber();
}

/** The start of the granule, a power of two in bytes, that an address lies in. */
export function granuleOf(ea: U64, granuleBytes: number): U64 {
  return ea.sub(u64(linearOffset(ea) % granuleBytes));
}
