// Fixed-point arithmetic [Power ISA v3.1B I 3.3.9]: add, subtract, multiply, divide, modulo.
// The rows alone; comparison and logic have files of their own.
import type { Machine } from "../machine.ts";
import type { Gpr } from "../pattern.ts";
import { insn, type Row } from "../row.ts";
import { put, putOverflow, sum } from "./result.ts";

interface Division {
  readonly OE: 0 | 1;
  readonly Rc: 0 | 1;
  readonly RT: Gpr;
  readonly RA: Gpr;
  readonly RB: Gpr;
}
type Signedness = "signed" | "unsigned";

/** The low word of a register, extended to 64 bits. */
function word<V, B>(m: Machine<V, B>, sign: Signedness, r: Gpr): V {
  return sign === "signed" ? m.sext(32, m.gpr(r)) : m.zext(32, m.gpr(r));
}

/** divd, divdu: the verb gives 0 where the quotient does not exist. */
function divideDouble<V, B>(m: Machine<V, B>, sign: Signedness, f: Division): void {
  const a = m.let(m.gpr(f.RA));
  const b = m.let(m.gpr(f.RB));
  putOverflow(m, f, m.quotient(sign, a, b), () => {
    const byZero = m.eq(b, m.imm(0));
    if (sign === "unsigned") return byZero;
    const leastByMinusOne = m.both(m.eq(a, m.shl(m.imm(1), m.imm(63))), m.eq(b, m.imm(-1)));
    return m.either(byZero, leastByMinusOne);
  });
}

/** A quotient that has to fit 32 bits; where it does not: 0, with bits 0:31 of the target 0: UNDEF(I 3.3.9). */
function divideWord<V, B>(m: Machine<V, B>, sign: Signedness, f: Division, dividend: V): void {
  const a = m.let(dividend);
  const b = m.let(word(m, sign, f.RB));
  const q = m.let(m.quotient(sign, a, b));
  const low = m.let(m.zext(32, q));
  const tooBig = m.no(m.eq(q, sign === "signed" ? m.sext(32, q) : low));
  const byZero = m.eq(b, m.imm(0));
  const leastByMinusOne = m.both(m.eq(a, m.shl(m.imm(1), m.imm(63))), m.eq(b, m.imm(-1)));
  const impossible = sign === "signed" ? m.either(byZero, leastByMinusOne) : byZero;
  const overflow = m.letB(m.either(tooBig, impossible));
  putOverflow(m, f, m.select(overflow, m.imm(0), low), () => overflow);
}

