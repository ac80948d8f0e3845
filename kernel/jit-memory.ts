// What the JIT needs of the kernel: memory for images and the facts of the machine. How code is made is jit/'s.
import { hex64, type U64 } from "../word/long.ts";
import { bpfArray } from "../bpf/maps/array.ts";
import { bpfMap } from "../bpf/maps/memory.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import type { JitMemory, JitTarget } from "../jit/target.ts";
import { JitError } from "../jit/error.ts";
import type { JitBinary } from "./bpf-jit-alloc.ts";
import { CallTables } from "./call-tables.ts";
import { KernelUsageError } from "./error.ts";
import type { Kernel } from "./kernel.ts";
import { KERNEL_BASE } from "./layout/image.ts";
import { PACA } from "./paca.ts";

/** Byte offset of `bpf_func` in struct bpf_prog, as on Debian's ppc64el 6.1. @linux include/linux/bpf.h */
const BPF_FUNC = 48;

/** What all of a kernel's `ImageMemory` share. */
interface Held {
  /** By header. */
  readonly binaries: Map<string, JitBinary>;
  readonly tables: CallTables;
}

/** Images from bpf_jit_binary_alloc, read-only and executable once they are locked. */
export class ImageMemory implements JitMemory {
  readonly #kernel: Kernel;
  readonly #privileged: boolean;
  readonly #held: Held;

  /** @param privileged whether bpf_jit_limit holds back nothing */
  constructor(kernel: Kernel, privileged = true, held?: Held) {
    this.#kernel = kernel;
    this.#privileged = privileged;
    this.#held = held ?? { binaries: new Map(), tables: new CallTables(kernel) };
  }

  /** The same images, charged to another kind of user. */
  chargedTo(privileged: boolean): ImageMemory {
    return new ImageMemory(this.#kernel, privileged, this.#held);
  }

  /** @throws JitError EPERM where bpf_jit_limit does not allow it */
  allocate(bytes: number, alignment: number): { readonly header: U64; readonly image: U64 } | undefined {
    const binary = this.#kernel.bpfJitBinaryAlloc(bytes, alignment, this.#privileged);
    if (binary !== undefined) this.#held.binaries.set(hex64(binary.header), binary);
    else if (!this.#kernel.bpfJitAllows(bytes, this.#privileged)) {
      const { current, bytes: limit } = this.#kernel.jitLimit;
      throw new JitError(
        "EPERM",
        `an image of ${bytes} bytes: ${current} of bpf_jit_limit's ${limit} are taken`,
      );
    }
    return binary;
  }

  write(image: U64, code: Uint8Array): void {
    const fault = this.#kernel.imageAlloc.write(image, code);
    if (fault !== undefined)
      throw new KernelUsageError(`image at ${hex64(image)}: ${hex64(fault.address)} cannot be written`);
  }

  /** @throws KernelUsageError where the pages, which an override may have chosen, have no protection of their own. */
  lock(header: U64): void {
    if (!this.#kernel.imageAlloc.lock(header, this.bytes(header)))
      throw new KernelUsageError(
        `bpf_jit_image_alloc: ${hex64(header)} is no vmalloc area, its pages cannot be made executable`,
      );
  }

  free(header: U64): void {
    const binary = this.#held.binaries.get(hex64(header));
    if (binary === undefined) return;
    this.#held.binaries.delete(hex64(header));
    this.#kernel.bpfJitBinaryFree(binary);
  }

  allocateTable(bytes: number): U64 | undefined {
    return this.#held.tables.allocate(bytes);
  }

  writeTable(address: U64, table: Uint8Array): void {
    if (this.#kernel.write(address, table) !== undefined)
      throw new Error(`a table at ${hex64(address)} cannot be written`);
  }

  freeTable(address: U64): void {
    this.#held.tables.free(address);
  }

  /** Bytes of an allocation; 0 where there is none. */
  bytes(header: U64): number {
    return this.#held.binaries.get(hex64(header))?.bytes ?? 0;
  }
}

/** How calls are coded. */
export interface CallSequences {
  readonly callSequence: CallSequenceName;
  readonly helperSequence: HelperSequenceName;
}

/** The machine and kernel as the JIT sees them. */
export function jitTarget(kernel: Kernel, { callSequence, helperSequence }: CallSequences): JitTarget {
  const { cpu, endian, abi, text } = kernel;
  return {
    cpu: cpu.state.model,
    endian,
    abi,
    kernelToc: text.toc,
    pacaKernelToc: PACA.kernel_toc,
    kernelBase: KERNEL_BASE,
    pacaKernelBase: PACA.kernelbase,
    offsets: {
      bpfArrayMaxEntries: bpfMap.maxEntries,
      bpfArrayPtrs: bpfArray.value,
      bpfProgBpfFunc: BPF_FUNC,
    },
    bpfCallBase: text.bpfCallBase,
    callSequence,
    helperSequence,
    // The fallback, a call of bpf_stf_barrier, is for processors before these.
    stfBarrier: { kind: cpu.state.model === "power8" ? "sync-ori" : "eieio" },
    localEntry: (address) => text.localEntry(address),
    nameOf: (pointer) => {
      const found = kernel.kallsyms.lookup(pointer);
      return found?.offset === 0 ? found.name : undefined;
    },
    isCoreText: (address) => text.isCoreText(address),
  };
}
