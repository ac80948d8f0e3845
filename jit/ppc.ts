// The ppc64 instructions that the JIT emits: each a function of its operands, in the order GNU as writes them.
// Encodings are those of cpu/isa; what to emit is decided elsewhere.
import { encode, encodePrefixed } from "../cpu/isa/encode.ts";
import type { Gpr } from "./registers.ts";

/** One instruction word, unsigned. */
export type Word = number;
export type Words = readonly Word[];

/** Bits of CR0 that the JIT branches on. */
const CR0_LT = 0;
const CR0_GT = 1;
const CR0_EQ = 2;

const CTR = 9;
const LR = 8;

/** Made once: a sizing pass is full of them. */
const NOP = encode("ori", { RA: 0, RS: 0, UI: 0 });

export const // arithmetic
  addi = (RT: Gpr, RA0: Gpr, SI: number): Word => encode("addi", { RT, RA0, SI }),
  addis = (RT: Gpr, RA0: Gpr, SI: number): Word => encode("addis", { RT, RA0, SI }),
  li = (RT: Gpr, SI: number): Word => addi(RT, 0, SI),
  lis = (RT: Gpr, SI: number): Word => addis(RT, 0, SI),
  mulli = (RT: Gpr, RA: Gpr, SI: number): Word => encode("mulli", { RT, RA, SI }),
  add = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("add", { RT, RA, RB }),
  /** RT = RA - RB: the operands of subf the other way round. */
  sub = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("subf", { RT, RA: RB, RB: RA }),
  neg = (RT: Gpr, RA: Gpr): Word => encode("neg", { RT, RA }),
  mulld = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("mulld", { RT, RA, RB }),
  mullw = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("mullw", { RT, RA, RB }),
  divd = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("divd", { RT, RA, RB }),
  divdu = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("divdu", { RT, RA, RB }),
  divw = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("divw", { RT, RA, RB }),
  divwu = (RT: Gpr, RA: Gpr, RB: Gpr): Word => encode("divwu", { RT, RA, RB }),
  // logical
  and = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("and", { RA, RS, RB }),
  andDot = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("and", { RA, RS, RB, Rc: 1 }),
  or = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("or", { RA, RS, RB }),
  xor = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("xor", { RA, RS, RB }),
  mr = (RA: Gpr, RS: Gpr): Word => or(RA, RS, RS),
  andi = (RA: Gpr, RS: Gpr, UI: number): Word => encode("andi.", { RA, RS, UI }),
  ori = (RA: Gpr, RS: Gpr, UI: number): Word => encode("ori", { RA, RS, UI }),
  oris = (RA: Gpr, RS: Gpr, UI: number): Word => encode("oris", { RA, RS, UI }),
  xori = (RA: Gpr, RS: Gpr, UI: number): Word => encode("xori", { RA, RS, UI }),
  xoris = (RA: Gpr, RS: Gpr, UI: number): Word => encode("xoris", { RA, RS, UI }),
  nop = (): Word => NOP,
  extsb = (RA: Gpr, RS: Gpr): Word => encode("extsb", { RA, RS }),
  extsh = (RA: Gpr, RS: Gpr): Word => encode("extsh", { RA, RS }),
  extsw = (RA: Gpr, RS: Gpr): Word => encode("extsw", { RA, RS }),
  // rotate and shift
  rlwinm = (RA: Gpr, RS: Gpr, SH: number, MB: number, ME: number): Word =>
    encode("rlwinm", { RA, RS, SH, MB, ME }),
  rlwinmDot = (RA: Gpr, RS: Gpr, SH: number, MB: number, ME: number): Word =>
    encode("rlwinm", { RA, RS, SH, MB, ME, Rc: 1 }),
  rlwimi = (RA: Gpr, RS: Gpr, SH: number, MB: number, ME: number): Word =>
    encode("rlwimi", { RA, RS, SH, MB, ME }),
  rldicl = (RA: Gpr, RS: Gpr, SH: number, MB: number): Word => encode("rldicl", { RA, RS, SH, MB }),
  rldicr = (RA: Gpr, RS: Gpr, SH: number, ME: number): Word => encode("rldicr", { RA, RS, SH, ME }),
  sldi = (RA: Gpr, RS: Gpr, n: number): Word => rldicr(RA, RS, n, 63 - n),
  srdi = (RA: Gpr, RS: Gpr, n: number): Word => rldicl(RA, RS, (64 - n) & 63, n),
  sradi = (RA: Gpr, RS: Gpr, SH: number): Word => encode("sradi", { RA, RS, SH }),
  slwi = (RA: Gpr, RS: Gpr, n: number): Word => rlwinm(RA, RS, n, 0, 31 - n),
  srwi = (RA: Gpr, RS: Gpr, n: number): Word => rlwinm(RA, RS, (32 - n) & 31, n, 31),
  srawi = (RA: Gpr, RS: Gpr, SH: number): Word => encode("srawi", { RA, RS, SH }),
  sld = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("sld", { RA, RS, RB }),
  srd = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("srd", { RA, RS, RB }),
  srad = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("srad", { RA, RS, RB }),
  slw = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("slw", { RA, RS, RB }),
  srw = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("srw", { RA, RS, RB }),
  sraw = (RA: Gpr, RS: Gpr, RB: Gpr): Word => encode("sraw", { RA, RS, RB }),
  /** Clears the upper half: the zero extension of a 32-bit result. */
  zext32 = (RA: Gpr, RS: Gpr): Word => rlwinm(RA, RS, 0, 0, 31),
  // compare into CR0
  cmpd = (RA: Gpr, RB: Gpr): Word => encode("cmp", { BF: 0, L: 1, RA, RB }),
  cmpw = (RA: Gpr, RB: Gpr): Word => encode("cmp", { BF: 0, L: 0, RA, RB }),
  cmpld = (RA: Gpr, RB: Gpr): Word => encode("cmpl", { BF: 0, L: 1, RA, RB }),
  cmplw = (RA: Gpr, RB: Gpr): Word => encode("cmpl", { BF: 0, L: 0, RA, RB }),
  cmpdi = (RA: Gpr, SI: number): Word => encode("cmpi", { BF: 0, L: 1, RA, SI }),
  cmpwi = (RA: Gpr, SI: number): Word => encode("cmpi", { BF: 0, L: 0, RA, SI }),
  cmpldi = (RA: Gpr, UI: number): Word => encode("cmpli", { BF: 0, L: 1, RA, UI }),
  cmplwi = (RA: Gpr, UI: number): Word => encode("cmpli", { BF: 0, L: 0, RA, UI }),
  // branch; LI and BD in bytes from the branch itself
  b = (LI: number): Word => encode("b", { LI }),
  bl = (LI: number): Word => encode("b", { LI, LK: 1 }),
  bc = (BO: number, BI: number, BD: number): Word => encode("bc", { BO, BI, BD }),
  bctr = (): Word => encode("bcctr", { BO: 20, BI: 0, BH: 0 }),
  bctrl = (): Word => encode("bcctr", { BO: 20, BI: 0, BH: 0, LK: 1 }),
  blr = (): Word => encode("bclr", { BO: 20, BI: 0, BH: 0 }),
  blrl = (): Word => encode("bclr", { BO: 20, BI: 0, BH: 0, LK: 1 }),
  mtctr = (RS: Gpr): Word => encode("mtspr", { SPR: CTR, RS }),
  mtlr = (RS: Gpr): Word => encode("mtspr", { SPR: LR, RS }),
  mflr = (RT: Gpr): Word => encode("mfspr", { RT, SPR: LR }),
  // prefixed arithmetic, two words
  paddi = (RT: Gpr, RA0: Gpr, SI: number): Words => encodePrefixed("paddi", { RT, RA0, SI }),
  /** SI in bytes from the prefix. */
  pla = (RT: Gpr, SI: number): Words => encodePrefixed("paddi", { RT, RA0: 0, SI, R: 1 }),
  // load
  lbz = (RT: Gpr, D: number, RA0: Gpr): Word => encode("lbz", { RT, D, RA0 }),
  lhz = (RT: Gpr, D: number, RA0: Gpr): Word => encode("lhz", { RT, D, RA0 }),
  lha = (RT: Gpr, D: number, RA0: Gpr): Word => encode("lha", { RT, D, RA0 }),
  lwz = (RT: Gpr, D: number, RA0: Gpr): Word => encode("lwz", { RT, D, RA0 }),
  lwa = (RT: Gpr, DS: number, RA0: Gpr): Word => encode("lwa", { RT, DS, RA0 }),
  ld = (RT: Gpr, DS: number, RA0: Gpr): Word => encode("ld", { RT, DS, RA0 }),
  lwax = (RT: Gpr, RA0: Gpr, RB: Gpr): Word => encode("lwax", { RT, RA0, RB }),
  ldx = (RT: Gpr, RA0: Gpr, RB: Gpr): Word => encode("ldx", { RT, RA0, RB }),
  ldbrx = (RT: Gpr, RA0: Gpr, RB: Gpr): Word => encode("ldbrx", { RT, RA0, RB }),
  // store
  stb = (RS: Gpr, D: number, RA0: Gpr): Word => encode("stb", { RS, D, RA0 }),
  sth = (RS: Gpr, D: number, RA0: Gpr): Word => encode("sth", { RS, D, RA0 }),
  stw = (RS: Gpr, D: number, RA0: Gpr): Word => encode("stw", { RS, D, RA0 }),
  std = (RS: Gpr, DS: number, RA0: Gpr): Word => encode("std", { RS, DS, RA0 }),
  stdu = (RS: Gpr, DS: number, RA: Gpr): Word => encode("stdu", { RS, DS, RA }),
  stdx = (RS: Gpr, RA0: Gpr, RB: Gpr): Word => encode("stdx", { RS, RA0, RB }),
  // storage order and atomic update
  sync = (): Word => encode("sync", {}),
  eieio = (): Word => encode("eieio", {}),
  lwarx = (RT: Gpr, RA0: Gpr, RB: Gpr): Word => encode("lwarx", { RT, RA0, RB }),
  ldarx = (RT: Gpr, RA0: Gpr, RB: Gpr): Word => encode("ldarx", { RT, RA0, RB }),
  stwcx = (RS: Gpr, RA0: Gpr, RB: Gpr): Word => encode("stwcx.", { RS, RA0, RB }),
  stdcx = (RS: Gpr, RA0: Gpr, RB: Gpr): Word => encode("stdcx.", { RS, RA0, RB });

