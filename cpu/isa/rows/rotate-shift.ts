// Fixed-point rotate and shift instructions [Power ISA v3.1B I 3.3.14].
// The rows alone; their many simplified spellings are in simplified.ts.
import type { Machine } from "../machine.ts";
import type { Gpr } from "../pattern.ts";
import { insn, type Row } from "../row.ts";
import { put } from "./result.ts";

interface Target {
  readonly Rc: 0 | 1;
  readonly RA: Gpr;
}

/** RA keeps its bits where the mask is 0. */
function insert<V, B>(m: Machine<V, B>, f: Target, v: V, mask: V): void {
  const bits = m.let(mask);
  put(m, f, f.RA, m.or(m.and(v, bits), m.and(m.gpr(f.RA), m.not(bits))));
}

/** sld, srd: nothing is left when bit 57 of the count is set. */
function unlessLong<V, B>(m: Machine<V, B>, n: V, v: V): V {
  return m.select(m.eq(m.and(n, m.imm(64)), m.imm(0)), v, m.imm(0));
}

/** Shift right by n < 64, the sign kept; CA when the value is negative and loses ones. */
function shiftAlgebraic<V, B>(m: Machine<V, B>, f: Target, value: V, count: V, losesAll?: B): void {
  const v = m.let(value);
  const n = m.let(count);
  const result = m.let(m.sar(v, n));
  const kept = m.eq(m.shl(result, n), v);
  const loses = losesAll === undefined ? m.no(kept) : m.either(m.no(kept), losesAll);
  const ca = m.letB(m.both(m.ltS(v, m.imm(0)), loses));
  m.setCa(ca, ca);
  put(m, f, f.RA, result);
}

/** srad: a count with bit 57 set shifts everything out. */
function shiftAlgebraicDouble<V, B>(m: Machine<V, B>, f: Target, value: V, count: V): void {
  const n = m.let(count);
  const losesAll = m.letB(m.no(m.eq(m.and(n, m.imm(64)), m.imm(0))));
  shiftAlgebraic(m, f, value, m.select(losesAll, m.imm(63), m.and(n, m.imm(63))), losesAll);
}

