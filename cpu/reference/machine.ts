// The verbs of rows over Long values: one instruction at a time, written to be read against the manual. It fetches nothing
// and decodes nothing; `outcome` tells what the instruction ended in.
import Long from "long";
import { ZERO, fromHalves, signedQuotient, u64, type U64 } from "../../word/long.ts";
import { isInterrupt } from "../guest-memory.ts";
import { misaligned, systemCall, trapped, type Interrupt } from "../interrupt.ts";
import type { Bytes, Machine, Sign, Sum, SystemOperation, SystemOperations } from "../isa/machine.ts";
import type { CrBit, CrField, Gpr, Imm, Operand, Spr } from "../isa/pattern.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { Slb } from "../mmu/slb.ts";
import type { DataAccess } from "../recorder.ts";
import { SPR } from "../spr.ts";
import type { CpuState } from "../state.ts";
import type { Outcome, SystemContext } from "../system/context.ts";
import { accessOf } from "../system/access.ts";
import { systemOperations } from "../system/operations.ts";
import { NOTHING, readSpr, writeSpr } from "../system/spr.ts";

/** What a field named RA0 holds in place of 0: the number of no register. */
export const NO_REGISTER = -1;

/** Operand fields are numbers in this engine. */
function num(field: Operand | number): number {
  return field as number;
}

function wide(bit: boolean | 0 | 1): number {
  return bit === true || bit === 1 ? 1 : 0;
}

/** Carry and overflow out of the lowest `bits`, from the sum's own definition. */
function carryOut(bits: 32 | 64, a: U64, b: U64, carry: number): boolean {
  if (bits === 32) return (a.low >>> 0) + (b.low >>> 0) + carry >= 2 ** 32;
  const sum = a.add(b);
  return sum.lt(a) || (carry === 1 && sum.eq(Long.MAX_UNSIGNED_VALUE));
}

function overflow(bits: 32 | 64, a: U64, b: U64, sum: U64): boolean {
  const signs = a.xor(sum).and(b.xor(sum));
  return (bits === 32 ? signs.low : signs.high) < 0;
}

/** One processor's instruction at hand; made once, `begin` for each instruction. */
export class ReferenceMachine implements Machine<U64, boolean>, SystemContext {
  readonly state: CpuState;
  readonly memory: GuestMemory;
  readonly slb: Slb;
  #cia: U64 = ZERO;
  #next: U64 = ZERO;
  #word = 0;
  #outcome: Outcome | typeof NOTHING = undefined;
  #access: DataAccess | undefined;

  constructor(state: CpuState, memory: GuestMemory, slb: Slb) {
    this.state = state;
    this.memory = memory;
    this.slb = slb;
  }

  /** `word` is the suffix of a prefixed instruction, whose prefix is at `cia`. */
  begin(cia: U64, word: number, bytes: 4 | 8): void {
    this.#cia = cia;
    this.#word = word;
    this.#next = this.memory.effective(cia.add(bytes));
    this.#outcome = undefined;
    this.#access = undefined;
  }

  get word(): number {
    return this.#word;
  }

  /** Where the instruction goes on. */
  get next(): U64 {
    return this.#next;
  }

  get outcome(): Outcome {
    return this.#outcome === NOTHING ? undefined : this.#outcome;
  }

  /** The storage access of the instruction, also where it faults. */
  get access(): DataAccess | undefined {
    return this.#access;
  }

