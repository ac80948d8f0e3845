// Fixed-point logical instructions [Power ISA v3.1B I 3.3.13]: bitwise, sign extension, counting, bytes.
// The rows alone.
import type { Machine } from "../machine.ts";
import { insn, type Row } from "../row.ts";
import { put, twice } from "./result.ts";

/** 0x80 in each byte of `v` that is 0, and 0 in the others; no byte touches its neighbor. */
export function zeroBytes<V, B>(m: Machine<V, B>, v: V): V {
  const low = m.let(twice(m, 0x7f7f_7f7f));
  const x = m.let(v);
  return m.not(m.or(m.or(m.add(m.and(x, low), low), x), low));
}

/** Bytes exchanged in each half word. */
function bytesInHalfWords<V, B>(m: Machine<V, B>, v: V): V {
  const low = m.let(twice(m, 0x00ff_00ff));
  const x = m.let(v);
  return m.or(m.shl(m.and(x, low), m.imm(8)), m.and(m.shr(x, m.imm(8)), low));
}

/** Bytes reversed in each word. */
function bytesInWords<V, B>(m: Machine<V, B>, v: V): V {
  const low = m.let(twice(m, 0x0000_ffff));
  const x = m.let(bytesInHalfWords(m, v));
  return m.or(m.shl(m.and(x, low), m.imm(16)), m.and(m.shr(x, m.imm(16)), low));
}

const record = { Rc: 1 } as const;

