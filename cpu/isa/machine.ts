// What an instruction may do: the verbs that the meaning of a row is written in. Engines implement them; nothing runs here.
// V is a 64-bit value and B a truth value; both exist only when the guest runs, so a row cannot look into them.
import type { CrBit, CrField, Gpr, Imm, Spr } from "./pattern.ts";

/** SPRs that rows use by name. */
export type NamedSpr = "LR" | "CTR" | "TAR";
export type Bytes = 1 | 2 | 4 | 8;
export type Sign = "signed" | "unsigned";

/** A sum with carry and overflow out of 64 and of 32 bits; each is computed when it is asked for. */
export interface Sum<V, B> {
  readonly sum: V;
  readonly ca: B;
  readonly ov: B;
  readonly ca32: B;
  readonly ov32: B;
}

/**
 * The rare and the privileged: each is written once, over the state of the CPU, outside compiled code. The reference engine
 * hands over values and field numbers; the others leave compiled code and let the reference engine step this instruction.
 * Names are those of the instructions; the operands are given here.
 */
export interface SystemOperations<V> {
  readonly lmw: readonly [RT: Gpr, ea: V];
  readonly stmw: readonly [RS: Gpr, ea: V];
  /** `bytes` is 1 to 32. */
  readonly lswi: readonly [RT: Gpr, ea: V, bytes: V];
  readonly stswi: readonly [RS: Gpr, ea: V, bytes: V];
  /** The count of bytes is in XER; 0 does nothing. */
  readonly lswx: readonly [RT: Gpr, ea: V];
  readonly stswx: readonly [RS: Gpr, ea: V];
  readonly dcbz: readonly [ea: V];
  /** dcbf and dcbst translate as a load does; a page that may not be read faults. */
  readonly dcbf: readonly [ea: V];
  readonly dcbst: readonly [ea: V];
  readonly icbi: readonly [ea: V];
  /** RT = RA + RB + OV; OV and OV32 become the carries out of 64 and 32 bits, SO stays. */
  readonly addex: readonly [RT: Gpr, a: V, b: V];
  /** CR field BF = OV, OV32, CA, CA32. */
  readonly mcrxrx: readonly [BF: CrField];
  /** (a || 64 zeros) / b; OE and Rc say whether XER and CR0 are set. A quotient that does not fit is 0. */
  readonly divde: readonly [RT: Gpr, a: V, b: V, OE: 0 | 1, Rc: 0 | 1];
  readonly divdeu: readonly [RT: Gpr, a: V, b: V, OE: 0 | 1, Rc: 0 | 1];
  readonly bpermd: readonly [RA: Gpr, s: V, b: V];
  /** Of the bits of `s` where `mask` is 1, from the left or the right: how many are 0 before the first 1. */
  readonly cntlzdm: readonly [RA: Gpr, s: V, mask: V];
  readonly cnttzdm: readonly [RA: Gpr, s: V, mask: V];
  /** The rightmost bits of `s` to where `mask` is 1; those bits to the right end; the same with the others to the left of them. */
  readonly pdepd: readonly [RA: Gpr, s: V, mask: V];
  readonly pextd: readonly [RA: Gpr, s: V, mask: V];
  readonly cfuged: readonly [RA: Gpr, s: V, mask: V];
  readonly mfmsr: readonly [RT: Gpr];
  /** L of mtmsr and mtmsrd: only EE and RI are changed. */
  readonly mtmsr: readonly [s: V, L: 0 | 1];
  readonly mtmsrd: readonly [s: V, L: 0 | 1];
  readonly rfid: readonly [];
  readonly hrfid: readonly [];
  readonly rfscv: readonly [];
  readonly scv: readonly [LEV: Imm];
  readonly attn: readonly [];
  /** Illegal with a suffix that is not to be prefixed, else nothing. */
  readonly pnop: readonly [];
  readonly wait: readonly [];
  readonly stop: readonly [];
  readonly nap: readonly [];
  readonly doze: readonly [];
  readonly sleep: readonly [];
  readonly slbmte: readonly [s: V, b: V];
  readonly slbie: readonly [b: V];
  readonly slbieg: readonly [s: V, b: V];
  readonly slbia: readonly [IH: Imm];
  readonly slbiag: readonly [s: V];
  readonly slbmfee: readonly [RT: Gpr, b: V];
  readonly slbmfev: readonly [RT: Gpr, b: V];
  /** Sets CR0 too. */
  readonly slbfee: readonly [RT: Gpr, b: V];
  readonly slbsync: readonly [];
  readonly tlbie: readonly [s: V, b: V, RIC: Imm, PRS: Imm, R: 0 | 1];
  readonly tlbiel: readonly [s: V, b: V, RIC: Imm, PRS: Imm, R: 0 | 1];
  readonly tlbsync: readonly [];
  /** Processor control: not connected to anything in a machine of one processor; privileged. */
  readonly msgsnd: readonly [b: V];
  readonly msgclr: readonly [b: V];
  readonly msgsndp: readonly [b: V];
  readonly msgclrp: readonly [b: V];
  readonly msgsync: readonly [];
  /** Caching-inhibited loads and stores of the hypervisor in real mode. */
  readonly loadInhibited: readonly [bytes: Bytes, RT: Gpr, ea: V];
  readonly storeInhibited: readonly [bytes: Bytes, s: V, ea: V];
  /** Quadwords: RT and RT + 1 (an odd RT is the engine's to refuse). */
  readonly lq: readonly [RT: Gpr, ea: V];
  readonly stq: readonly [RS: Gpr, ea: V];
  /** In memory's order in both byte orders. */
  readonly plq: readonly [RT: Gpr, ea: V];
  readonly pstq: readonly [RS: Gpr, ea: V];
  readonly lqarx: readonly [RT: Gpr, ea: V];
  /** Sets CR0 as storeConditional does. */
  readonly stqcx: readonly [RS: Gpr, ea: V];
}
export type SystemOperation = keyof SystemOperations<unknown>;

