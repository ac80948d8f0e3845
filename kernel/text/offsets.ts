// Names that the sources of kernel text use without defining them: the machine, and offsets in structures.
// Offsets are said where the structures are; here they only get the names that assembly uses.
import { u64, type U64 } from "../../word/long.ts";
import { bpfArray } from "../../bpf/maps/array.ts";
import { bpfMap, bpfMapOps } from "../../bpf/maps/memory.ts";
import type { Endian } from "../../cpu/state.ts";
import type { Abi } from "../../jit/target.ts";
import { IMAGE } from "../layout/image.ts";
import { PACA } from "../paca.ts";
import { INTERRUPT_FRAME, PT_REGS, THREAD_BYTES } from "../pt-regs.ts";

/** A machine that kernel text is assembled for. */
export interface TextMachine {
  readonly endian: Endian;
  readonly abi: Abi;
}

/** Bytes of the smallest stack frame, and where it keeps r2 [ELFv1 3.2.1, ELFv2 2.2.3]. */
const frames = {
  elfv1: { minimum: 112, tocSave: 40 },
  elfv2: { minimum: 32, tocSave: 24 },
} as const;

/** @linux arch/powerpc/kernel/asm-offsets.c */
export function textSymbols({ endian, abi }: TextMachine): ReadonlyMap<string, U64> {
  const values = {
    LITTLE_ENDIAN: endian === "le" ? 1 : 0,
    BIG_ENDIAN: endian === "be" ? 1 : 0,
    ELFV1: abi === "elfv1" ? 1 : 0,
    ELFV2: abi === "elfv2" ? 1 : 0,
    MIN_FRAME: frames[abi].minimum,
    TOC_SAVE: frames[abi].tocSave,
    PACA_KERNEL_TOC: PACA.kernel_toc,
    STORAGE_VECTORS: IMAGE.storageVectors,
    EXCEPTION_COMMON: IMAGE.exceptionCommon,
    EXCEPTION_CONSTANTS: IMAGE.exceptionConstants,
    EXCEPTION_SAVE: IMAGE.exceptionSave,
    THREAD_SIZE: THREAD_BYTES,
    INT_FRAME: INTERRUPT_FRAME.bytes,
    REGS: INTERRUPT_FRAME.regs,
    PT_NIP: PT_REGS.nip,
    PT_MSR: PT_REGS.msr,
    PT_CTR: PT_REGS.ctr,
    PT_LINK: PT_REGS.link,
    PT_XER: PT_REGS.xer,
    PT_CCR: PT_REGS.ccr,
    PT_TRAP: PT_REGS.trap,
    PT_DAR: PT_REGS.dar,
    PT_DSISR: PT_REGS.dsisr,
    BPF_MAP_OPS: bpfMap.ops,
    BPF_MAP_OPS_LOOKUP_ELEM: bpfMapOps.lookupElem,
    BPF_MAP_MAX_ENTRIES: bpfMap.maxEntries,
    BPF_ARRAY_ELEM_SIZE: bpfArray.elemSize,
    BPF_ARRAY_INDEX_MASK: bpfArray.indexMask,
    BPF_ARRAY_VALUE: bpfArray.value,
  };
  return new Map(Object.entries(values).map(([name, value]) => [name, u64(value)]));
}
