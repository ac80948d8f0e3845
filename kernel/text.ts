// Kernel text in guest memory: interrupt vectors, what is assembled from text/*.s, the call of the host into guest code,
// and functions that trap to TypeScript. What the traps do is entry.ts's work.
import { ZERO, u64, type U64 } from "../word/long.ts";
import { encode } from "../cpu/isa/encode.ts";
import type { Ram } from "../cpu/ram.ts";
import type { Endian } from "../cpu/state.ts";
import { KernelUsageError } from "./error.ts";
import type { Kallsyms, KernelSymbol } from "./kallsyms.ts";
import type { Caller, FunctionResult } from "./caller.ts";
import { IMAGE, KERNEL_BASE, linear } from "./layout/image.ts";
import { unpackUnits, type TextUnit } from "./text/unit.ts";
import { packedUnits } from "./text/units.ts";
import { VECTORS } from "./text/vectors.ts";

export type Abi = "elfv2" | "elfv1";

/** Arguments of a kernel function: r3 to r7. */
export type Arguments = readonly [U64, U64, U64, U64, U64];

/** A function of kernel text whose body is TypeScript. */
export interface KernelFunction {
  /** As in kallsyms: `bpf_map_lookup_elem`. */
  readonly symbol: string;
  /** The value for r3; a fault ends in an oops inside the function, a call that failed in that call's oops. */
  readonly call: (args: Arguments, caller: Caller) => FunctionResult;
  /** Whether modules may use it, as with EXPORT_SYMBOL; default no. */
  readonly exported?: boolean;
  /** Whether its symbol is local to its file; default no. */
  readonly isStatic?: boolean;
}

/** How the host gets into guest code. */
export interface TestRun {
  /** Address of the code. */
  readonly entry: U64;
  /** Instructions up to the one that calls, and those behind it, which are not the callee's. */
  readonly enterInsns: number;
  readonly leaveInsns: number;
}

/** What an attn instruction in kernel text means. */
export type Trap =
  | { readonly kind: "vector"; readonly vector: number }
  | { readonly kind: "function"; readonly function: KernelFunction }
  /** A storage or segment interrupt, with the registers of the interrupted code in the frame that r1 points to. */
  | { readonly kind: "exception" }
  | { readonly kind: "return" };

/** Bytes of text that one function may take: entry, trap, return, padding. */
const SLOT_BYTES = 32;
const DESCRIPTOR_BYTES = 24;
/** What assembled units are aligned to. */
const UNIT_ALIGNMENT = 32;
/** Bytes from the global to the local entry point of an ELFv2 function that uses the TOC [ELFv2 2.3.2.1]. */
const LOCAL_ENTRY = 8;

/** Interrupts whose entries with translation on are assembled. */
const STORAGE_VECTORS: ReadonlySet<number> = new Set([0x300, 0x380, 0x400, 0x480]);
/** Units that have to be in a certain place. */
const FIXED_PLACES: Readonly<Record<string, number>> = {
  "exception-vectors.s": IMAGE.storageVectors,
  "exception-common.s": IMAGE.exceptionCommon,
};

/** The host's call into guest code, with where it comes back to. */
const TEST_RUN = "bpf_test_run";

export class KernelText {
  readonly abi: Abi;
  /** r2 of the kernel. */
  readonly toc: U64 = linear(IMAGE.toc);
  readonly #ram: Ram;
  readonly #endian: Endian;
  readonly #kallsyms: Kallsyms;
  /** By real address of the attn instruction. */
  readonly #traps = new Map<number, Trap>();
  /** C pointers by symbol: of what is assembled, and of what modules may use. */
  readonly #guestCode = new Map<string, U64>();
  readonly #exported = new Map<string, U64>();
  /** Bytes of what is assembled, by symbol. */
  readonly #sizes = new Map<string, number>();
  /** Local entry points by global ones, real addresses; of ELFv2 functions that set r2. */
  readonly #localEntries = new Map<number, number>();
  #testRun: TestRun | undefined;
  #nextUnit: number = IMAGE.library;
  #nextTable: number = IMAGE.etext;
  #nextFunction: number = IMAGE.functions;
  #nextDescriptor: number = IMAGE.opd;

  constructor(
    ram: Ram,
    options: { readonly endian: Endian; readonly abi: Abi; readonly kallsyms: Kallsyms },
  ) {
    this.#ram = ram;
    this.#endian = options.endian;
    this.abi = options.abi;
    this.#kallsyms = options.kallsyms;
    this.#writeVectors();
    // __bpf_call_base: what a call instruction's imm counts from; it returns 0.
    this.#write(IMAGE.bpfCallBase, [encode("addi", { RT: 3, RA0: 0, SI: 0 }), BLR]);
    this.#name("__bpf_call_base", IMAGE.bpfCallBase, 8);
    for (const unit of unpackUnits(packedUnits, options)) this.#place(unit);
  }

