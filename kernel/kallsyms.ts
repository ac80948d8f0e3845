// Symbols of the kernel and of JITed programs: by address with offset and size, and by name.
// What an oops prints and what bpftool's resolving asks.
import { u64, type U64 } from "../word/long.ts";

export interface KernelSymbol {
  readonly name: string;
  readonly address: U64;
  /** Bytes; an address at or behind address + size is not the symbol's. */
  readonly size: number;
  /** As /proc/kallsyms says it: T text, t static text, D data. */
  readonly type: "T" | "t" | "D";
}

/** A symbol found by an address inside it. */
export interface Resolved {
  readonly name: string;
  readonly address: U64;
  /** Bytes from the symbol's start. */
  readonly offset: number;
  readonly size: number;
}

/** The table, sorted by address; several symbols may have one name, the latest is found by it. */
export class Kallsyms {
  readonly #sorted: KernelSymbol[] = [];
  readonly #byName = new Map<string, KernelSymbol>();

  add(symbol: KernelSymbol): void {
    this.#sorted.splice(this.#above(symbol.address), 0, symbol);
    this.#byName.set(symbol.name, symbol);
  }

  /** Takes a symbol out by its address; whether there was one. */
  remove(address: U64): boolean {
    const index = this.#above(address) - 1;
    const symbol = this.#sorted[index];
    if (symbol === undefined || !symbol.address.eq(address)) return false;
    this.#sorted.splice(index, 1);
    if (this.#byName.get(symbol.name) === symbol) this.#byName.delete(symbol.name);
    return true;
  }

  /** The symbol that an address lies in. */
  lookup(address: U64): Resolved | undefined {
    const symbol = this.#sorted[this.#above(address) - 1];
    if (symbol === undefined) return undefined;
    const distance = address.sub(symbol.address);
    if (distance.gte(u64(symbol.size))) return undefined;
    return { name: symbol.name, address: symbol.address, offset: distance.toNumber(), size: symbol.size };
  }

  /** Where a name is. */
  address(name: string): U64 | undefined {
    return this.#byName.get(name)?.address;
  }

  /** All symbols, ascending. */
  get symbols(): readonly KernelSymbol[] {
    return this.#sorted;
  }

  /** Index of the first symbol above the address. */
  #above(address: U64): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const symbol = this.#sorted[middle];
      if (symbol !== undefined && symbol.address.lte(address)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** `name+0xoff/0xsize`, or the address as `0x…` where no symbol has it. */
export function symbolText(found: Resolved): string {
  return `${found.name}+0x${found.offset.toString(16)}/0x${found.size.toString(16)}`;
}
