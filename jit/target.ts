// What the JIT must know of the machine and kernel it compiles for, and what it needs of the kernel's memory.
// Types only: kernel/ makes the values, tests make small ones.
import type { Endian } from "../bpf/insn.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import type { U64 } from "../word/long.ts";
import type { CallSequenceName, HelperSequenceName } from "./call/sequence.ts";

export type Abi = "elfv2" | "elfv1";

export interface JitTarget {
  readonly cpu: CpuModel;
  readonly endian: Endian;
  readonly abi: Abi;
  /** The kernel's TOC pointer: r2 of kernel text. */
  readonly kernelToc: U64;
  /** Byte offset of `kernel_toc` in the paca; a multiple of 4. */
  readonly pacaKernelToc: number;
  /** Where the kernel starts, and the byte offset of that address in the paca; a multiple of 4. */
  readonly kernelBase: U64;
  readonly pacaKernelBase: number;
  /** Byte offsets in structures that a tail call walks; those of pointers are multiples of 4. */
  readonly offsets: TailCallOffsets;
  /** Address of `__bpf_call_base`: the `imm` of a helper call counts from it. */
  readonly bpfCallBase: U64;
  readonly callSequence: CallSequenceName;
  readonly helperSequence: HelperSequenceName;
  /** What BPF_NOSPEC becomes. */
  readonly stfBarrier: StfBarrier;
  /** The entry point that a caller with the kernel's TOC in r2 uses; in ELFv1 the code that a descriptor points to. */
  localEntry(address: U64): U64;
  /** Symbol of a function of the kernel by its C pointer, for messages; undefined where there is none. */
  readonly nameOf?: (pointer: U64) => string | undefined;
  /** Whether a code address lies in the kernel's own text (not in a module's, not in an image). */
  isCoreText(address: U64): boolean;
}

/**
 * How a processor is kept from forwarding a store to a load by speculation; `fallback` calls bpf_stf_barrier, at its code.
 * @linux arch/powerpc/include/asm/security_features.h enum stf_barrier_type
 */
export type StfBarrier =
  { readonly kind: "none" | "eieio" | "sync-ori" } | { readonly kind: "fallback"; readonly address: U64 };

export interface TailCallOffsets {
  /** `max_entries` (32 bits) in struct bpf_array. */
  readonly bpfArrayMaxEntries: number;
  /** The first of the 64-bit `ptrs` in struct bpf_array. */
  readonly bpfArrayPtrs: number;
  /** `bpf_func` (64 bits) in struct bpf_prog. */
  readonly bpfProgBpfFunc: number;
}

/**
 * Memory for images, and for the addresses that their calls load.
 * @linux kernel/bpf/core.c bpf_jit_binary_alloc
 */
export interface JitMemory {
  /**
   * @param bytes code, and in ELFv1 the descriptor before it
   * @param alignment of `image` in bytes
   * @returns the start of the whole allocation and of the image in it; undefined when there is no room
   */
  allocate(bytes: number, alignment: number): { readonly header: U64; readonly image: U64 } | undefined;
  /** Writes at `image`; what lies behind keeps the allocator's trap words. */
  write(image: U64, code: Uint8Array): void;
  /** Makes it read-only and executable. */
  lock(header: U64): void;
  free(header: U64): void;
  /** Zeroed memory of the kernel's data, aligned to a doubleword; undefined when there is no room. */
  allocateTable(bytes: number): U64 | undefined;
  writeTable(address: U64, table: Uint8Array): void;
  freeTable(address: U64): void;
}

/** Bytes of an ELFv1 function descriptor: code address, TOC, environment [ELFv1 3.2]. */
export const DESCRIPTOR_BYTES = 24;

/** Bytes between the start of an image and its code. */
export const codeOffset = (target: Pick<JitTarget, "abi">): number =>
  target.abi === "elfv1" ? DESCRIPTOR_BYTES : 0;
