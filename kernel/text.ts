// Kernel text in guest memory: interrupt vectors, __bpf_call_base, the call of the host into guest code, and functions
// that trap to TypeScript. What the traps do is entry.ts's work.
import { ZERO, u64, type U64 } from "../word/long.ts";
import { encode } from "../cpu/isa/encode.ts";
import type { Ram } from "../cpu/ram.ts";
import type { Endian } from "../cpu/state.ts";
import { KernelUsageError } from "./error.ts";
import type { Kallsyms } from "./kallsyms.ts";
import type { Caller, FunctionResult } from "./caller.ts";
import { IMAGE, KERNEL_BASE, linear } from "./layout/image.ts";

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
}

/** What an attn instruction in kernel text means. */
export type Trap =
  | { readonly kind: "vector"; readonly vector: number }
  | { readonly kind: "function"; readonly function: KernelFunction }
  | { readonly kind: "return" };

/** Interrupts that have a handler, with the names that Linux gives their vectors [Linux 6.12 arch/powerpc/kernel/exceptions-64s.S]. */
const VECTORS: readonly (readonly [number, string, "hsrr"?])[] = [
  [0x100, "system_reset"],
  [0x200, "machine_check"],
  [0x300, "data_access"],
  [0x380, "data_access_slb"],
  [0x400, "instruction_access"],
  [0x480, "instruction_access_slb"],
  [0x500, "hardware_interrupt", "hsrr"],
  [0x600, "alignment"],
  [0x700, "program_check"],
  [0x800, "fp_unavailable"],
  [0x900, "decrementer"],
  [0x980, "hdecrementer", "hsrr"],
  [0xa00, "doorbell_super"],
  [0xc00, "system_call"],
  [0xd00, "single_step"],
  [0xe00, "h_data_storage", "hsrr"],
  [0xe20, "h_instr_storage", "hsrr"],
  [0xe40, "emulation_assist", "hsrr"],
  [0xe60, "hmi_exception", "hsrr"],
  [0xe80, "h_doorbell", "hsrr"],
  [0xea0, "h_virt_irq", "hsrr"],
  [0xf00, "performance_monitor"],
  [0xf20, "altivec_unavailable"],
  [0xf40, "vsx_unavailable"],
  [0xf60, "facility_unavailable"],
  [0xf80, "h_facility_unavailable", "hsrr"],
  [0x1500, "denorm_exception", "hsrr"],
];

/** Bytes of text that one function may take: entry, trap, return, padding. */
const SLOT_BYTES = 32;
const DESCRIPTOR_BYTES = 24;
/** Bytes from the global to the local entry point of an ELFv2 function that uses the TOC [ELFv2 2.3.2.1]. */
const LOCAL_ENTRY = 8;

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
  /** C pointers by symbol. */
  readonly #exported = new Map<string, U64>();
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
    this.#write(IMAGE.testRun, [BCTRL, ATTN]);
    this.#traps.set(IMAGE.testRun + 4, { kind: "return" });
    this.#symbol(TEST_RUN, IMAGE.testRun, 8, "t");
  }

  /** What LR holds when the host has called. */
  get returnAddress(): U64 {
    return linear(IMAGE.testRun + 4);
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
    const { symbol } = kernelFunction;
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
    const pointer = this.#name(symbol, start, 4 * words.length);
    if (kernelFunction.exported === true) this.#exported.set(symbol, pointer);
    return pointer;
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
    const isTocPrologue = real >= IMAGE.functions && real < this.#nextFunction && real % SLOT_BYTES === 0;
    return isTocPrologue ? pointer.add(LOCAL_ENTRY) : pointer;
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
        this.#write(at, [ATTN, registers === "hsrr" ? HRFID : RFID]);
        this.#traps.set(at, { kind: "vector", vector });
        this.#symbol(`exc_${kind}_0x${at.toString(16)}_${name}`, at, 8, "t");
      }
    }
  }

  /** r2 from r12, the address of the function itself [ELFv2 2.3.2.1]. */
  #tocPrologue(start: number): readonly number[] {
    const distance = IMAGE.toc - start;
    const low = (distance << 16) >> 16;
    const high = (distance - low) >> 16;
    return [encode("addis", { RT: 2, RA0: 12, SI: high }), encode("addi", { RT: 2, RA0: 2, SI: low })];
  }

  /** Enters a global function into kallsyms, on ELFv1 with a descriptor; the C pointer. */
  #name(name: string, real: number, size: number): U64 {
    if (this.abi === "elfv2") return this.#symbol(name, real, size, "T");
    const descriptor = this.#nextDescriptor;
    this.#nextDescriptor += DESCRIPTOR_BYTES;
    this.#ram.store(8, descriptor, linear(real), this.#endian);
    this.#ram.store(8, descriptor + 8, this.toc, this.#endian);
    this.#symbol(`.${name}`, real, size, "T");
    return this.#symbol(name, descriptor, DESCRIPTOR_BYTES, "D");
  }

  #symbol(name: string, real: number, size: number, type: "T" | "t" | "D"): U64 {
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

const ATTN = encode("attn", {});
const BLR = encode("bclr", { BO: 20 });
const BCTRL = encode("bcctr", { BO: 20, LK: 1 });
const RFID = encode("rfid", {});
const HRFID = encode("hrfid", {});
