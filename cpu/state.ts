// The processor's state: one table of offsets into one WebAssembly.Memory, and the view of it for TypeScript.
// The engines share it; real memory follows at RAM_OFFSET. Nothing here executes or translates anything.
import type { CpuModel } from "./isa/row.ts";
import type { U64 } from "../word/long.ts";
import { fromHalves, u64 } from "../word/long.ts";
import { SPR, sprNumber, type SprName } from "./spr.ts";
import { TLB_BYTES, invalidTlb } from "./tlb.ts";
import { CpuUsageError } from "./usage-error.ts";

/** How data in memory is ordered. */
export type Endian = "le" | "be";

/**
 * Byte offsets in the memory. Values are little-endian there, whatever the guest is.
 * GPR, LR, CTR, NIA, MSR, SPR: 8 bytes each. CR: eight nibbles of 4 bytes each, field 0 first. CA CA32 OV OV32 SO: 4 bytes, 0 or 1.
 * XERLOW: bits 46:63 of XER. EA: the address a slow access is about. RESERVE…: the reservation; RESERVEBYTES 0 is none.
 * PREFIX: of the prefixed instruction at hand, the interpreter's. DECODE…: its tables. MASKS: 32 × 32 masks of rlwinm.
 * RECORDS to RECORDSEND: executed instructions, where an observer wants to know (recorder.ts).
 */
export const STATE = Object.freeze({
  GPR: 0x100,
  LR: 0x200,
  CTR: 0x208,
  CA: 0x210,
  CA32: 0x214,
  OV: 0x218,
  OV32: 0x21c,
  SO: 0x220,
  XERLOW: 0x224,
  NIA: 0x228,
  MSR: 0x230,
  EA: 0x238,
  RESERVEPLACE: 0x240,
  RESERVEBYTES: 0x244,
  LEAVE: 0x248,
  PREFIX: 0x24c,
  CR: 0x300,
  SLB: 0x400,
  SPR: 0x1000,
  DECODEPRIMARY: 0x7000,
  MASKS: 0x8000,
  TLBLOAD: 0x1_0000,
  TLBSTORE: 0x1_8000,
  TLBFETCH: 0x2_0000,
  RECORDS: 0x3_0000,
  RECORDSEND: 0x4_0000,
  DECODE: 0x4_0000,
  DECODEPREFIXED: 0xf_0000,
  DECODEEND: 0x10_0000,
});

/** Where real address 0 lies in the memory, in bytes. */
export const RAM_OFFSET = 0x10_0000;

const WASM_PAGE = 0x1_0000;

/** Most real memory a machine can have, in bytes. */
export const MAX_RAM = 0x1_0000_0000 - RAM_OFFSET;

/** Bits of MSR by name: their place counted from the least significant bit. [Power ISA v3.1B III 4.2.1] */
export const MSR_SHIFT = Object.freeze({
  SF: 63,
  HV: 60,
  VEC: 25,
  VSX: 23,
  EE: 15,
  PR: 14,
  FP: 13,
  ME: 12,
  IR: 5,
  DR: 4,
  RI: 1,
  LE: 0,
});

/** A bit of MSR by name. */
export type MsrBit = keyof typeof MSR_SHIFT;

/** Bits of FSCR: facilities that problem state may use. [Power ISA v3.1B III 7.2.13] */
export const FSCR = Object.freeze({ TAR: 0x100, SCV: 0x1000 });

/** The 64-bit value with these MSR bits set. */
export function msrBits(...names: readonly MsrBit[]): U64 {
  let high = 0;
  let low = 0;
  for (const name of names) {
    const shift = MSR_SHIFT[name];
    if (shift >= 32) high |= 1 << (shift - 32);
    else low |= 1 << shift;
  }
  return fromHalves(high, low);
}

/** Translations depend on these bits of MSR. */
const translationBits = msrBits("HV", "PR", "IR", "DR");

/** Translations depend on these SPRs. */
const translationSprs: ReadonlySet<number> = new Set([
  SPR.SDR1,
  SPR.LPCR,
  SPR.LPIDR,
  SPR.PIDR,
  SPR.PTCR,
  SPR.HRMOR,
  SPR.AMR,
  SPR.IAMR,
]);

/** Registers of one processor. Everything is zero at first but MSR and PVR, which `reset` sets. */
export class CpuState {
  /** Registers, TLBs and real memory, at the offsets of STATE and RAM_OFFSET. */
  readonly memory: WebAssembly.Memory;
  /** The same, to read and write. */
  readonly view: DataView;
  readonly endian: Endian;
  readonly model: CpuModel;
  /** Real memory in bytes. */
  readonly ramBytes: number;
  readonly #tlbs: readonly Uint8Array[];
  /** A TLB in which nothing is found. */
  readonly #noTlb: Uint8Array;
  #tlbIsEmpty = false;
  /** Instructions executed so far; the engines count it on, the time base is made of it. */
  instructions = 0;

