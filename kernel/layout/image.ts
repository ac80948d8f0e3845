// Where the kernel's own image lies in the linear map: text, vectors, data, TOC, end. Placed as in a kernel that was read.
// What stands there is written by text.ts and the boot steps of kernel.ts.
import { fromHalves, type U64 } from "../../word/long.ts";

/** Start of the linear map in every layout: PAGE_OFFSET, KERNELBASE, _text, _stext. */
export const KERNEL_BASE: U64 = fromHalves(0xc000_0000, 0);

/** Offsets from KERNEL_BASE, which are real addresses too. */
export const IMAGE = Object.freeze({
  /** Interrupts that are taken with translation off. */
  realVectors: 0x0,
  /** Interrupts that are taken with translation on (LPCR[AIL] = 3). */
  virtVectors: 0x4000,
  /** Entries of storage and segment interrupts with translation on. */
  storageVectors: 0x4300,
  /** What they share, and what it has to know: end of the kernel's stack, emergency stack pointer, paca. */
  exceptionCommon: 0x7000,
  exceptionConstants: 0x7f00,
  /** What is assembled from text/*.s. */
  library: 0x9_0000,
  /** seen */
  bpfCallBase: 0x33_2f20,
  /** Helper functions, each in a slot of its own. */
  functions: 0x33_3000,
  /** End of text, seen; behind it is read-only data. */
  etext: 0xdd_0000,
  /** End of what is mapped executable and not writable: text and read-only data are one 16 MiB page on hash. */
  textEnd: 0x100_0000,
  /** ELFv1 function descriptors. */
  opd: 0x100_0000,
  /** TOC base, r2 in the kernel; seen. */
  toc: 0x114_8100,
  /** End of the stack for interrupts of code whose own cannot be used. */
  emergencyStackEnd: 0x120_4000,
  /** Registers of an interrupt until it has a frame. */
  exceptionSave: 0x120_4000,
  /** End of the kernel's image; the page allocator has what follows. */
  end: 0x200_0000,
});

/** The effective address in the linear map of a real address. */
export function linear(real: number): U64 {
  return fromHalves((KERNEL_BASE.high + Math.floor(real / 2 ** 32)) | 0, real >>> 0);
}
