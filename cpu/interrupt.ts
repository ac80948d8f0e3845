// Interrupts: those that instructions raise, and what delivering one does to SRR0, SRR1, MSR and NIA.
// Storage interrupts come from the MMU; decrementer, external and debug interrupts do not exist in this machine.
import type { U64 } from "../word/long.ts";
import { fromHalves, hex32, hex64, u64 } from "../word/long.ts";
import type { Access, StorageInterrupt } from "./mmu/mmu.ts";
import { msrBits, type CpuState } from "./state.ts";

/**
 * An interrupt that an instruction causes. `vector` as in the manual (0x300, 0x700 …); `srr1` are bits to OR into SRR1 or HSRR1;
 * a `hypervisor` interrupt saves to HSRR0 and HSRR1. With `next`, SRR0 is the address of the instruction after.
 */
export interface Interrupt {
  readonly kind: "interrupt";
  readonly vector: number;
  readonly srr1: number;
  readonly dar?: U64 | undefined;
  readonly dsisr?: number | undefined;
  readonly hypervisor?: boolean;
  readonly next?: boolean;
  /** The instruction word, for HEIR. */
  readonly heir?: number;
  /** For people: what went wrong. */
  readonly detail: string;
}

// Bits of SRR1 of a program interrupt. [Power ISA v3.1B III 7.5.9]
const PRIVILEGED = 0x0004_0000;
const TRAP = 0x0002_0000;

/** Program interrupt: a privileged instruction or SPR in problem state. */
export function privileged(detail: string): Interrupt {
  return { kind: "interrupt", vector: 0x700, srr1: PRIVILEGED, detail: `${detail}: privileged` };
}

/** Program interrupt: a trap instruction whose condition holds. */
export function trapped(): Interrupt {
  return { kind: "interrupt", vector: 0x700, srr1: TRAP, detail: "trap" };
}

/** Hypervisor emulation assistance: no such instruction. [Power ISA v3.1B III 7.5.18] */
export function illegal(word: number, detail = "illegal instruction"): Interrupt {
  return {
    kind: "interrupt",
    vector: 0xe40,
    srr1: 0,
    hypervisor: true,
    heir: word,
    detail: `${hex32(word)}: ${detail}`,
  };
}

/** Alignment interrupt; DSISR is not set [Power ISA v3.1B III 7.5.8]. */
export function misaligned(ea: U64, detail: string): Interrupt {
  return {
    kind: "interrupt",
    vector: 0x600,
    srr1: 0,
    dar: ea,
    detail: `${detail} of ${hex64(ea)}: alignment`,
  };
}

/** System call. [Power ISA v3.1B III 7.5.14] */
export function systemCall(level: number): Interrupt {
  return { kind: "interrupt", vector: 0xc00, srr1: 0, next: true, detail: `sc ${level}` };
}

/** What the MMU refused. */
export function storage(cause: StorageInterrupt, ea: U64, access: Access): Interrupt {
  const { vector, srr1, dar } = cause;
  const dsisr = vector === 0x300 || (vector === 0x200 && dar !== undefined) ? cause.dsisr : undefined;
  return { kind: "interrupt", vector, srr1, dar, dsisr, detail: `${access} of ${hex64(ea)}` };
}

/** SRR0 and SRR1 (or HSRR0 and HSRR1) as the interrupt saves them. [Power ISA v3.1B III 7.5] */
export function savedState(
  state: CpuState,
  interrupt: Interrupt,
): { readonly srr0: U64; readonly srr1: U64 } {
  const { msr, nia } = state;
  const cleared = interrupt.hypervisor === true ? 0 : 0x783f_0000; // bits 33:36 and 42:47 tell of the interrupt
  return {
    srr0: interrupt.next === true ? nia.add(4) : nia,
    srr1: fromHalves(msr.high, (msr.low & ~cleared) | interrupt.srr1),
  };
}

const kept = msrBits("HV", "ME");
const hypervisorState = msrBits("HV");
const machineCheckEnable = msrBits("ME");
const littleEndian = msrBits("LE");
const translation = msrBits("IR", "DR");
const sixtyFour = msrBits("SF");

/** Vectors that are never relocated by LPCR[AIL]: system reset and machine check. */
const fixedVectors: ReadonlySet<number> = new Set([0x100, 0x200]);

/**
 * Goes to the interrupt's vector. MSR: SF 1, HV and ME kept (a machine check clears ME), LE the machine's, IR and DR kept where
 * LPCR[AIL] is 3 and both were 1 (then the vectors are at 0xc000_0000_0000_4000), the rest 0.
 * DIVERGES(III 2.2): AIL counts in hypervisor state on power10 too, where the manual has HAIL.
 */
export function deliver(state: CpuState, interrupt: Interrupt): void {
  const { srr0, srr1 } = savedState(state, interrupt);
  state.setSpr(interrupt.hypervisor === true ? "HSRR0" : "SRR0", srr0);
  state.setSpr(interrupt.hypervisor === true ? "HSRR1" : "SRR1", srr1);
  if (interrupt.dar !== undefined) state.setSpr("DAR", interrupt.dar);
  if (interrupt.dsisr !== undefined) state.setSpr("DSISR", fromHalves(0, interrupt.dsisr));
  if (interrupt.heir !== undefined) state.setSpr("HEIR", fromHalves(0, interrupt.heir));
  const old = state.msr;
  const ail = (state.spr("LPCR").low >>> 23) & 3;
  const relocated = ail === 3 && old.and(translation).eq(translation) && !fixedVectors.has(interrupt.vector);
  let msr = old.and(kept).or(sixtyFour);
  if (interrupt.hypervisor === true || interrupt.vector === 0x200) msr = msr.or(hypervisorState);
  if (interrupt.vector === 0x200) msr = msr.and(machineCheckEnable.not());
  if (state.endian === "le") msr = msr.or(littleEndian);
  if (relocated) msr = msr.or(translation);
  state.msr = msr;
  state.nia = relocated ? fromHalves(0xc000_0000, 0x4000 + interrupt.vector) : u64(interrupt.vector);
}