/**
 * Rules for a row: read all operands, then write. It may fault only in `load`, `store`, `loadReserve`, `storeConditional`,
 * `trap` and `system`, and writes nothing before the last of them. A value used twice, or used after a write, is bound
 * by `let`. 32-bit mode stays out of rows: `load`, `store`, `record`, `setCa`, `setOv`, `isZero`, `cia` and `jump` know it.
 */
export interface Machine<V, B> {
  /** An operand field, scaled and sign-extended already, or a constant (a safe integer). */
  imm(x: Imm | number): V;
  /** A field named RA0 reads as 0 where it holds 0. */
  gpr(r: Gpr): V;
  setGpr(r: Gpr, v: V): void;
  let(v: V): V;
  letB(b: B): B;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  /** Counts of shifts and rotations are taken modulo 64. */
  shl(a: V, n: V): V;
  shr(a: V, n: V): V;
  sar(a: V, n: V): V;
  rotl(a: V, n: V): V;
  /** The low word in both halves, rotated left by n modulo 32 (ROTL32 of the manual). */
  rotl32(a: V, n: V): V;
  /** MASK(mb, me) of the manual; with size 32 the low word is meant, and a mask that wraps covers the high word too. */
  mask(size: 32 | 64, mb: V, me: V): V;
  sext(bits: 8 | 16 | 32, v: V): V;
  zext(bits: 8 | 16 | 32, v: V): V;
  /** Of the low `bits`; of 0: `bits`. */
  clz(bits: 32 | 64, v: V): V;
  ctz(bits: 32 | 64, v: V): V;
  /** The count of ones in each part of `bits` bits, in that part. */
  popcount(bits: 8 | 32 | 64, v: V): V;
  /** Bits 0:63 of the product of 128 bits. */
  mulHigh(sign: Sign, a: V, b: V): V;
  /** Division by 0, and the least signed value by -1, give 0: UNDEF(I 3.3.9). */
  quotient(sign: Sign, a: V, b: V): V;
  /** By 0, or the least signed value by -1: 0: UNDEF(I 3.3.9). */
  remainder(sign: Sign, a: V, b: V): V;
  addc(a: V, b: V, c: B | 0 | 1): Sum<V, B>;

  eq(a: V, b: V): B;
  ltS(a: V, b: V): B;
  ltU(a: V, b: V): B;
  no(b: B): B;
  both(a: B, b: B): B;
  either(a: B, b: B): B;
  select(c: B, a: V, b: V): V;
  bit(b: B): V;
  /** In the width of the mode: 32-bit mode looks at the low word alone. */
  isZero(v: V): B;

  ca(): B;
  /** In 32-bit mode CA is the carry out of 32 bits. */
  setCa(ca: B, ca32: B): void;
  /** Sets SO too when OV is set. In 32-bit mode OV is the overflow of 32 bits. */
  setOv(ov: B, ov32: B): void;
  so(): B;
  /** LT GT EQ and SO into a CR field; 0 is CR0. */
  compare(order: Sign, field: CrField | 0, a: V, b: V): void;
  /** CR0 from a signed comparison with 0, in the width of the mode; after OV and SO are set. */
  record(v: V): void;
  crBit(i: CrBit): B;
  setCrBit(i: CrBit, b: B): void;
  /** A nibble LT GT EQ SO: 0 to 15. */
  crField(f: CrField): V;
  setCrField(f: CrField, v: V): void;
  /** The 32 bits of CR. */
  cr(): V;
  setCr(v: V): void;
  /** Which SPRs exist and who may use them is the engine's to know. */
  spr(s: Spr | NamedSpr): V;
  setSpr(s: Spr | NamedSpr, v: V): void;

  load(bytes: Bytes, ea: V, order?: "guest" | "reversed"): V;
  store(bytes: Bytes, ea: V, v: V, order?: "guest" | "reversed"): void;
  loadReserve(bytes: Bytes, ea: V): V;
  /** Sets CR0 to 0, 0, whether it stored, SO. */
  storeConditional(bytes: Bytes, ea: V, v: V): void;
  trap(when: B): void;

  /** The address of this instruction; of a prefixed one, that of its prefix. */
  cia(): V;
  jump(target: V, when?: B): void;
  supervisorCall(level: Imm): void;
  system<N extends SystemOperation>(name: N, ...operands: SystemOperations<V>[N]): void;
}
