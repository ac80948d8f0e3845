// The paca: what r13 points at in the kernel, one for the one processor. JITed code reads the kernel's TOC from it.
// Fields that nothing reads yet are left 0.
import { u64, type U64 } from "../word/long.ts";
import type { Endian } from "../cpu/state.ts";
import type { Ram } from "../cpu/ram.ts";

/** Byte offsets. @linux arch/powerpc/include/asm/paca.h paca_struct */
export const PACA = Object.freeze({
  paca_index: 8,
  kernel_toc: 16,
  kernelbase: 24,
  kernel_msr: 32,
  bytes: 2048,
});

export interface PacaValues {
  readonly kernelToc: U64;
  readonly kernelBase: U64;
  readonly kernelMsr: U64;
}

/** Fills the paca at a real address. */
export function writePaca(ram: Ram, real: number, endian: Endian, values: PacaValues): void {
  ram.store(2, real + PACA.paca_index, u64(0), endian);
  ram.store(8, real + PACA.kernel_toc, values.kernelToc, endian);
  ram.store(8, real + PACA.kernelbase, values.kernelBase, endian);
  ram.store(8, real + PACA.kernel_msr, values.kernelMsr, endian);
}
