// Symbols of the kernel and of JITed programs: by address with offset and size, and by name.
// What an oops prints and what bpftool's resolving asks.
import { hex64, u64, ZERO, type U64 } from "../word/long.ts";

export interface KernelSymbol {
  readonly name: string;
  readonly address: U64;
  /** Bytes; an address at or behind address + size is not the symbol's. */
  readonly size: number;
  /** As /proc/kallsyms says it: T text, D data, R read-only data; small letters for what is static. */
  readonly type: "T" | "t" | "D" | "d" | "R" | "r";
  /** What stands in brackets behind it: the module, or `bpf` for JITed code. */
  readonly module?: string;
  /** Left out of `text`, as JITed code is with net.core.bpf_jit_kallsyms=0; an oops knows it all the same. */
  readonly isHidden?: boolean;
}

/** What stands in brackets behind JITed code. */
const BPF = "bpf";

/** A symbol found by an address inside it. */
export interface Resolved {
  readonly name: string;
  readonly address: U64;
  /** Bytes from the symbol's start. */
  readonly offset: number;
  readonly size: number;
  /** The module that it belongs to. */
  readonly module?: string | undefined;
}

/**
 * The table, sorted by address; several symbols may have one name, the latest is found by it, those of modules last.
 * A module's is `module:name` too.
 */
export class Kallsyms {
  readonly #sorted: KernelSymbol[] = [];
  readonly #byName = new Map<string, KernelSymbol>();

  add(symbol: KernelSymbol): void {
    this.#sorted.splice(this.#above(symbol.address), 0, symbol);
    this.#byName.set(key(symbol), symbol);
  }

  /** Takes a symbol out by its address; whether there was one. */
  remove(address: U64): boolean {
    const index = this.#above(address) - 1;
    const symbol = this.#sorted[index];
    if (symbol === undefined || !symbol.address.eq(address)) return false;
    this.#sorted.splice(index, 1);
    if (this.#byName.get(key(symbol)) === symbol) this.#byName.delete(key(symbol));
    return true;
  }

  /** The symbol that an address lies in. */
  lookup(address: U64): Resolved | undefined {
    const symbol = this.#sorted[this.#above(address) - 1];
    if (symbol === undefined) return undefined;
    const distance = address.sub(symbol.address);
    if (distance.gte(u64(symbol.size))) return undefined;
    const { name, size } = symbol;
    // JITed code is in brackets in /proc/kallsyms, not in an oops.
    const module = symbol.module === BPF ? undefined : symbol.module;
    return { name, address: symbol.address, offset: distance.toNumber(), size, module };
  }

  /** Where a name is. @linux kernel/kallsyms.c kallsyms_lookup_name */
  address(name: string): U64 | undefined {
    const own = this.#byName.get(name);
    return (own ?? this.#sorted.findLast((symbol) => symbol.name === name))?.address;
  }

  /**
   * /proc/kallsyms: address, type, name, module; the kernel's own first.
   * @param showValues whether the reader may see addresses; else they are zeros
   * @param isShown which symbols are there; by default those that are not hidden
   * @linux kernel/kallsyms.c s_show, kallsyms_show_value
   */
  text(showValues: boolean, isShown = ({ isHidden }: KernelSymbol): boolean => isHidden !== true): string {
    const line = ({ address, type, name, module }: KernelSymbol): string =>
      `${hex64(showValues ? address : ZERO).slice(2)} ${type} ${name}${module === undefined ? "" : `\t[${module}]`}\n`;
    const shown = this.#sorted.filter((symbol) => isShown(symbol));
    const own = shown.filter(({ module }) => module === undefined);
    return [...own, ...shown.filter(({ module }) => module !== undefined)].map(line).join("");
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

function key({ name, module }: KernelSymbol): string {
  return module === undefined ? name : `${module}:${name}`;
}

/** `name+0xoff/0xsize`, and behind it the module: `[name]`. */
export function symbolText({ name, offset, size, module }: Resolved): string {
  const text = `${name}+0x${offset.toString(16)}/0x${size.toString(16)}`;
  return module === undefined ? text : `${text} [${module}]`;
}