// One row an instruction, as in the manual.
// prettier-ignore
export const rotateShift: readonly Row[] = [
  insn("rlwinm",   "010101 RS:5 RA:5 SH:5 MB:5 ME:5 Rc",          "RA,RS,SH,MB,ME", (m, f) => put(m, f, f.RA, m.and(m.rotl32(m.gpr(f.RS), m.imm(f.SH)), m.mask(32, m.imm(f.MB), m.imm(f.ME))))),
  insn("rlwnm",    "010111 RS:5 RA:5 RB:5 MB:5 ME:5 Rc",          "RA,RS,RB,MB,ME", (m, f) => put(m, f, f.RA, m.and(m.rotl32(m.gpr(f.RS), m.gpr(f.RB)), m.mask(32, m.imm(f.MB), m.imm(f.ME))))),
  insn("rlwimi",   "010100 RS:5 RA:5 SH:5 MB:5 ME:5 Rc",          "RA,RS,SH,MB,ME", (m, f) => insert(m, f, m.rotl32(m.gpr(f.RS), m.imm(f.SH)), m.mask(32, m.imm(f.MB), m.imm(f.ME)))),
  insn("rldicl",   "011110 RS:5 RA:5 SH:5 MB:5 MB^1 000 SH^1 Rc", "RA,RS,SH,MB",    (m, f) => put(m, f, f.RA, m.and(m.rotl(m.gpr(f.RS), m.imm(f.SH)), m.mask(64, m.imm(f.MB), m.imm(63))))),
  insn("rldicr",   "011110 RS:5 RA:5 SH:5 ME:5 ME^1 001 SH^1 Rc", "RA,RS,SH,ME",    (m, f) => put(m, f, f.RA, m.and(m.rotl(m.gpr(f.RS), m.imm(f.SH)), m.mask(64, m.imm(0), m.imm(f.ME))))),
  insn("rldic",    "011110 RS:5 RA:5 SH:5 MB:5 MB^1 010 SH^1 Rc", "RA,RS,SH,MB",    (m, f) => put(m, f, f.RA, m.and(m.rotl(m.gpr(f.RS), m.imm(f.SH)), m.mask(64, m.imm(f.MB), m.sub(m.imm(63), m.imm(f.SH)))))),
  insn("rldimi",   "011110 RS:5 RA:5 SH:5 MB:5 MB^1 011 SH^1 Rc", "RA,RS,SH,MB",    (m, f) => insert(m, f, m.rotl(m.gpr(f.RS), m.imm(f.SH)), m.mask(64, m.imm(f.MB), m.sub(m.imm(63), m.imm(f.SH))))),
  insn("rldcl",    "011110 RS:5 RA:5 RB:5 MB:5 MB^1 1000 Rc",     "RA,RS,RB,MB",    (m, f) => put(m, f, f.RA, m.and(m.rotl(m.gpr(f.RS), m.gpr(f.RB)), m.mask(64, m.imm(f.MB), m.imm(63))))),
  insn("rldcr",    "011110 RS:5 RA:5 RB:5 ME:5 ME^1 1001 Rc",     "RA,RS,RB,ME",    (m, f) => put(m, f, f.RA, m.and(m.rotl(m.gpr(f.RS), m.gpr(f.RB)), m.mask(64, m.imm(0), m.imm(f.ME))))),
  insn("slw",      "011111 RS:5 RA:5 RB:5 0000011000 Rc",         "RA,RS,RB",       (m, f) => put(m, f, f.RA, m.zext(32, m.shl(m.gpr(f.RS), m.gpr(f.RB))))),
  insn("srw",      "011111 RS:5 RA:5 RB:5 1000011000 Rc",         "RA,RS,RB",       (m, f) => put(m, f, f.RA, m.shr(m.zext(32, m.gpr(f.RS)), m.gpr(f.RB)))),
  insn("sraw",     "011111 RS:5 RA:5 RB:5 1100011000 Rc",         "RA,RS,RB",       (m, f) => shiftAlgebraic(m, f, m.sext(32, m.gpr(f.RS)), m.and(m.gpr(f.RB), m.imm(63)))),
  insn("srawi",    "011111 RS:5 RA:5 SH:5 1100111000 Rc",         "RA,RS,SH",       (m, f) => shiftAlgebraic(m, f, m.sext(32, m.gpr(f.RS)), m.imm(f.SH))),
  insn("sld",      "011111 RS:5 RA:5 RB:5 0000011011 Rc",         "RA,RS,RB",       (m, f) => { const n = m.let(m.gpr(f.RB)); put(m, f, f.RA, unlessLong(m, n, m.shl(m.gpr(f.RS), n))); }),
  insn("srd",      "011111 RS:5 RA:5 RB:5 1000011011 Rc",         "RA,RS,RB",       (m, f) => { const n = m.let(m.gpr(f.RB)); put(m, f, f.RA, unlessLong(m, n, m.shr(m.gpr(f.RS), n))); }),
  insn("srad",     "011111 RS:5 RA:5 RB:5 1100011010 Rc",         "RA,RS,RB",       (m, f) => shiftAlgebraicDouble(m, f, m.gpr(f.RS), m.gpr(f.RB))),
  insn("sradi",    "011111 RS:5 RA:5 SH:5 110011101 SH^1 Rc",     "RA,RS,SH",       (m, f) => shiftAlgebraic(m, f, m.gpr(f.RS), m.imm(f.SH))),
  insn("extswsli", "011111 RS:5 RA:5 SH:5 110111101 SH^1 Rc",     "RA,RS,SH",       (m, f) => put(m, f, f.RA, m.shl(m.sext(32, m.gpr(f.RS)), m.imm(f.SH))), { since: "power9" }),
];
