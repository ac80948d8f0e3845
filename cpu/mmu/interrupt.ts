// The storage and segment interrupts that a translation ends in, with the bits that say why.
// Nothing here delivers them: that is the engines' work.
import type { U64 } from "../../word/long.ts";
import type { Access, StorageInterrupt } from "./mmu.ts";

/**
 * Why a page is refused. Bits 33, 35, 36 and 42 of SRR1 and of DSISR say the same thing for fetches and for data
 * [Power ISA v3.1B III 7.5.3, 7.5.5].
 */
export const REASON = Object.freeze({
  /** Bit 33: no translation. */
  noTranslation: 0x4000_0000,
  /** Bit 35, fetches only: no-execute or guarded. */
  noExecute: 0x1000_0000,
  /** Bit 36: the protection bits say no. */
  protection: 0x0800_0000,
  /** Bit 38, data only: it was a store. */
  store: 0x0200_0000,
  /** Bit 42: the virtual page class key says no. */
  key: 0x0020_0000,
  /** Bit 44: a radix tree that this processor does not support. */
  badRadix: 0x0008_0000,
});

/** Data or instruction storage interrupt. */
export function storageInterrupt(ea: U64, access: Access, reason: number): StorageInterrupt {
  if (access === "fetch") {
    return { kind: "interrupt", vector: 0x400, dsisr: 0, srr1: reason, dar: undefined };
  }
  const dsisr = access === "store" ? reason | REASON.store : reason;
  return { kind: "interrupt", vector: 0x300, dsisr, srr1: 0, dar: ea };
}

/** Data or instruction segment interrupt. A data segment interrupt leaves DSISR undefined; UNDEF(7.5.4): 0, 0x02000000 for a store. */
export function segmentInterrupt(ea: U64, access: Access): StorageInterrupt {
  if (access === "fetch") return { kind: "interrupt", vector: 0x480, dsisr: 0, srr1: 0, dar: undefined };
  const dsisr = access === "store" ? REASON.store : 0;
  return { kind: "interrupt", vector: 0x380, dsisr, srr1: 0, dar: ea };
}

/**
 * Machine check for a real address without memory, with POWER9's codes for it
 * [Linux 6.12 arch/powerpc/kernel/mce_power.c, mce_p9_derror_table, mce_p9_ierror_table].
 */
export function machineCheck(ea: U64, access: Access): StorageInterrupt {
  if (access === "fetch") {
    return { kind: "interrupt", vector: 0x200, dsisr: 0, srr1: 0x080c_0000, dar: undefined };
  }
  return { kind: "interrupt", vector: 0x200, dsisr: 0x40, srr1: 0x0020_0000, dar: ea };
}