  /** @throws RangeError where `ramBytes` is no positive multiple of 64 KiB or more than MAX_RAM, CpuUsageError where the host has no such memory. */
  constructor(options: { readonly ramBytes: number; readonly endian: Endian; readonly model: CpuModel }) {
    const { ramBytes, endian, model } = options;
    if (!Number.isInteger(ramBytes) || ramBytes <= 0 || ramBytes % WASM_PAGE !== 0 || ramBytes > MAX_RAM)
      throw new RangeError(
        `${ramBytes} bytes of memory: not a multiple of ${WASM_PAGE} from ${WASM_PAGE} to ${MAX_RAM}`,
      );
    const pages = (RAM_OFFSET + ramBytes) / WASM_PAGE;
    this.memory = allocated(pages, ramBytes);
    const { buffer } = this.memory;
    this.view = new DataView(buffer);
    this.#tlbs = [STATE.TLBLOAD, STATE.TLBSTORE, STATE.TLBFETCH].map(
      (at) => new Uint8Array(buffer, at, TLB_BYTES),
    );
    this.#noTlb = new Uint8Array(TLB_BYTES);
    invalidTlb(new DataView(this.#noTlb.buffer));
    this.ramBytes = ramBytes;
    this.endian = endian;
    this.model = model;
    this.reset();
  }

  /** Registers as at power-on: 64-bit hypervisor state, no translation, machine checks enabled, the machine's endian. */
  reset(): void {
    new Uint8Array(this.memory.buffer, 0, STATE.TLBLOAD).fill(0);
    const msr = msrBits("SF", "HV", "ME");
    this.#set(STATE.MSR, this.endian === "le" ? msr.or(msrBits("LE")) : msr);
    this.setSpr("PVR", u64({ power8: 0x004d_0200, power9: 0x004e_1202, power10: 0x0080_0200 }[this.model]));
    // problem state may use TAR, which the manual leaves to firmware or kernel to allow
    this.setSpr("FSCR", u64(FSCR.TAR));
    this.flushTlb();
  }

  #get(offset: number): U64 {
    return fromHalves(this.view.getInt32(offset + 4, true), this.view.getInt32(offset, true));
  }

