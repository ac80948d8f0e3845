// Fixed-point loads [Power ISA v3.1B I 3.3.2, 3.3.4 to 3.3.8], and the caching-inhibited ones [III 5.4].
// The rows alone; load and reserve is in synchronization.ts.
import type { Machine } from "../machine.ts";
import type { Gpr } from "../pattern.ts";
import { insn, type Row } from "../row.ts";

interface Updating {
  readonly RT: Gpr;
  readonly RA: Gpr;
}

/** A load that leaves its address in RA. */
function update<V, B>(m: Machine<V, B>, f: Updating, ea: V, load: (ea: V) => V): void {
  const address = m.let(ea);
  const value = m.let(load(address));
  m.setGpr(f.RA, address);
  m.setGpr(f.RT, value);
}

// One row an instruction, as in the manual.
// prettier-ignore
export const loads: readonly Row[] = [
  insn("lbz",    "100010 RT:5 RA0:5 D:s16",             "RT,D(RA0)",  (m, f) => m.setGpr(f.RT, m.load(1, m.add(m.gpr(f.RA0), m.imm(f.D))))),
  insn("lbzu",   "100011 RT:5 RA:5 D:s16",              "RT,D(RA)",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.imm(f.D)), (ea) => m.load(1, ea))),
  insn("lbzx",   "011111 RT:5 RA0:5 RB:5 0001010111 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(1, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lbzux",  "011111 RT:5 RA:5 RB:5 0001110111 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.load(1, ea))),
  insn("lhz",    "101000 RT:5 RA0:5 D:s16",             "RT,D(RA0)",  (m, f) => m.setGpr(f.RT, m.load(2, m.add(m.gpr(f.RA0), m.imm(f.D))))),
  insn("lhzu",   "101001 RT:5 RA:5 D:s16",              "RT,D(RA)",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.imm(f.D)), (ea) => m.load(2, ea))),
  insn("lhzx",   "011111 RT:5 RA0:5 RB:5 0100010111 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(2, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lhzux",  "011111 RT:5 RA:5 RB:5 0100110111 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.load(2, ea))),
  insn("lha",    "101010 RT:5 RA0:5 D:s16",             "RT,D(RA0)",  (m, f) => m.setGpr(f.RT, m.sext(16, m.load(2, m.add(m.gpr(f.RA0), m.imm(f.D)))))),
  insn("lhau",   "101011 RT:5 RA:5 D:s16",              "RT,D(RA)",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.imm(f.D)), (ea) => m.sext(16, m.load(2, ea)))),
  insn("lhax",   "011111 RT:5 RA0:5 RB:5 0101010111 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.sext(16, m.load(2, m.add(m.gpr(f.RA0), m.gpr(f.RB)))))),
  insn("lhaux",  "011111 RT:5 RA:5 RB:5 0101110111 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.sext(16, m.load(2, ea)))),
  insn("lwz",    "100000 RT:5 RA0:5 D:s16",             "RT,D(RA0)",  (m, f) => m.setGpr(f.RT, m.load(4, m.add(m.gpr(f.RA0), m.imm(f.D))))),
  insn("lwzu",   "100001 RT:5 RA:5 D:s16",              "RT,D(RA)",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.imm(f.D)), (ea) => m.load(4, ea))),
  insn("lwzx",   "011111 RT:5 RA0:5 RB:5 0000010111 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(4, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lwzux",  "011111 RT:5 RA:5 RB:5 0000110111 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.load(4, ea))),
  insn("lwa",    "111010 RT:5 RA0:5 DS:s14*4 10",       "RT,DS(RA0)", (m, f) => m.setGpr(f.RT, m.sext(32, m.load(4, m.add(m.gpr(f.RA0), m.imm(f.DS)))))),
  insn("lwax",   "011111 RT:5 RA0:5 RB:5 0101010101 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.sext(32, m.load(4, m.add(m.gpr(f.RA0), m.gpr(f.RB)))))),
  insn("lwaux",  "011111 RT:5 RA:5 RB:5 0101110101 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.sext(32, m.load(4, ea)))),
  insn("ld",     "111010 RT:5 RA0:5 DS:s14*4 00",       "RT,DS(RA0)", (m, f) => m.setGpr(f.RT, m.load(8, m.add(m.gpr(f.RA0), m.imm(f.DS))))),
  insn("ldu",    "111010 RT:5 RA:5 DS:s14*4 01",        "RT,DS(RA)",  (m, f) => update(m, f, m.add(m.gpr(f.RA), m.imm(f.DS)), (ea) => m.load(8, ea))),
  insn("ldx",    "011111 RT:5 RA0:5 RB:5 0000010101 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(8, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("ldux",   "011111 RT:5 RA:5 RB:5 0000110101 /",  "RT,RA,RB",   (m, f) => update(m, f, m.add(m.gpr(f.RA), m.gpr(f.RB)), (ea) => m.load(8, ea))),
  insn("lhbrx",  "011111 RT:5 RA0:5 RB:5 1100010110 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(2, m.add(m.gpr(f.RA0), m.gpr(f.RB)), "reversed"))),
  insn("lwbrx",  "011111 RT:5 RA0:5 RB:5 1000010110 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(4, m.add(m.gpr(f.RA0), m.gpr(f.RB)), "reversed"))),
  insn("ldbrx",  "011111 RT:5 RA0:5 RB:5 1000010100 /", "RT,RA0,RB",  (m, f) => m.setGpr(f.RT, m.load(8, m.add(m.gpr(f.RA0), m.gpr(f.RB)), "reversed"))),
  insn("lmw",    "101110 RT:5 RA0:5 D:s16",             "RT,D(RA0)",  (m, f) => m.system("lmw", f.RT, m.add(m.gpr(f.RA0), m.imm(f.D)))),
  insn("lswi",   "011111 RT:5 RA0:5 NB:5 1001010101 /", "RT,RA0,NB",  (m, f) => m.system("lswi", f.RT, m.gpr(f.RA0), m.add(m.and(m.sub(m.imm(f.NB), m.imm(1)), m.imm(31)), m.imm(1)))),
  insn("lswx",   "011111 RT:5 RA0:5 RB:5 1000010101 /", "RT,RA0,RB",  (m, f) => m.system("lswx", f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("lq",     "111000 RT:5 RA0:5 DQ:s12*16 ////",    "RT,DQ(RA0)", (m, f) => m.system("lq", f.RT, m.add(m.gpr(f.RA0), m.imm(f.DQ)))),
  insn("lbzcix", "011111 RT:5 RA0:5 RB:5 1101010101 /", "RT,RA0,RB",  (m, f) => m.system("loadInhibited", 1, f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("lhzcix", "011111 RT:5 RA0:5 RB:5 1100110101 /", "RT,RA0,RB",  (m, f) => m.system("loadInhibited", 2, f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("lwzcix", "011111 RT:5 RA0:5 RB:5 1100010101 /", "RT,RA0,RB",  (m, f) => m.system("loadInhibited", 4, f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("ldcix",  "011111 RT:5 RA0:5 RB:5 1101110101 /", "RT,RA0,RB",  (m, f) => m.system("loadInhibited", 8, f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
];