  /** bpf_test_run, which the host enters, with the C pointer of the function to call in r12. */
  get testRun(): TestRun {
    if (this.#testRun === undefined) throw new Error(`kernel text has no ${TEST_RUN}`);
    return this.#testRun;
  }

  /** What entries of interrupts read: end of the kernel's stack, emergency stack pointer, paca. */
  writeExceptionConstants(values: readonly [U64, U64, U64]): void {
    values.forEach((value, i) => {
      this.#ram.store(8, IMAGE.exceptionConstants + 8 * i, value, this.#endian);
    });
  }

  /** Instructions from a storage or segment interrupt to the attn on the kernel's stack, and from there back. */
  get exceptionInsns(): { readonly enter: number; readonly leave: number } {
    const words = (symbol: string): number => (this.#sizes.get(symbol) ?? 0) / 4;
    // One instruction is for other stacks only.
    const enter = words("exc_virt_0x4300_data_access") + words("exception_common") - 1;
    return { enter, leave: words("exception_return") };
  }

  /** `__bpf_call_base` as a C pointer: on ELFv1 its descriptor. */
  get bpfCallBase(): U64 {
    return this.#kallsyms.address("__bpf_call_base") ?? ZERO;
  }

  /**
   * Puts a function into kernel text.
   * @returns it as a C pointer: the global entry point, on ELFv1 the descriptor
   * @throws KernelUsageError where text has no room or the name exists
   */
  add(kernelFunction: KernelFunction): U64 {
    const { symbol, isStatic = false } = kernelFunction;
    const start = this.#nextFunction;
    if (start + SLOT_BYTES > IMAGE.etext) throw new KernelUsageError(`no room in kernel text for ${symbol}`);
    if (this.#kallsyms.address(symbol) !== undefined) {
      throw new KernelUsageError(`kernel text has a symbol ${symbol} already`);
    }
    this.#nextFunction += SLOT_BYTES;
    const prologue = this.abi === "elfv2" ? this.#tocPrologue(start) : [];
    const words = [...prologue, ATTN, BLR];
    this.#write(start, words);
    this.#traps.set(start + 4 * prologue.length, { kind: "function", function: kernelFunction });
    if (prologue.length > 0) this.#localEntries.set(start, start + LOCAL_ENTRY);
    const pointer = this.#name(symbol, start, 4 * words.length, isStatic ? "t" : "T");
    if (kernelFunction.exported === true) this.#exported.set(symbol, pointer);
    return pointer;
  }

  /**
   * Puts a table of C pointers into read-only data.
   * @param pointers by byte offset; what lies between is 0
   */
  addTable(symbol: string, bytes: number, pointers: ReadonlyMap<number, U64>): U64 {
    const start = this.#nextTable;
    if (start + bytes > IMAGE.textEnd) throw new KernelUsageError(`no room in read-only data for ${symbol}`);
    this.#nextTable = alignUp(start + bytes, 8);
    for (const [offset, pointer] of pointers) this.#ram.store(8, start + offset, pointer, this.#endian);
    return this.#symbol(symbol, start, bytes, "r");
  }

  /** The C pointer of a function that is guest code (assembled from text/*.s) by its symbol; undefined where there is none. */
  guestCode(symbol: string): U64 | undefined {
    return this.#guestCode.get(symbol);
  }

  /** The C pointer of a symbol that modules may use; undefined where there is none. @linux kernel/module/main.c find_symbol */
  exported(symbol: string): U64 | undefined {
    return this.#exported.get(symbol);
  }

  /** The address that a caller with the kernel's TOC in r2 branches to, for a C pointer to a function of kernel text. */
  localEntry(pointer: U64): U64 {
    const offset = pointer.sub(KERNEL_BASE);
    if (offset.gte(u64(IMAGE.end - 8))) return pointer;
    const real = offset.low;
    if (this.abi === "elfv1") {
      const inOpd = real >= IMAGE.opd && real < this.#nextDescriptor;
      return inOpd ? this.#ram.load(8, real, this.#endian) : pointer;
    }
    const local = this.#localEntries.get(real);
    return local === undefined ? pointer : linear(local);
  }

  /** Whether a code address lies in the kernel's own text. @linux kernel/extable.c core_kernel_text */
  isCoreText(address: U64): boolean {
    return address.sub(KERNEL_BASE).lt(u64(IMAGE.etext));
  }

  /** What the attn instruction at `cia` means; undefined where the kernel has none there. */
  trapAt(cia: U64): Trap | undefined {
    // Vectors of machine check and system reset are reached with translation off.
    if (cia.high !== KERNEL_BASE.high && cia.high !== 0) return undefined;
    return this.#traps.get(cia.low >>> 0);
  }

  #writeVectors(): void {
    const bases = [
      { base: IMAGE.realVectors, kind: "real" },
      { base: IMAGE.virtVectors, kind: "virt" },
    ];
    for (const [vector, name, registers] of VECTORS) {
      for (const { base, kind } of bases) {
        const at = base + vector;
        if (kind === "virt" && STORAGE_VECTORS.has(vector)) continue;
        this.#write(at, [ATTN, registers === "hsrr" ? HRFID : RFID]);
        this.#traps.set(at, { kind: "vector", vector });
        this.#symbol(`exc_${kind}_0x${at.toString(16)}_${name}`, at, 8, "t");
      }
    }
  }

  /** Writes a unit behind the last one; the distance to the TOC is known now. */
  #place({ source, symbols, words }: TextUnit): void {
    const fixed = FIXED_PLACES[source];
    const start = fixed ?? this.#nextUnit;
    if (fixed === undefined) this.#nextUnit = alignUp(start + 4 * words.length, UNIT_ALIGNMENT);
    if (this.#nextUnit > IMAGE.bpfCallBase) throw new Error("kernel text has no room for its own functions");
    this.#write(start, words);
    for (const { name, offset, size, isFunction, isGlobal, isExported, localEntry } of symbols) {
      const real = start + offset;
      const attn = words.slice(offset / 4, (offset + size) / 4).indexOf(ATTN);
      if (attn >= 0) this.#traps.set(real + 4 * attn, { kind: name === TEST_RUN ? "return" : "exception" });
      this.#sizes.set(name, size);
      if (!isFunction) {
        this.#symbol(name, real, size, isGlobal ? "T" : "t");
        continue;
      }
      if (localEntry === LOCAL_ENTRY) {
        this.#write(real, this.#tocPrologue(real));
        this.#localEntries.set(real, real + LOCAL_ENTRY);
      }
      const pointer = this.#name(name, real, size, isGlobal ? "T" : "t");
      this.#guestCode.set(name, pointer);
      if (name === TEST_RUN) {
        const enterInsns = words.indexOf(BCTRL) + 1;
        this.#testRun = { entry: linear(real), enterInsns, leaveInsns: words.length - enterInsns };
      }
      if (isExported) this.#exported.set(name, pointer);
    }
  }

  /** r2 from r12, the address of the function itself [ELFv2 2.3.2.1]. */
  #tocPrologue(start: number): readonly number[] {
    const distance = IMAGE.toc - start;
    const low = (distance << 16) >> 16;
    const high = (distance - low) >> 16;
    return [encode("addis", { RT: 2, RA0: 12, SI: high }), encode("addi", { RT: 2, RA0: 2, SI: low })];
  }