  #accesses(kind: DataAccess["kind"], ea: U64, bytes: number): void {
    this.#access = { kind, ea: this.memory.effective(ea), bytes };
  }

  /** Whether writes count: false once the instruction has faulted. */
  get #alive(): boolean {
    return this.#outcome === undefined;
  }

  /** The value, or 0 with the outcome noted; a row goes on with it and changes nothing more. */
  #value(x: U64 | Interrupt | typeof NOTHING): U64 {
    if (x !== NOTHING && !isInterrupt(x)) return x;
    this.#outcome ??= x;
    return ZERO;
  }

  imm(x: Imm | number): U64 {
    return u64(num(x));
  }
  gpr(r: Gpr): U64 {
    return num(r) === NO_REGISTER ? ZERO : this.state.gpr(num(r));
  }
  setGpr(r: Gpr, v: U64): void {
    if (this.#alive) this.state.setGpr(num(r), v);
  }
  let(v: U64): U64 {
    return v;
  }
  letB(b: boolean): boolean {
    return b;
  }

  add(a: U64, b: U64): U64 {
    return a.add(b);
  }
  sub(a: U64, b: U64): U64 {
    return a.sub(b);
  }
  mul(a: U64, b: U64): U64 {
    return a.mul(b);
  }
  and(a: U64, b: U64): U64 {
    return a.and(b);
  }
  or(a: U64, b: U64): U64 {
    return a.or(b);
  }
  xor(a: U64, b: U64): U64 {
    return a.xor(b);
  }
  not(a: U64): U64 {
    return a.not();
  }
  shl(a: U64, n: U64): U64 {
    return a.shl(n.low & 63);
  }
  shr(a: U64, n: U64): U64 {
    return a.shru(n.low & 63);
  }
  sar(a: U64, n: U64): U64 {
    return a
      .toSigned()
      .shr(n.low & 63)
      .toUnsigned();
  }
  rotl(a: U64, n: U64): U64 {
    return a.rotl(n.low & 63);
  }
  rotl32(a: U64, n: U64): U64 {
    return fromHalves(a.low, a.low).rotl(n.low & 31);
  }
  mask(size: 32 | 64, mb: U64, me: U64): U64 {
    const first = 64 - size + (mb.low & (size - 1));
    const last = 64 - size + (me.low & (size - 1));
    const from = Long.MAX_UNSIGNED_VALUE.shru(first);
    const to = Long.MAX_UNSIGNED_VALUE.shl(63 - last);
    return first <= last ? from.and(to) : from.or(to);
  }
  sext(bits: 8 | 16 | 32, v: U64): U64 {
    return u64((v.low << (32 - bits)) >> (32 - bits));
  }
  zext(bits: 8 | 16 | 32, v: U64): U64 {
    return u64((v.low << (32 - bits)) >>> (32 - bits));
  }
  clz(bits: 32 | 64, v: U64): U64 {
    return u64(bits === 32 || v.high === 0 ? bits - 32 + Math.clz32(v.low) : Math.clz32(v.high));
  }
  ctz(bits: 32 | 64, v: U64): U64 {
    const trailing = (word: number): number => (word === 0 ? 32 : 31 - Math.clz32(word & -word));
    return u64(v.low !== 0 || bits === 32 ? trailing(v.low) : 32 + trailing(v.high));
  }
  popcount(bits: 8 | 32 | 64, v: U64): U64 {
    let result = ZERO;
    for (let bit = 0; bit < 64; bit++) {
      const part = bit - (bit % bits);
      if ((v.shru(bit).low & 1) === 1) result = result.add(Long.UONE.shl(part));
    }
    return result;
  }
  mulHigh(sign: Sign, a: U64, b: U64): U64 {
    const half = (x: U64, high: boolean): U64 => fromHalves(0, high ? x.high : x.low);
    const low = half(a, false).mul(half(b, false));
    const middle = half(a, true).mul(half(b, false)).add(half(low, true));
    const other = half(a, false).mul(half(b, true)).add(half(middle, false));
    const high = half(a, true).mul(half(b, true)).add(half(middle, true)).add(half(other, true));
    if (sign === "unsigned") return high;
    const forA = a.high < 0 ? high.sub(b) : high;
    return b.high < 0 ? forA.sub(a) : forA;
  }
  #divisible(sign: Sign, a: U64, b: U64): boolean {
    const least = sign === "signed" && a.eq(Long.MIN_VALUE.toUnsigned()) && b.eq(Long.MAX_UNSIGNED_VALUE);
    return !b.isZero() && !least;
  }
  quotient(sign: Sign, a: U64, b: U64): U64 {
    if (!this.#divisible(sign, a, b)) return ZERO;
    return sign === "signed" ? signedQuotient(a, b) : a.div(b);
  }
  remainder(sign: Sign, a: U64, b: U64): U64 {
    if (!this.#divisible(sign, a, b)) return ZERO;
    return sign === "signed" ? a.toSigned().mod(b.toSigned()).toUnsigned() : a.mod(b);
  }
  addc(a: U64, b: U64, c: boolean | 0 | 1): Sum<U64, boolean> {
    const carry = wide(c);
    const sum = a.add(b).add(carry);
    return {
      sum,
      ca: carryOut(64, a, b, carry),
      ca32: carryOut(32, a, b, carry),
      ov: overflow(64, a, b, sum),
      ov32: overflow(32, a, b, sum),
    };
  }

  eq(a: U64, b: U64): boolean {
    return a.eq(b);
  }
  ltS(a: U64, b: U64): boolean {
    return a.toSigned().lt(b.toSigned());
  }
  ltU(a: U64, b: U64): boolean {
    return a.lt(b);
  }
  no(b: boolean): boolean {
    return !b;
  }
  both(a: boolean, b: boolean): boolean {
    return a && b;
  }
  either(a: boolean, b: boolean): boolean {
    return a || b;
  }
  select(c: boolean, a: U64, b: U64): U64 {
    return c ? a : b;
  }
  bit(b: boolean): U64 {
    return u64(wide(b));
  }
  isZero(v: U64): boolean {
    return this.memory.effective(v).isZero();
  }

  get #sixtyFour(): boolean {
    return this.state.sixtyFour;
  }
  ca(): boolean {
    return this.state.flag("CA");
  }
  setCa(ca: boolean, ca32: boolean): void {
    if (!this.#alive) return;
    this.state.setFlag("CA", this.#sixtyFour ? ca : ca32);
    this.state.setFlag("CA32", ca32);
  }
  setOv(ov: boolean, ov32: boolean): void {
    if (!this.#alive) return;
    const overflowed = this.#sixtyFour ? ov : ov32;
    this.state.setFlag("OV", overflowed);
    this.state.setFlag("OV32", ov32);
    if (overflowed) this.state.setFlag("SO", true);
  }
  so(): boolean {
    return this.state.flag("SO");
  }
  compare(order: Sign, field: CrField | 0, a: U64, b: U64): void {
    const less = order === "signed" ? this.ltS(a, b) : this.ltU(a, b);
    this.#setField(num(field), less ? 8 : a.eq(b) ? 2 : 4, this.so());
  }
  record(v: U64): void {
    this.compare("signed", 0, this.#sixtyFour ? v : this.sext(32, v), ZERO);
  }
  #setField(field: number, order: number, so: boolean): void {
    if (this.#alive) this.state.setCrField(field, order | wide(so));
  }
  crBit(i: CrBit): boolean {
    const bit = num(i);
    return ((this.state.crField(bit >> 2) >> (3 - (bit & 3))) & 1) === 1;
  }
  setCrBit(i: CrBit, b: boolean): void {
    const bit = num(i);
    const place = 8 >> (bit & 3);
    const others = this.state.crField(bit >> 2) & ~place;
    if (this.#alive) this.state.setCrField(bit >> 2, others | (b ? place : 0));
  }
  crField(f: CrField): U64 {
    return u64(this.state.crField(num(f)));
  }
  setCrField(f: CrField, v: U64): void {
    if (this.#alive) this.state.setCrField(num(f), v.low);
  }
  cr(): U64 {
    return u64(this.state.cr);
  }
  setCr(v: U64): void {
    if (this.#alive) this.state.cr = v.low;
  }
  spr(s: Spr | "LR" | "CTR" | "TAR"): U64 {
    return this.#value(readSpr(this.state, typeof s === "string" ? SPR[s] : num(s), this.word));
  }
  setSpr(s: Spr | "LR" | "CTR" | "TAR", v: U64): void {
    if (this.#alive)
      this.#outcome = writeSpr(this.state, typeof s === "string" ? SPR[s] : num(s), v, this.word);
  }

  load(bytes: Bytes, ea: U64, order: "guest" | "reversed" = "guest"): U64 {
    this.#accesses("load", ea, bytes);
    return this.#value(this.memory.load(bytes, ea, order));
  }
  store(bytes: Bytes, ea: U64, v: U64, order: "guest" | "reversed" = "guest"): void {
    if (!this.#alive) return;
    this.#accesses("store", ea, bytes);
    this.#outcome = this.memory.store(bytes, ea, v, order);
  }
  loadReserve(bytes: Bytes, ea: U64): U64 {
    if ((ea.low & (bytes - 1)) !== 0) return this.#value(misaligned(ea, "load and reserve"));
    const place = this.memory.place(ea, "load");
    if (isInterrupt(place)) return this.#value(place);
    this.state.reservation = { place, bytes };
    return this.load(bytes, ea);
  }
  /** UNDEF(II 4.6.2): another address or length than the reservation's stores nothing; the reservation is gone either way. */
  storeConditional(bytes: Bytes, ea: U64, v: U64): void {
    if (!this.#alive) return;
    this.#accesses("store", ea, bytes);
    const place =
      (ea.low & (bytes - 1)) === 0 ? this.memory.place(ea, "store") : misaligned(ea, "store conditional");
    if (isInterrupt(place)) {
      this.#outcome = place;
      return;
    }
    const { reservation } = this.state;
    const stored = reservation?.place === place && reservation.bytes === bytes;
    if (stored) this.store(bytes, ea, v);
    this.state.reservation = undefined;
    this.#setField(0, stored ? 2 : 0, this.so());
  }
  trap(when: boolean): void {
    if (when) this.#outcome ??= trapped();
  }

  /** Address of the instruction at hand. */
  cia(): U64 {
    return this.#cia;
  }
  jump(target: U64, when = true): void {
    if (when && this.#alive) this.#next = this.memory.effective(target);
  }
  supervisorCall(level: Imm): void {
    this.#outcome ??= systemCall(num(level));
  }
  system<N extends SystemOperation>(name: N, ...operands: SystemOperations<U64>[N]): void {
    if (!this.#alive) return;
    // One operation of the table with its own operands; that they belong together is lost on the compiler.
    const operation = systemOperations[name] as unknown as (
      context: SystemContext,
      ...operands: readonly unknown[]
    ) => Outcome;
    this.#access = accessOf(this, name, operands);
    this.#outcome = operation(this, ...operands);
  }
}