// One row an instruction, as in the manual.
// prettier-ignore
export const logical: readonly Row[] = [
  insn("andi.",   "011100 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => put(m, record, f.RA, m.and(m.gpr(f.RS), m.imm(f.UI)))),
  insn("andis.",  "011101 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => put(m, record, f.RA, m.and(m.gpr(f.RS), m.shl(m.imm(f.UI), m.imm(16))))),
  insn("ori",     "011000 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => m.setGpr(f.RA, m.or(m.gpr(f.RS), m.imm(f.UI)))),
  insn("oris",    "011001 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => m.setGpr(f.RA, m.or(m.gpr(f.RS), m.shl(m.imm(f.UI), m.imm(16))))),
  insn("xori",    "011010 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => m.setGpr(f.RA, m.xor(m.gpr(f.RS), m.imm(f.UI)))),
  insn("xoris",   "011011 RS:5 RA:5 UI:16",               "RA,RS,UI", (m, f) => m.setGpr(f.RA, m.xor(m.gpr(f.RS), m.shl(m.imm(f.UI), m.imm(16))))),
  insn("and",     "011111 RS:5 RA:5 RB:5 0000011100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.and(m.gpr(f.RS), m.gpr(f.RB)))),
  insn("andc",    "011111 RS:5 RA:5 RB:5 0000111100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.and(m.gpr(f.RS), m.not(m.gpr(f.RB))))),
  insn("nand",    "011111 RS:5 RA:5 RB:5 0111011100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.not(m.and(m.gpr(f.RS), m.gpr(f.RB))))),
  insn("or",      "011111 RS:5 RA:5 RB:5 0110111100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.or(m.gpr(f.RS), m.gpr(f.RB)))),
  insn("orc",     "011111 RS:5 RA:5 RB:5 0110011100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.or(m.gpr(f.RS), m.not(m.gpr(f.RB))))),
  insn("nor",     "011111 RS:5 RA:5 RB:5 0001111100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.not(m.or(m.gpr(f.RS), m.gpr(f.RB))))),
  insn("xor",     "011111 RS:5 RA:5 RB:5 0100111100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.xor(m.gpr(f.RS), m.gpr(f.RB)))),
  insn("eqv",     "011111 RS:5 RA:5 RB:5 0100011100 Rc",  "RA,RS,RB", (m, f) => put(m, f, f.RA, m.not(m.xor(m.gpr(f.RS), m.gpr(f.RB))))),
  insn("extsb",   "011111 RS:5 RA:5 ///// 1110111010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.sext(8, m.gpr(f.RS)))),
  insn("extsh",   "011111 RS:5 RA:5 ///// 1110011010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.sext(16, m.gpr(f.RS)))),
  insn("extsw",   "011111 RS:5 RA:5 ///// 1111011010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.sext(32, m.gpr(f.RS)))),
  insn("cntlzw",  "011111 RS:5 RA:5 ///// 0000011010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.clz(32, m.gpr(f.RS)))),
  insn("cntlzd",  "011111 RS:5 RA:5 ///// 0000111010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.clz(64, m.gpr(f.RS)))),
  insn("cnttzw",  "011111 RS:5 RA:5 ///// 1000011010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.ctz(32, m.gpr(f.RS))), { since: "power9" }),
  insn("cnttzd",  "011111 RS:5 RA:5 ///// 1000111010 Rc", "RA,RS",    (m, f) => put(m, f, f.RA, m.ctz(64, m.gpr(f.RS))), { since: "power9" }),
  insn("cmpb",    "011111 RS:5 RA:5 RB:5 0111111100 /",   "RA,RS,RB", (m, f) => m.setGpr(f.RA, m.mul(m.shr(zeroBytes(m, m.xor(m.gpr(f.RS), m.gpr(f.RB))), m.imm(7)), m.imm(0xff)))),
  insn("popcntb", "011111 RS:5 RA:5 ///// 0001111010 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.popcount(8, m.gpr(f.RS)))),
  insn("popcntw", "011111 RS:5 RA:5 ///// 0101111010 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.popcount(32, m.gpr(f.RS)))),
  insn("popcntd", "011111 RS:5 RA:5 ///// 0111111010 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.popcount(64, m.gpr(f.RS)))),
  insn("prtyw",   "011111 RS:5 RA:5 ///// 0010011010 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.and(m.popcount(32, m.and(m.gpr(f.RS), twice(m, 0x0101_0101))), twice(m, 1)))),
  insn("prtyd",   "011111 RS:5 RA:5 ///// 0010111010 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.and(m.popcount(64, m.and(m.gpr(f.RS), twice(m, 0x0101_0101))), m.imm(1)))),
  insn("bpermd",  "011111 RS:5 RA:5 RB:5 0011111100 /",   "RA,RS,RB", (m, f) => m.system("bpermd", f.RA, m.gpr(f.RS), m.gpr(f.RB))),
  insn("cntlzdm", "011111 RS:5 RA:5 RB:5 0000111011 /",   "RA,RS,RB", (m, f) => m.system("cntlzdm", f.RA, m.gpr(f.RS), m.gpr(f.RB)), { since: "power10" }),
  insn("cnttzdm", "011111 RS:5 RA:5 RB:5 1000111011 /",   "RA,RS,RB", (m, f) => m.system("cnttzdm", f.RA, m.gpr(f.RS), m.gpr(f.RB)), { since: "power10" }),
  insn("pdepd",   "011111 RS:5 RA:5 RB:5 0010011100 /",   "RA,RS,RB", (m, f) => m.system("pdepd", f.RA, m.gpr(f.RS), m.gpr(f.RB)), { since: "power10" }),
  insn("pextd",   "011111 RS:5 RA:5 RB:5 0010111100 /",   "RA,RS,RB", (m, f) => m.system("pextd", f.RA, m.gpr(f.RS), m.gpr(f.RB)), { since: "power10" }),
  insn("cfuged",  "011111 RS:5 RA:5 RB:5 0011011100 /",   "RA,RS,RB", (m, f) => m.system("cfuged", f.RA, m.gpr(f.RS), m.gpr(f.RB)), { since: "power10" }),
  insn("brh",     "011111 RS:5 RA:5 ///// 0011011011 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, bytesInHalfWords(m, m.gpr(f.RS))), { since: "power10" }),
  insn("brw",     "011111 RS:5 RA:5 ///// 0010011011 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, bytesInWords(m, m.gpr(f.RS))), { since: "power10" }),
  insn("brd",     "011111 RS:5 RA:5 ///// 0010111011 /",  "RA,RS",    (m, f) => m.setGpr(f.RA, m.rotl(bytesInWords(m, m.gpr(f.RS)), m.imm(32))), { since: "power10" }),
];