  /** Enters a function into kallsyms, on ELFv1 with a descriptor; the C pointer. */
  #name(name: string, real: number, size: number, type: "T" | "t" = "T"): U64 {
    if (this.abi === "elfv2") return this.#symbol(name, real, size, type);
    const descriptor = this.#nextDescriptor;
    this.#nextDescriptor += DESCRIPTOR_BYTES;
    this.#ram.store(8, descriptor, linear(real), this.#endian);
    this.#ram.store(8, descriptor + 8, this.toc, this.#endian);
    this.#symbol(`.${name}`, real, size, type);
    return this.#symbol(name, descriptor, DESCRIPTOR_BYTES, type === "T" ? "D" : "d");
  }

  #symbol(name: string, real: number, size: number, type: KernelSymbol["type"]): U64 {
    const address = linear(real);
    this.#kallsyms.add({ name, address, size, type });
    return address;
  }

  #write(real: number, words: readonly number[]): void {
    words.forEach((word, i) => {
      this.#ram.store(4, real + 4 * i, u64(word), this.#endian);
    });
  }
}

function alignUp(real: number, alignment: number): number {
  return Math.ceil(real / alignment) * alignment;
}

const ATTN = encode("attn", {});
const BLR = encode("bclr", { BO: 20 });
const BCTRL = encode("bcctr", { BO: 20, LK: 1 });
const RFID = encode("rfid", {});
const HRFID = encode("hrfid", {});