/** The branch that is taken where a bit of CR0 is as told; `BD` in bytes. */
export interface Condition {
  readonly bit: number;
  readonly value: boolean;
}

/** BO for "branch where the bit is set", and where it is clear [Power ISA v3.1B I 2.4]. */
const [BO_TRUE, BO_FALSE] = [12, 4];

export function branchIf({ bit, value }: Condition, BD: number): Word {
  return bc(value ? BO_TRUE : BO_FALSE, bit, BD);
}

export const opposite = ({ bit, value }: Condition): Condition => ({ bit, value: !value });

export const IF_EQ: Condition = { bit: CR0_EQ, value: true },
  IF_NE: Condition = { bit: CR0_EQ, value: false },
  IF_GT: Condition = { bit: CR0_GT, value: true },
  IF_LE: Condition = { bit: CR0_GT, value: false },
  IF_LT: Condition = { bit: CR0_LT, value: true },
  IF_GE: Condition = { bit: CR0_LT, value: false };

/** Bytes a word takes. */
export const WORD_BYTES = 4;

/** Words of a prefixed instruction. */
export const PREFIXED_WORDS = 2;

/** Whether `b` and `bl` reach so many bytes: 24 bits of words. */
export const reachesB = (bytes: number): boolean => bytes >= -0x200_0000 && bytes < 0x200_0000;
/** Whether `bc` does: 14 bits of words. */
export const reachesBc = (bytes: number): boolean => bytes >= -0x8000 && bytes < 0x8000;
/** Whether the immediate of a prefixed instruction does: 34 bits. */
export const reachesPrefixed = (bytes: number): boolean => bytes >= -(2 ** 33) && bytes < 2 ** 33;
