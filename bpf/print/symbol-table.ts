// /proc/kallsyms as a dump tool reads it: names by address. Addresses of zero, which who may not see any gets, are no symbols.
import { fromHalves, ZERO, type U64 } from "../../word/long.ts";

/** Bytes from a symbol's start that still count as its entry: as far as an ELFv2 local entry point can be [ELFv2 3.4.1]. */
const ENTRY_BYTES = 64;
const CALL_BASE = "__bpf_call_base";

/** A symbol near an address. */
export interface NearSymbol {
  readonly name: string;
  /** Bytes from its start. */
  readonly offset: number;
}

/** The symbols of a kernel. */
export class SymbolTable {
  /** Address of __bpf_call_base; zero where there is none to be seen. */
  readonly bpfCallBase: U64;
  readonly #names = new Map<string, string>();

  /** @param text lines of `address type name`, a module's name in brackets behind it */
  constructor(text: string) {
    let base = ZERO;
    for (const line of text.split("\n")) {
      const [, digits, name] = /^([0-9a-f]{16}) \S (\S+)/.exec(line) ?? [];
      if (digits === undefined || name === undefined) continue;
      const address = fromHalves(parseInt(digits.slice(0, 8), 16), parseInt(digits.slice(8), 16));
      if (address.isZero()) continue;
      this.#names.set(address.toString(16), name);
      if (name === CALL_BASE) base = address;
    }
    this.bpfCallBase = base;
  }

  /** The symbol that starts at an address. @linux tools/bpf/bpftool/xlated_dumper.c kernel_syms_search */
  at(address: U64): string | undefined {
    return this.#names.get(address.toString(16));
  }

  /** The symbol that an address is an entry point of; instructions have four bytes. */
  near(address: U64): NearSymbol | undefined {
    for (let offset = 0; offset <= ENTRY_BYTES; offset += 4) {
      const name = this.at(address.sub(offset));
      if (name !== undefined) return { name, offset };
    }
    return undefined;
  }
}
