// The privileged registers that kernel code relies on. What translation stands on besides them is mm/'s.
import { fromHalves, ZERO, type U64 } from "../word/long.ts";
import { msrBits, type CpuState, type Endian } from "../cpu/state.ts";
import type { Layout } from "./layout/layout.ts";

/** AIL = 3: interrupts go to 0xc000_0000_0000_4000 and keep translation on. */
const LPCR = fromHalves(0, 0x0180_0000);
/** UPRT and HR: a radix tree by the process table. */
const LPCR_RADIX = fromHalves(0, 0x0050_0000);

/** MSR of kernel code: 64-bit, hypervisor, translation on. */
export function kernelMsr(endian: Endian): U64 {
  const msr = msrBits("SF", "HV", "EE", "ME", "IR", "DR", "RI");
  return endian === "le" ? msr.or(msrBits("LE")) : msr;
}

/** Writes LPCR, MSR, and what would move or lock addresses. */
export function setPrivilegedState(state: CpuState, mmu: Layout["mmu"], msr: U64): void {
  state.setSpr("LPCR", mmu === "radix" ? LPCR.or(LPCR_RADIX) : LPCR);
  for (const name of ["AMR", "IAMR", "HRMOR"] as const) state.setSpr(name, ZERO);
  state.msr = msr;
}