  #set(offset: number, value: U64): void {
    this.view.setInt32(offset, value.low, true);
    this.view.setInt32(offset + 4, value.high, true);
  }

  /** GPR `n`, 0 to 31. */
  gpr(n: number): U64 {
    return this.#get(STATE.GPR + 8 * (n & 31));
  }

  setGpr(n: number, value: U64): void {
    this.#set(STATE.GPR + 8 * (n & 31), value);
  }

  /** Address of the next instruction to execute. */
  get nia(): U64 {
    return this.#get(STATE.NIA);
  }

  set nia(value: U64) {
    this.#set(STATE.NIA, value);
  }

  get lr(): U64 {
    return this.#get(STATE.LR);
  }

  set lr(value: U64) {
    this.#set(STATE.LR, value);
  }

  get ctr(): U64 {
    return this.#get(STATE.CTR);
  }

  set ctr(value: U64) {
    this.#set(STATE.CTR, value);
  }

  /** The condition register's 32 bits, as an unsigned number. */
  get cr(): number {
    let cr = 0;
    for (let field = 0; field < 8; field++) cr = (cr << 4) | this.crField(field);
    return cr >>> 0;
  }

  set cr(value: number) {
    for (let field = 0; field < 8; field++) this.setCrField(field, value >>> (28 - 4 * field));
  }

  /** The four bits of CR field `n`, LT the most significant. */
  crField(n: number): number {
    return this.view.getInt32(STATE.CR + 4 * (n & 7), true);
  }

  setCrField(n: number, nibble: number): void {
    this.view.setInt32(STATE.CR + 4 * (n & 7), nibble & 15, true);
  }

  /** One of the bits of XER that instructions set on their own. */
  flag(name: "CA" | "CA32" | "OV" | "OV32" | "SO"): boolean {
    return this.view.getInt32(STATE[name], true) !== 0;
  }

  setFlag(name: "CA" | "CA32" | "OV" | "OV32" | "SO", value: boolean): void {
    this.view.setInt32(STATE[name], value ? 1 : 0, true);
  }

  /**
   * XER: SO OV CA at 32:34, OV32 CA32 at 44:45 (not on power8), and the last 18 bits are kept as written.
   * [Power ISA v3.1B I 3.2.2]
   */
  get xer(): U64 {
    const bit = (name: "CA" | "CA32" | "OV" | "OV32" | "SO", shift: number): number =>
      this.view.getInt32(STATE[name], true) << shift;
    const flags = bit("SO", 31) | bit("OV", 30) | bit("CA", 29) | bit("OV32", 19) | bit("CA32", 18);
    const existing = this.model === "power8" ? flags & ~0xc_0000 : flags;
    return fromHalves(0, existing | this.view.getInt32(STATE.XERLOW, true));
  }

  set xer(value: U64) {
    const bit = (shift: number): boolean => ((value.low >>> shift) & 1) === 1;
    this.setFlag("SO", bit(31));
    this.setFlag("OV", bit(30));
    this.setFlag("CA", bit(29));
    this.setFlag("OV32", bit(19));
    this.setFlag("CA32", bit(18));
    this.view.setInt32(STATE.XERLOW, value.low & 0x3_ffff, true);
  }

  get msr(): U64 {
    return this.#get(STATE.MSR);
  }

  /** Flushes the software TLB where translation changes. */
  set msr(value: U64) {
    const changed = this.msr.xor(value);
    this.#set(STATE.MSR, value);
    if (!changed.and(translationBits).isZero()) this.flushTlb();
  }

  /** MSR[SF]: addresses, carries and CR0 are of 64 bits. */
  get sixtyFour(): boolean {
    return this.view.getInt32(STATE.MSR + 4, true) < 0;
  }

  /** Whether one bit of MSR is set. */
  msrBit(name: MsrBit): boolean {
    const shift = MSR_SHIFT[name];
    const word = this.view.getInt32(STATE.MSR + (shift >= 32 ? 4 : 0), true);
    return ((word >>> (shift & 31)) & 1) === 1;
  }

  /** The SPR as it is stored, without regard to privilege; XER, LR and CTR included. */
  spr(which: SprName | number): U64 {
    const n = sprNumber(which);
    if (n === SPR.XER) return this.xer;
    if (n === SPR.LR) return this.lr;
    if (n === SPR.CTR) return this.ctr;
    return this.#get(STATE.SPR + 8 * n);
  }

  /** Stores the SPR without regard to privilege; flushes the software TLB where translation depends on it. */
  setSpr(which: SprName | number, value: U64): void {
    const n = sprNumber(which);
    if (n === SPR.XER) this.xer = value;
    else if (n === SPR.LR) this.lr = value;
    else if (n === SPR.CTR) this.ctr = value;
    else this.#set(STATE.SPR + 8 * n, value);
    if (translationSprs.has(n)) this.flushTlb();
  }

  /** The reservation: where in the memory and how many bytes, or undefined. [Power ISA v3.1B II 1.7.2.1] */
  get reservation(): { readonly place: number; readonly bytes: number } | undefined {
    const bytes = this.view.getInt32(STATE.RESERVEBYTES, true);
    return bytes === 0 ? undefined : { place: this.view.getUint32(STATE.RESERVEPLACE, true), bytes };
  }

  set reservation(value: { readonly place: number; readonly bytes: number } | undefined) {
    this.view.setUint32(STATE.RESERVEPLACE, value?.place ?? 0, true);
    this.view.setInt32(STATE.RESERVEBYTES, value?.bytes ?? 0, true);
  }

  /** The stored form of SLB entry `n` (0 to 31): two 64-bit values whose meaning cpu/mmu gives. */
  slbEntry(n: number): { readonly esid: U64; readonly vsid: U64 } {
    return { esid: this.#get(STATE.SLB + 16 * (n & 31)), vsid: this.#get(STATE.SLB + 16 * (n & 31) + 8) };
  }

  /** Stores SLB entry `n`; flushes the software TLB unless the entry was empty, which no translation can have come from. */
  setSlbEntry(n: number, entry: { readonly esid: U64; readonly vsid: U64 }): void {
    const old = this.slbEntry(n);
    this.#set(STATE.SLB + 16 * (n & 31), entry.esid);
    this.#set(STATE.SLB + 16 * (n & 31) + 8, entry.vsid);
    if (!old.esid.isZero()) this.flushTlb();
  }

  /** To be called by whoever enters a translation into a TLB. */
  tlbUsed(): void {
    this.#tlbIsEmpty = false;
  }

  /** Forgets every translation the engines keep. */
  flushTlb(): void {
    if (this.#tlbIsEmpty) return;
    this.#tlbIsEmpty = true;
    for (const tlb of this.#tlbs) tlb.set(this.#noTlb);
  }

  /** The time base: one tick for eight instructions, so that runs repeat exactly. */
  get timeBase(): U64 {
    return this.#get(STATE.SPR + 8 * SPR.TBL).add(this.#ticks());
  }

  set timeBase(value: U64) {
    this.#set(STATE.SPR + 8 * SPR.TBL, value.sub(this.#ticks()));
  }

  #ticks(): U64 {
    return u64(Math.floor(this.instructions / 8));
  }

  /** All general registers, CR, XER, LR, CTR, NIA and MSR: for comparing machines and for dumps. */
  registers(): {
    readonly gpr: readonly U64[];
    readonly cr: number;
    readonly xer: U64;
    readonly lr: U64;
    readonly ctr: U64;
    readonly nia: U64;
    readonly msr: U64;
  } {
    const gpr = Array.from({ length: 32 }, (_, n) => this.gpr(n));
    return { gpr, cr: this.cr, xer: this.xer, lr: this.lr, ctr: this.ctr, nia: this.nia, msr: this.msr };
  }
}

function allocated(pages: number, ramBytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CpuUsageError(`the host has no memory for ${ramBytes / 2 ** 20}M of RAM`, { cause: error });
  }
}
