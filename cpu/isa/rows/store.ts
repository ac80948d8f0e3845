// Fixed-point stores [Power ISA v3.1B I 3.3.3 to 3.3.8], and the caching-inhibited ones [III 5.4].
// The rows alone; store conditional is in synchronization.ts.
import type { Machine } from "../machine.ts";
import type { Gpr } from "../pattern.ts";
import { insn, type Row } from "../row.ts";

interface Updating {
  readonly RS: Gpr;
  readonly RA: Gpr;
}

/** A store that leaves its address in RA. */
function update<V, B>(m: Machine<V, B>, f: Updating, bytes: 1 | 2 | 4 | 8, ea: V): void {
  const address = m.let(ea);
  m.store(bytes, address, m.gpr(f.RS));
  m.setGpr(f.RA, address);
}

// One row an instruction, as in the manual.
// prettier-ignore
export const stores: readonly Row[] = [
  insn("stb",    "100110 RS:5 RA0:5 D:s16",             "RS,D(RA0)",  (m, f) => m.store(1, m.add(m.gpr(f.RA0), m.imm(f.D)), m.gpr(f.RS))),
  insn("stbu",   "100111 RS:5 RA:5 D:s16",              "RS,D(RA)",   (m, f) => update(m, f, 1, m.add(m.gpr(f.RA), m.imm(f.D)))),
  insn("stbx",   "011111 RS:5 RA0:5 RB:5 0011010111 /", "RS,RA0,RB",  (m, f) => m.store(1, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stbux",  "011111 RS:5 RA:5 RB:5 0011110111 /",  "RS,RA,RB",   (m, f) => update(m, f, 1, m.add(m.gpr(f.RA), m.gpr(f.RB)))),
  insn("sth",    "101100 RS:5 RA0:5 D:s16",             "RS,D(RA0)",  (m, f) => m.store(2, m.add(m.gpr(f.RA0), m.imm(f.D)), m.gpr(f.RS))),
  insn("sthu",   "101101 RS:5 RA:5 D:s16",              "RS,D(RA)",   (m, f) => update(m, f, 2, m.add(m.gpr(f.RA), m.imm(f.D)))),
  insn("sthx",   "011111 RS:5 RA0:5 RB:5 0110010111 /", "RS,RA0,RB",  (m, f) => m.store(2, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("sthux",  "011111 RS:5 RA:5 RB:5 0110110111 /",  "RS,RA,RB",   (m, f) => update(m, f, 2, m.add(m.gpr(f.RA), m.gpr(f.RB)))),
  insn("stw",    "100100 RS:5 RA0:5 D:s16",             "RS,D(RA0)",  (m, f) => m.store(4, m.add(m.gpr(f.RA0), m.imm(f.D)), m.gpr(f.RS))),
  insn("stwu",   "100101 RS:5 RA:5 D:s16",              "RS,D(RA)",   (m, f) => update(m, f, 4, m.add(m.gpr(f.RA), m.imm(f.D)))),
  insn("stwx",   "011111 RS:5 RA0:5 RB:5 0010010111 /", "RS,RA0,RB",  (m, f) => m.store(4, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stwux",  "011111 RS:5 RA:5 RB:5 0010110111 /",  "RS,RA,RB",   (m, f) => update(m, f, 4, m.add(m.gpr(f.RA), m.gpr(f.RB)))),
  insn("std",    "111110 RS:5 RA0:5 DS:s14*4 00",       "RS,DS(RA0)", (m, f) => m.store(8, m.add(m.gpr(f.RA0), m.imm(f.DS)), m.gpr(f.RS))),
  insn("stdu",   "111110 RS:5 RA:5 DS:s14*4 01",        "RS,DS(RA)",  (m, f) => update(m, f, 8, m.add(m.gpr(f.RA), m.imm(f.DS)))),
  insn("stdx",   "011111 RS:5 RA0:5 RB:5 0010010101 /", "RS,RA0,RB",  (m, f) => m.store(8, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS))),
  insn("stdux",  "011111 RS:5 RA:5 RB:5 0010110101 /",  "RS,RA,RB",   (m, f) => update(m, f, 8, m.add(m.gpr(f.RA), m.gpr(f.RB)))),
  insn("sthbrx", "011111 RS:5 RA0:5 RB:5 1110010110 /", "RS,RA0,RB",  (m, f) => m.store(2, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS), "reversed")),
  insn("stwbrx", "011111 RS:5 RA0:5 RB:5 1010010110 /", "RS,RA0,RB",  (m, f) => m.store(4, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS), "reversed")),
  insn("stdbrx", "011111 RS:5 RA0:5 RB:5 1010010100 /", "RS,RA0,RB",  (m, f) => m.store(8, m.add(m.gpr(f.RA0), m.gpr(f.RB)), m.gpr(f.RS), "reversed")),
  insn("stmw",   "101111 RS:5 RA0:5 D:s16",             "RS,D(RA0)",  (m, f) => m.system("stmw", f.RS, m.add(m.gpr(f.RA0), m.imm(f.D)))),
  insn("stswi",  "011111 RS:5 RA0:5 NB:5 1011010101 /", "RS,RA0,NB",  (m, f) => m.system("stswi", f.RS, m.gpr(f.RA0), m.add(m.and(m.sub(m.imm(f.NB), m.imm(1)), m.imm(31)), m.imm(1)))),
  insn("stswx",  "011111 RS:5 RA0:5 RB:5 1010010101 /", "RS,RA0,RB",  (m, f) => m.system("stswx", f.RS, m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("stq",    "111110 RS:5 RA0:5 DS:s14*4 10",       "RS,DS(RA0)", (m, f) => m.system("stq", f.RS, m.add(m.gpr(f.RA0), m.imm(f.DS)))),
  insn("stbcix", "011111 RS:5 RA0:5 RB:5 1111010101 /", "RS,RA0,RB",  (m, f) => m.system("storeInhibited", 1, m.gpr(f.RS), m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("sthcix", "011111 RS:5 RA0:5 RB:5 1110110101 /", "RS,RA0,RB",  (m, f) => m.system("storeInhibited", 2, m.gpr(f.RS), m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("stwcix", "011111 RS:5 RA0:5 RB:5 1110010101 /", "RS,RA0,RB",  (m, f) => m.system("storeInhibited", 4, m.gpr(f.RS), m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
  insn("stdcix", "011111 RS:5 RA0:5 RB:5 1111110101 /", "RS,RA0,RB",  (m, f) => m.system("storeInhibited", 8, m.gpr(f.RS), m.add(m.gpr(f.RA0), m.gpr(f.RB)))),
];
