// Reservations, barriers and caches [Power ISA v3.1B II 4.3, 4.6].
// The rows alone. One processor without caches: a barrier has nothing to do, hints neither.
import { insn, type Row } from "../row.ts";

const nothing = (): undefined => undefined;

// One row an instruction, as in the manual.
// prettier-ignore
export const synchronization: readonly Row[] = [
  insn("lbarx",  "011111 RT:5 RA0:5 RB:5 0000110100 EH",     "RT,RA0,RB,EH?", (m, f) => m.setGpr(f.RT, m.loadReserve(1, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lharx",  "011111 RT:5 RA0:5 RB:5 0001110100 EH",     "RT,RA0,RB,EH?", (m, f) => m.setGpr(f.RT, m.loadReserve(2, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lwarx",  "011111 RT:5 RA0:5 RB:5 0000010100 EH",     "RT,RA0,RB,EH?", (m, f) => m.setGpr(f.RT, m.loadReserve(4, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("ldarx",  "011111 RT:5 RA0:5 RB:5 0001010100 EH",     "RT,RA0,RB,EH?", (m, f) => m.setGpr(f.RT, m.loadReserve(8, m.add(m.gpr(f.RA0), m.gpr(f.RB))))),
  insn("lqarx",  "011111 RT:5 RA0:5 RB:5 0100010100 EH",     "RT,RA0,RB,EH?", (m, f) => m.system("lqarx", f.RT, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("stbcx.", "011111 RS:5 RA0:5 RB:5 1010110110 1",      "RS,RA0,RB",     (m, f) => m.storeConditional(1, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("sthcx.", "011111 RS:5 RA0:5 RB:5 1011010110 1",      "RS,RA0,RB",     (m, f) => m.storeConditional(2, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stwcx.", "011111 RS:5 RA0:5 RB:5 0010010110 1",      "RS,RA0,RB",     (m, f) => m.storeConditional(4, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stdcx.", "011111 RS:5 RA0:5 RB:5 0011010110 1",      "RS,RA0,RB",     (m, f) => m.storeConditional(8, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stqcx.", "011111 RS:5 RA0:5 RB:5 0010110110 1",      "RS,RA0,RB",     (m, f) => m.system("stqcx", f.RS, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("sync",   "011111 /// LX:2 ///// ///// 1001010110 /", "",              nothing),
  insn("isync",  "010011 ///// ///// ///// 0010010110 /",    "",              nothing),
  insn("eieio",  "011111 ///// ///// ///// 1101010110 /",    "",              nothing),
  insn("wait",   "011111 /// WC:2 ///// ///// 0000011110 /", "",              (m) => m.system("wait")),
  insn("dcbt",   "011111 TH:5 RA0:5 RB:5 0100010110 /",      "RA0,RB,TH?",    nothing),
  insn("dcbtst", "011111 TH:5 RA0:5 RB:5 0011110110 /",      "RA0,RB,TH?",    nothing),
  insn("dcbst",  "011111 ///// RA0:5 RB:5 0000110110 /",     "RA0,RB",        (m, f) => m.system("dcbst", m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("dcbf",   "011111 // LX:3 RA0:5 RB:5 0001010110 /",   "RA0,RB",        (m, f) => m.system("dcbf", m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("dcbz",   "011111 //// LX RA0:5 RB:5 1111110110 /",   "RA0,RB",        (m, f) => m.system("dcbz", m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("icbi",   "011111 ///// RA0:5 RB:5 1111010110 /",     "RA0,RB",        (m, f) => m.system("icbi", m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("icbt",   "011111 CT:5 RA0:5 RB:5 0000010110 /",      "CT?,RA0,RB",    nothing),
];
