// Interrupts: those that instructions raise, and what delivering one does to SRR0, SRR1, MSR and NIA.
// Storage interrupts come from the MMU; decrementer, external and debug interrupts do not exist in this machine.
import type { U64 } from "../word/long.ts";
import { fromHalves, hex32, hex64, u64 } from "../word/long.ts";
import type { Access, StorageInterrupt } from "./mmu/mmu.ts";
import { msrBits, type CpuState } from "./state.ts";

/**
 * An interrupt that an instruction causes. `vector` as in the manual (0x300, 0x700 …); `srr1` are bits to OR into SRR1 or HSRR1;
 * `saves` names where the state goes if not to SRR0 and SRR1. With `next`, the address of the instruction after is saved.
 */
export interface Interrupt {
  readonly kind: "interrupt";
  readonly vector: number;
  readonly srr1: number;
  readonly dar?: U64 | undefined;
  readonly dsisr?: number | undefined;
  readonly saves?: "HSRR" | "LR and CTR";
  readonly next?: boolean;
  /** The instruction word, or the suffix, for HEIR. */
  readonly heir?: number;
  /** The prefix, for HEIR. */
  readonly heirPrefix?: number;
  /** For FSCR[IC]. */
  readonly facility?: number;
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
    saves: "HSRR",
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

/** Where SRR1 says that a prefixed instruction is interrupted; HSRR1 does not. [Power ISA v3.1B III 7.5] */
const tellsOfPrefix: ReadonlySet<number> = new Set([0x300, 0x380, 0x600, 0x700, 0x800, 0xf20, 0xf40, 0xf60]);

// Bits of SRR1: 34, and 35 of an alignment interrupt. [Power ISA v3.1B III 7.5.8]
const PREFIXED = 0x2000_0000;
const BOUNDARY = 0x1000_0000;

/** The same interrupt, of an instruction with this prefix. */
export function ofPrefixed(interrupt: Interrupt, prefix: number): Interrupt {
  const { vector, srr1, heir, detail } = interrupt;
  if (heir !== undefined) return { ...interrupt, heirPrefix: prefix, detail: `${hex32(prefix)} ${detail}` };
  return tellsOfPrefix.has(vector) ? { ...interrupt, srr1: srr1 | PREFIXED } : interrupt;
}

/**
 * Alignment interrupt: a prefixed instruction in two blocks of 64 bytes, whatever its suffix is. [Power ISA v3.1B I 1.9]
 * UNDEF(III 7.5.8): DAR stays.
 */
export function crossesBoundary(cia: U64): Interrupt {
  const detail = `prefixed instruction at ${hex64(cia)}: crosses a boundary of 64 bytes`;
  return { kind: "interrupt", vector: 0x600, srr1: PREFIXED | BOUNDARY, detail };
}

/** System call. [Power ISA v3.1B III 7.5.14] */
export function systemCall(level: number): Interrupt {
  return { kind: "interrupt", vector: 0xc00, srr1: 0, next: true, detail: `sc ${level}` };
}

/** System call vectored: LR and CTR are what is saved, EE and RI stay. [Power ISA v3.1B III 7.5.27] */
export function systemCallVectored(level: number): Interrupt {
  const vector = 0x1_7000 + 0x20 * level;
  return { kind: "interrupt", vector, srr1: 0, next: true, saves: "LR and CTR", detail: `scv ${level}` };
}

/** Facility unavailable: FSCR's bit is 0; FSCR[IC] will say which, by the bit's number from the right. */
export function facilityUnavailable(cause: number, what: string): Interrupt {
  return {
    kind: "interrupt",
    vector: 0xf60,
    srr1: 0,
    facility: cause,
    detail: `${what}: facility unavailable`,
  };
}

/** What the MMU refused. */
export function storage(cause: StorageInterrupt, ea: U64, access: Access): Interrupt {
  const { vector, srr1, dar } = cause;
  const dsisr = vector === 0x300 || (vector === 0x200 && dar !== undefined) ? cause.dsisr : undefined;
  return { kind: "interrupt", vector, srr1, dar, dsisr, detail: `${access} of ${hex64(ea)}` };
}

/** Address and MSR as the interrupt saves them. [Power ISA v3.1B III 7.5] */
export function savedState(
  state: CpuState,
  interrupt: Interrupt,
): { readonly srr0: U64; readonly srr1: U64 } {
  const { msr, nia } = state;
  return {
    srr0: interrupt.next === true ? nia.add(4) : nia,
    // bits 33:36 and 42:47 tell of the interrupt
    srr1: fromHalves(msr.high, (msr.low & ~0x783f_0000) | interrupt.srr1),
  };
}

const kept = msrBits("HV", "ME");
const hypervisorState = msrBits("HV");
const machineCheckEnable = msrBits("ME");
const littleEndian = msrBits("LE");
const translation = msrBits("IR", "DR");
const sixtyFour = msrBits("SF");

const recoverable = msrBits("RI");
const interruptible = msrBits("EE", "RI");

/** Vectors that are never relocated by LPCR[AIL]: system reset and machine check. */
const fixedVectors: ReadonlySet<number> = new Set([0x100, 0x200]);

/** Where an interrupt saves the address and MSR. */
const SAVED = { SRR: ["SRR0", "SRR1"], HSRR: ["HSRR0", "HSRR1"], "LR and CTR": ["LR", "CTR"] } as const;

/** The vector's effective address with AIL 3: at 0xc000_0000_0000_4000, those of scv at 0xc000_0000_0000_3000. */
function relocatedVector({ vector, saves }: Interrupt): U64 {
  return fromHalves(0xc000_0000, saves === "LR and CTR" ? vector - 0x1_4000 : vector + 0x4000);
}

/**
 * Goes to the interrupt's vector. MSR: SF 1, HV and ME kept (a machine check clears ME), LE the machine's, IR and DR kept where
 * LPCR[AIL] is 3 and both were 1 (then the vectors are relocated), RI kept where SRR1 is not used, the rest 0.
 * DIVERGES(III 2.2): AIL counts in hypervisor state on power10 too, where the manual has HAIL.
 */
export function deliver(state: CpuState, interrupt: Interrupt): void {
  const { srr0, srr1 } = savedState(state, interrupt);
  const { vector, saves, dar, dsisr, heir, heirPrefix = 0, facility } = interrupt;
  const [forAddress, forMsr] = SAVED[saves ?? "SRR"];
  state.setSpr(forAddress, srr0);
  state.setSpr(forMsr, srr1);
  if (dar !== undefined) state.setSpr("DAR", dar);
  if (dsisr !== undefined) state.setSpr("DSISR", fromHalves(0, dsisr));
  if (heir !== undefined) state.setSpr("HEIR", fromHalves(heirPrefix, heir));
  if (facility !== undefined) {
    const { high, low } = state.spr("FSCR");
    state.setSpr("FSCR", fromHalves((high & 0xff_ffff) | (facility << 24), low));
  }
  const old = state.msr;
  const ail = (state.spr("LPCR").low >>> 23) & 3;
  const relocated = ail === 3 && old.and(translation).eq(translation) && !fixedVectors.has(vector);
  let msr = old.and(kept).or(sixtyFour);
  if (saves === "HSRR" || vector === 0x200) msr = msr.or(hypervisorState);
  if (saves === "HSRR") msr = msr.or(old.and(recoverable));
  if (saves === "LR and CTR") msr = msr.or(old.and(interruptible));
  if (vector === 0x200) msr = msr.and(machineCheckEnable.not());
  if (state.endian === "le") msr = msr.or(littleEndian);
  if (relocated) msr = msr.or(translation);
  state.msr = msr;
  state.nia = relocated ? relocatedVector(interrupt) : u64(vector);
}
