// Comparison and selection [Power ISA v3.1B I 3.3.10, 3.3.12], and traps [I 3.3.11].
// The rows alone.
import type { Machine } from "../machine.ts";
import type { Gpr, Imm } from "../pattern.ts";
import { insn, type Row } from "../row.ts";
import { zeroBytes } from "./logical.ts";

/** The operand of a comparison: a doubleword, or a word extended as the order wants it. */
function operand<V, B>(m: Machine<V, B>, order: "signed" | "unsigned", L: 0 | 1, r: Gpr): V {
  if (L === 1) return m.gpr(r);
  return order === "signed" ? m.sext(32, m.gpr(r)) : m.zext(32, m.gpr(r));
}

/** TO of the manual, from bit 6 on: less, greater, equal, less unsigned, greater unsigned. */
function trapIf<V, B>(m: Machine<V, B>, TO: Imm, left: V, right: V): void {
  const a = m.let(left);
  const b = m.let(right);
  const found = [m.ltS(a, b), m.ltS(b, a), m.eq(a, b), m.ltU(a, b), m.ltU(b, a)];
  const bits = found.reduce((sofar, b) => m.or(m.shl(sofar, m.imm(1)), m.bit(b)), m.imm(0));
  m.trap(m.no(m.eq(m.and(m.imm(TO), bits), m.imm(0))));
}

/** Byte `n` of `v`, counted from the least significant one. */
function byte<V, B>(m: Machine<V, B>, v: V, n: number): V {
  return m.zext(8, m.shr(v, m.imm(8 * n)));
}

/** Is `x` at least byte `n` and at most byte `n + 1` of `range`? */
function inRange<V, B>(m: Machine<V, B>, x: V, range: V, n: number): B {
  return m.no(m.either(m.ltU(x, byte(m, range, n)), m.ltU(byte(m, range, n + 1), x)));
}

/** cmprb: one range, or with L either of two. */
function compareRanges<V, B>(m: Machine<V, B>, L: 0 | 1, a: V, b: V): B {
  const x = m.let(m.zext(8, a));
  const ranges = m.let(b);
  const first = inRange(m, x, ranges, 0);
  return L === 0 ? first : m.either(first, inRange(m, x, ranges, 2));
}

/** A CR field that holds one truth value, in the place of GT. */
function gt<V, B>(m: Machine<V, B>, b: B): V {
  return m.shl(m.bit(b), m.imm(2));
}

/** setb: -1, 1 or 0 for LT, GT or neither. */
function fromField<V, B>(m: Machine<V, B>, field: V): V {
  const nibble = m.let(field);
  return m.select(m.ltU(m.imm(7), nibble), m.imm(-1), m.select(m.ltU(m.imm(3), nibble), m.imm(1), m.imm(0)));
}

// One row an instruction, as in the manual.
// prettier-ignore
export const compare: readonly Row[] = [
  insn("cmpi",    "001011 BF:3 / L RA:5 SI:s16",             "BF?,L,RA,SI",  (m, f) => m.compare("signed", f.BF, operand(m, "signed", f.L, f.RA), m.imm(f.SI))),
  insn("cmpli",   "001010 BF:3 / L RA:5 UI:16",              "BF?,L,RA,UI",  (m, f) => m.compare("unsigned", f.BF, operand(m, "unsigned", f.L, f.RA), m.imm(f.UI))),
  insn("cmp",     "011111 BF:3 / L RA:5 RB:5 0000000000 /",  "BF?,L,RA,RB",  (m, f) => m.compare("signed", f.BF, operand(m, "signed", f.L, f.RA), operand(m, "signed", f.L, f.RB))),
  insn("cmpl",    "011111 BF:3 / L RA:5 RB:5 0000100000 /",  "BF?,L,RA,RB",  (m, f) => m.compare("unsigned", f.BF, operand(m, "unsigned", f.L, f.RA), operand(m, "unsigned", f.L, f.RB))),
  insn("cmprb",   "011111 BF:3 / L RA:5 RB:5 0011000000 /",  "BF,L,RA,RB",   (m, f) => m.setCrField(f.BF, gt(m, compareRanges(m, f.L, m.gpr(f.RA), m.gpr(f.RB)))), { since: "power9" }),
  insn("cmpeqb",  "011111 BF:3 // RA:5 RB:5 0011100000 /",   "BF,RA,RB",     (m, f) => m.setCrField(f.BF, gt(m, m.no(m.eq(zeroBytes(m, m.xor(m.mul(m.zext(8, m.gpr(f.RA)), m.rotl32(m.imm(0x0101_0101), m.imm(0))), m.gpr(f.RB))), m.imm(0))))), { since: "power9" }),
  insn("isel",    "011111 RT:5 RA0:5 RB:5 BC:5 01111 /",     "RT,RA0,RB,BC", (m, f) => m.setGpr(f.RT, m.select(m.crBit(f.BC), m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("setb",    "011111 RT:5 BFA:3 // ///// 0010000000 /", "RT,BFA",       (m, f) => m.setGpr(f.RT, fromField(m, m.crField(f.BFA))), { since: "power9" }),
  insn("setbc",   "011111 RT:5 BI:5 ///// 0110000000 /",     "RT,BI",        (m, f) => m.setGpr(f.RT, m.bit(m.crBit(f.BI))), { since: "power10" }),
  insn("setbcr",  "011111 RT:5 BI:5 ///// 0110100000 /",     "RT,BI",        (m, f) => m.setGpr(f.RT, m.bit(m.no(m.crBit(f.BI)))), { since: "power10" }),
  insn("setnbc",  "011111 RT:5 BI:5 ///// 0111000000 /",     "RT,BI",        (m, f) => m.setGpr(f.RT, m.sub(m.imm(0), m.bit(m.crBit(f.BI)))), { since: "power10" }),
  insn("setnbcr", "011111 RT:5 BI:5 ///// 0111100000 /",     "RT,BI",        (m, f) => m.setGpr(f.RT, m.sub(m.imm(0), m.bit(m.no(m.crBit(f.BI))))), { since: "power10" }),
  insn("twi",     "000011 TO:5 RA:5 SI:s16",                 "TO,RA,SI",     (m, f) => trapIf(m, f.TO, m.sext(32, m.gpr(f.RA)), m.imm(f.SI))),
  insn("tw",      "011111 TO:5 RA:5 RB:5 0000000100 /",      "TO,RA,RB",     (m, f) => trapIf(m, f.TO, m.sext(32, m.gpr(f.RA)), m.sext(32, m.gpr(f.RB)))),
  insn("tdi",     "000010 TO:5 RA:5 SI:s16",                 "TO,RA,SI",     (m, f) => trapIf(m, f.TO, m.gpr(f.RA), m.imm(f.SI))),
  insn("td",      "011111 TO:5 RA:5 RB:5 0001000100 /",      "TO,RA,RB",     (m, f) => trapIf(m, f.TO, m.gpr(f.RA), m.gpr(f.RB))),
];
