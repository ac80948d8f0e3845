// kmalloc, vmalloc and their kin for modules, out of the kernel's own allocators. Flags are not looked at: nothing sleeps here.
import { hex64, u64, ZERO, type U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import { OutOfMemoryError } from "../error.ts";
import type { Kernel, KernelFunction } from "../kernel.ts";
import { regionNamed } from "../layout/layout.ts";

/** What kmalloc returns for 0 bytes. @linux include/linux/slab.h ZERO_SIZE_PTR */
const ZERO_SIZE_PTR = u64(16);
/** Largest kmalloc. @linux include/linux/slab.h KMALLOC_MAX_SIZE */
const MOST_BYTES = 2 ** 24;

/** What modules hold, by address: what they give back must be among it. */
class Held {
  readonly #kernel: Kernel;
  readonly #bytes = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Zeroed memory or NULL. */
  kmalloc(size: U64): U64 {
    if (size.isZero()) return ZERO_SIZE_PTR;
    if (size.gt(u64(MOST_BYTES))) return ZERO;
    try {
      const address = this.#kernel.allocate(size.toNumber());
      this.#bytes.set(hex64(address), size.toNumber());
      return address;
    } catch (error) {
      if (error instanceof OutOfMemoryError) return ZERO;
      throw error;
    }
  }

  /** NULL may be given back; what was never handed out is an oops. */
  kfree(address: U64): U64 | MemoryFault {
    if (address.lte(ZERO_SIZE_PTR)) return ZERO;
    if (!this.#bytes.delete(hex64(address))) return new MemoryFault(address, "load", 8);
    this.#kernel.free(address);
    return ZERO;
  }

  /** As kmalloc, with what of the old memory fits; the old is given back. */
  krealloc(address: U64, size: U64): U64 | MemoryFault {
    const old = address.lte(ZERO_SIZE_PTR) ? 0 : this.#bytes.get(hex64(address));
    if (old === undefined) return new MemoryFault(address, "load", 8);
    if (size.isZero()) {
      const fault = this.kfree(address);
      return fault instanceof MemoryFault ? fault : ZERO_SIZE_PTR;
    }
    const fresh = this.kmalloc(size);
    if (fresh.isZero() || old === 0) return fresh;
    const kept = this.#kernel.read(address, Math.min(old, size.toNumber()));
    if (kept instanceof MemoryFault) return kept;
    return this.#kernel.write(fresh, kept) ?? (this.kfree(address) instanceof MemoryFault ? ZERO : fresh);
  }

  vmalloc(size: U64): U64 {
    if (size.gt(u64(this.#kernel.cpu.ram.size))) return ZERO;
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    return this.#kernel.vmallocNodeRange({ size: size.toNumber(), start, end }) ?? ZERO;
  }

  vfree(address: U64): U64 | MemoryFault {
    if (address.isZero() || this.#kernel.vfree(address)) return ZERO;
    return new MemoryFault(address, "load", 8);
  }
}

/** All of them exported. @linux mm/slub.c, mm/slab_common.c, mm/vmalloc.c */
export function allocationFunctions(kernel: Kernel): readonly KernelFunction[] {
  const held = new Held(kernel);
  const kmalloc: KernelFunction["call"] = ([size]) => held.kmalloc(size);
  const array: KernelFunction["call"] = ([count, size]) =>
    held.kmalloc(
      count.gt(u64(MOST_BYTES)) || size.gt(u64(MOST_BYTES)) ? u64(MOST_BYTES + 1) : count.mul(size),
    );
  const kvfree: KernelFunction["call"] = ([address]) =>
    kernel.vmalloc.find(address) === undefined ? held.kfree(address) : held.vfree(address);
  const calls: Readonly<Record<string, KernelFunction["call"]>> = {
    kmalloc,
    kzalloc: kmalloc,
    __kmalloc: kmalloc,
    __kmalloc_noprof: kmalloc,
    kmalloc_trace: ([, , size]) => held.kmalloc(size),
    __kmalloc_cache_noprof: ([, , size]) => held.kmalloc(size),
    kcalloc: array,
    kmalloc_array: array,
    krealloc: ([address, size]) => held.krealloc(address, size),
    kfree: ([address]) => held.kfree(address),
    vmalloc: ([size]) => held.vmalloc(size),
    vzalloc: ([size]) => held.vmalloc(size),
    vfree: ([address]) => held.vfree(address),
    kvfree,
  };
  return Object.entries(calls).map(([symbol, call]) => ({ symbol, call, exported: true }));
}