// One row an instruction, as in the manual.
// prettier-ignore
export const fixedArithmetic: readonly Row[] = [
  insn("addi",    "001110 RT:5 RA0:5 SI:s16",               "RT,RA0,SI",   (m, f) => m.setGpr(f.RT, m.add(m.gpr(f.RA0), m.imm(f.SI)))),
  insn("addis",   "001111 RT:5 RA0:5 SI:s16",               "RT,RA0,SI",   (m, f) => m.setGpr(f.RT, m.add(m.gpr(f.RA0), m.shl(m.imm(f.SI), m.imm(16))))),
  insn("addpcis", "010011 RT:5 D:5 D^s10 00010 D:1",        "RT,D",        (m, f) => m.setGpr(f.RT, m.add(m.add(m.cia(), m.imm(4)), m.shl(m.imm(f.D), m.imm(16)))), { since: "power9" }),
  insn("mulli",   "000111 RT:5 RA:5 SI:s16",                "RT,RA,SI",    (m, f) => m.setGpr(f.RT, m.mul(m.gpr(f.RA), m.imm(f.SI)))),
  insn("addic",   "00110 Rc RT:5 RA:5 SI:s16",              "RT,RA,SI",    (m, f) => sum(m, { ...f, OE: 0 }, m.gpr(f.RA), m.imm(f.SI), 0, "carries")),
  insn("subfic",  "001000 RT:5 RA:5 SI:s16",                "RT,RA,SI",    (m, f) => sum(m, { ...f, OE: 0, Rc: 0 }, m.not(m.gpr(f.RA)), m.imm(f.SI), 1, "carries")),
  insn("add",     "011111 RT:5 RA:5 RB:5 OE 100001010 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.gpr(f.RA), m.gpr(f.RB), 0)),
  insn("addc",    "011111 RT:5 RA:5 RB:5 OE 000001010 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.gpr(f.RA), m.gpr(f.RB), 0, "carries")),
  insn("adde",    "011111 RT:5 RA:5 RB:5 OE 010001010 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.gpr(f.RA), m.gpr(f.RB), m.ca(), "carries")),
  insn("addex",   "011111 RT:5 RA:5 RB:5 CY:2 10101010 /",  "RT,RA,RB,CY", (m, f) => m.system("addex", f.RT, m.gpr(f.RA), m.gpr(f.RB)), { since: "power9" }),
  insn("addme",   "011111 RT:5 RA:5 ///// OE 011101010 Rc", "RT,RA",       (m, f) => sum(m, f, m.gpr(f.RA), m.imm(-1), m.ca(), "carries")),
  insn("addze",   "011111 RT:5 RA:5 ///// OE 011001010 Rc", "RT,RA",       (m, f) => sum(m, f, m.gpr(f.RA), m.imm(0), m.ca(), "carries")),
  insn("subf",    "011111 RT:5 RA:5 RB:5 OE 000101000 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.gpr(f.RB), 1)),
  insn("subfc",   "011111 RT:5 RA:5 RB:5 OE 000001000 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.gpr(f.RB), 1, "carries")),
  insn("subfe",   "011111 RT:5 RA:5 RB:5 OE 010001000 Rc",  "RT,RA,RB",    (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.gpr(f.RB), m.ca(), "carries")),
  insn("subfme",  "011111 RT:5 RA:5 ///// OE 011101000 Rc", "RT,RA",       (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.imm(-1), m.ca(), "carries")),
  insn("subfze",  "011111 RT:5 RA:5 ///// OE 011001000 Rc", "RT,RA",       (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.imm(0), m.ca(), "carries")),
  insn("neg",     "011111 RT:5 RA:5 ///// OE 001101000 Rc", "RT,RA",       (m, f) => sum(m, f, m.not(m.gpr(f.RA)), m.imm(0), 1)),
  insn("mullw",   "011111 RT:5 RA:5 RB:5 OE 011101011 Rc",  "RT,RA,RB",    (m, f) => { const p = m.let(m.mul(word(m, "signed", f.RA), word(m, "signed", f.RB))); putOverflow(m, f, p, () => m.no(m.eq(p, m.sext(32, p)))); }),
  insn("mulld",   "011111 RT:5 RA:5 RB:5 OE 011101001 Rc",  "RT,RA,RB",    (m, f) => { const p = m.let(m.mul(m.gpr(f.RA), m.gpr(f.RB))); putOverflow(m, f, p, () => m.no(m.eq(m.mulHigh("signed", m.gpr(f.RA), m.gpr(f.RB)), m.sar(p, m.imm(63))))); }),
  insn("mulhw",   "011111 RT:5 RA:5 RB:5 / 001001011 Rc",   "RT,RA,RB",    (m, f) => put(m, f, f.RT, m.rotl32(m.shr(m.mul(word(m, "signed", f.RA), word(m, "signed", f.RB)), m.imm(32)), m.imm(0)))), // both halves: UNDEF(I 3.3.9)
  insn("mulhwu",  "011111 RT:5 RA:5 RB:5 / 000001011 Rc",   "RT,RA,RB",    (m, f) => put(m, f, f.RT, m.rotl32(m.shr(m.mul(word(m, "unsigned", f.RA), word(m, "unsigned", f.RB)), m.imm(32)), m.imm(0)))),
  insn("mulhd",   "011111 RT:5 RA:5 RB:5 / 001001001 Rc",   "RT,RA,RB",    (m, f) => put(m, f, f.RT, m.mulHigh("signed", m.gpr(f.RA), m.gpr(f.RB)))),
  insn("mulhdu",  "011111 RT:5 RA:5 RB:5 / 000001001 Rc",   "RT,RA,RB",    (m, f) => put(m, f, f.RT, m.mulHigh("unsigned", m.gpr(f.RA), m.gpr(f.RB)))),
  insn("maddhd",  "000100 RT:5 RA:5 RB:5 RC:5 110000",      "RT,RA,RB,RC", (m, f) => m.setGpr(f.RT, m.add(m.add(m.mulHigh("signed", m.gpr(f.RA), m.gpr(f.RB)), m.sar(m.gpr(f.RC), m.imm(63))), m.bit(m.addc(m.mul(m.gpr(f.RA), m.gpr(f.RB)), m.gpr(f.RC), 0).ca))), { since: "power9" }),
  insn("maddhdu", "000100 RT:5 RA:5 RB:5 RC:5 110001",      "RT,RA,RB,RC", (m, f) => m.setGpr(f.RT, m.add(m.mulHigh("unsigned", m.gpr(f.RA), m.gpr(f.RB)), m.bit(m.addc(m.mul(m.gpr(f.RA), m.gpr(f.RB)), m.gpr(f.RC), 0).ca))), { since: "power9" }),
  insn("maddld",  "000100 RT:5 RA:5 RB:5 RC:5 110011",      "RT,RA,RB,RC", (m, f) => m.setGpr(f.RT, m.add(m.mul(m.gpr(f.RA), m.gpr(f.RB)), m.gpr(f.RC))), { since: "power9" }),
  insn("divw",    "011111 RT:5 RA:5 RB:5 OE 111101011 Rc",  "RT,RA,RB",    (m, f) => divideWord(m, "signed", f, word(m, "signed", f.RA))),
  insn("divwu",   "011111 RT:5 RA:5 RB:5 OE 111001011 Rc",  "RT,RA,RB",    (m, f) => divideWord(m, "unsigned", f, word(m, "unsigned", f.RA))),
  insn("divwe",   "011111 RT:5 RA:5 RB:5 OE 110101011 Rc",  "RT,RA,RB",    (m, f) => divideWord(m, "signed", f, m.shl(m.gpr(f.RA), m.imm(32)))),
  insn("divweu",  "011111 RT:5 RA:5 RB:5 OE 110001011 Rc",  "RT,RA,RB",    (m, f) => divideWord(m, "unsigned", f, m.shl(m.gpr(f.RA), m.imm(32)))),
  insn("divd",    "011111 RT:5 RA:5 RB:5 OE 111101001 Rc",  "RT,RA,RB",    (m, f) => divideDouble(m, "signed", f)),
  insn("divdu",   "011111 RT:5 RA:5 RB:5 OE 111001001 Rc",  "RT,RA,RB",    (m, f) => divideDouble(m, "unsigned", f)),
  insn("divde",   "011111 RT:5 RA:5 RB:5 OE 110101001 Rc",  "RT,RA,RB",    (m, f) => m.system("divde", f.RT, m.gpr(f.RA), m.gpr(f.RB), f.OE, f.Rc)),
  insn("divdeu",  "011111 RT:5 RA:5 RB:5 OE 110001001 Rc",  "RT,RA,RB",    (m, f) => m.system("divdeu", f.RT, m.gpr(f.RA), m.gpr(f.RB), f.OE, f.Rc)),
  insn("modsw",   "011111 RT:5 RA:5 RB:5 1100001011 /",     "RT,RA,RB",    (m, f) => m.setGpr(f.RT, m.remainder("signed", word(m, "signed", f.RA), word(m, "signed", f.RB))), { since: "power9" }),
  insn("moduw",   "011111 RT:5 RA:5 RB:5 0100001011 /",     "RT,RA,RB",    (m, f) => m.setGpr(f.RT, m.remainder("unsigned", word(m, "unsigned", f.RA), word(m, "unsigned", f.RB))), { since: "power9" }),
  insn("modsd",   "011111 RT:5 RA:5 RB:5 1100001001 /",     "RT,RA,RB",    (m, f) => m.setGpr(f.RT, m.remainder("signed", m.gpr(f.RA), m.gpr(f.RB))), { since: "power9" }),
  insn("modud",   "011111 RT:5 RA:5 RB:5 0100001001 /",     "RT,RA,RB",    (m, f) => m.setGpr(f.RT, m.remainder("unsigned", m.gpr(f.RA), m.gpr(f.RB))), { since: "power9" }),
];
