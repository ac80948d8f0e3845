// What the processor asks of a memory management unit. The translations themselves are not here.
import type { U64 } from "../../word/long.ts";
import type { Ram } from "../ram.ts";
import type { CpuState } from "../state.ts";

export type Access = "load" | "store" | "fetch";

/** Why an address could not be translated: what the processor's interrupt says. */
export interface StorageInterrupt {
  readonly kind: "interrupt";
  /** 0x300 0x380 0x400 0x480 */
  readonly vector: number;
  readonly dsisr: number;
  /** Bits to OR into SRR1. */
  readonly srr1: number;
  readonly dar: U64 | undefined;
}

/** Where an effective address is. */
export interface Page {
  readonly kind: "page";
  /** Real address of the effective address's byte. */
  readonly real: number;
  readonly pageBytes: number;
  /** May enter the store TLB: permitted, and C is set. */
  readonly writable: boolean;
  readonly readable: boolean;
  readonly executable: boolean;
}

export interface Mmu {
  translate(ea: U64, access: Access): Page | StorageInterrupt;
}

/** Real mode alone: the real address is the effective address without its first four bits. */
export const createMmu: (state: CpuState, ram: Ram) => Mmu = () => ({
  translate: (ea) => ({
    kind: "page",
    real: (ea.high & 0x0fff_ffff) * 0x1_0000_0000 + (ea.low >>> 0),
    pageBytes: 4096,
    writable: true,
    readable: true,
    executable: true,
  }),
});
