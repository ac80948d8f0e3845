// What the engines ask of a memory management unit, and which one answers: hash table, radix tree or real mode.
// It translates one byte's address; page crossing, alignment and the software TLB are the engines' work.
import type { U64 } from "../../word/long.ts";
import { machineCheck } from "./interrupt.ts";
import { hashTableOf, translateHash, type HashContext } from "./hash.ts";
import { MSR } from "./msr.ts";
import { translateRadix, type RadixContext } from "./radix.ts";
import { Slb, type SlbStorage } from "./slb.ts";

export type Access = "load" | "store" | "fetch";

/** A translation that the processor refuses, as the interrupt that it raises. */
export interface StorageInterrupt {
  readonly kind: "interrupt";
  /** 0x300, 0x380 (data), 0x400, 0x480 (instruction), or 0x200 where the real address is not RAM. */
  readonly vector: number;
  /** Goes to DSISR; 0 for a fetch. */
  readonly dsisr: number;
  /** Bits to OR into SRR1; 0 for a load or store except in a machine check. */
  readonly srr1: number;
  /** Goes to DAR; undefined for a fetch. */
  readonly dar: U64 | undefined;
}

/** A permitted translation; the three flags speak of the same page in the same machine state. */
export interface Page {
  readonly kind: "page";
  /** Real address of the byte that the effective address names. */
  readonly real: number;
  /** Size of the page, a power of two; `real` and the effective address agree below it. */
  readonly pageBytes: number;
  /** Stores are permitted and C is set already: the page may enter the store TLB. */
  readonly writable: boolean;
  readonly readable: boolean;
  readonly executable: boolean;
}

export interface Mmu {
  /** Reads MSR, PTCR, PIDR, SDR1, AMR, IAMR and the SLB anew each time; sets R and C in guest memory. Never throws. */
  translate(ea: U64, access: Access): Page | StorageInterrupt;
}

/** The registers that translation reads; `CpuState` has them. */
export interface MmuState extends SlbStorage {
  readonly model: "power8" | "power9" | "power10";
  readonly msr: U64;
  spr(name: "PTCR" | "PIDR" | "SDR1" | "AMR" | "IAMR"): U64;
}

/** Real memory as the table walks need it; `Ram` is one. */
export interface RealMemory {
  /** Whether all of these real addresses are memory. */
  has(address: number, bytes: number): boolean;
  load(bytes: 8, address: number, endian: "be"): U64;
  store(bytes: 8, address: number, value: U64, endian: "be"): void;
}

/** The MMU of a processor: SDR1's hash table on power8, on later ones what the partition table's entry 0 says. */
export function createMmu(state: MmuState, ram: RealMemory): Mmu {
  const isPower8 = state.model === "power8";
  const hash: HashContext = { ram, state, slb: new Slb(state), format: isPower8 ? "2.07" : "3.0" };
  const radix: RadixContext = { ram, state };
  return {
    translate(ea, access) {
      const translated = access === "fetch" ? MSR.IR : MSR.DR;
      if ((state.msr.low & translated) === 0) return realMode(ea, access, ram);
      if (isPower8) return translateHash(hash, hashTableOf(state.spr("SDR1")), ea, access);
      const ptcr = state.spr("PTCR");
      const partition = partitionEntry(ptcr, ram);
      if (partition === undefined) return machineCheck(ea, access);
      if (partition.high < 0) return translateRadix(radix, ptcr, ea, access);
      return translateHash(hash, hashTableOf(partition), ea, access);
    },
  };
}

/** First doubleword of the partition table's entry 0, the only partition there is; undefined where it is not in RAM. */
function partitionEntry(ptcr: U64, ram: RealMemory): U64 | undefined {
  const base = (ptcr.high & 0x0fff_ffff) * 2 ** 32 + ((ptcr.low & ~0xfff) >>> 0);
  return ram.has(base, 16) ? ram.load(8, base, "be") : undefined;
}

/** Hypervisor real mode: the four high-order bits of the address are ignored [Power ISA v3.1B III 6.7.3]. */
function realMode(ea: U64, access: Access, ram: RealMemory): Page | StorageInterrupt {
  const real = (ea.high & 0x0fff_ffff) * 2 ** 32 + (ea.low >>> 0);
  if (!ram.has(real, 1)) return machineCheck(ea, access);
  return { kind: "page", real, pageBytes: 4096, writable: true, readable: true, executable: true };
}
