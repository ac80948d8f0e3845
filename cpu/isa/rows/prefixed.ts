// Prefixed fixed-point instructions [Power ISA v3.1B I 1.6.3, 3.3.2 to 3.3.4, 3.3.9, pnop]: 34 bits of displacement or immediate, from
// a register or from the instruction itself. The rows alone; prefixed floating-point and vector instructions have none.
import type { Machine } from "../machine.ts";
import type { Gpr, Imm } from "../pattern.ts";
import { insn, type Row } from "../row.ts";

interface Addressed {
  readonly R: 0 | 1;
  readonly RA0: Gpr;
}

/** What an immediate is added to: with R the address of the instruction, which is that of its prefix. */
function based<V, B>(m: Machine<V, B>, f: Addressed, immediate: Imm): V {
  return m.add(f.R === 1 ? m.cia() : m.gpr(f.RA0), m.imm(immediate));
}

/** An invalid form may do anything [I 1.8.2]; it is illegal here: UNDEF(I 3.3.2). */
const relative = { since: "power10", invalid: "R=1 RA0=1..31" } as const;

// One row an instruction, as in the manual: the prefix, then the suffix.
// prettier-ignore
export const prefixed: readonly Row[] = [
  insn("plbz",  "000001 10 0 // R // D:s18  100010 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.load(1, based(m, f, f.D))), relative),
  insn("plhz",  "000001 10 0 // R // D:s18  101000 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.load(2, based(m, f, f.D))), relative),
  insn("plha",  "000001 10 0 // R // D:s18  101010 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.sext(16, m.load(2, based(m, f, f.D)))), relative),
  insn("plwz",  "000001 10 0 // R // D:s18  100000 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.load(4, based(m, f, f.D))), relative),
  insn("plwa",  "000001 00 0 // R // D:s18  101001 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.sext(32, m.load(4, based(m, f, f.D)))), relative),
  insn("pld",   "000001 00 0 // R // D:s18  111001 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.setGpr(f.RT, m.load(8, based(m, f, f.D))), relative),
  insn("plq",   "000001 00 0 // R // D:s18  111000 RT:5 RA0:5 D:16",   "RT,D(RA0),R?", (m, f) => m.system("plq", f.RT, based(m, f, f.D)), relative),
  insn("pstb",  "000001 10 0 // R // D:s18  100110 RS:5 RA0:5 D:16",   "RS,D(RA0),R?", (m, f) => m.store(1, based(m, f, f.D), m.gpr(f.RS)), relative),
  insn("psth",  "000001 10 0 // R // D:s18  101100 RS:5 RA0:5 D:16",   "RS,D(RA0),R?", (m, f) => m.store(2, based(m, f, f.D), m.gpr(f.RS)), relative),
  insn("pstw",  "000001 10 0 // R // D:s18  100100 RS:5 RA0:5 D:16",   "RS,D(RA0),R?", (m, f) => m.store(4, based(m, f, f.D), m.gpr(f.RS)), relative),
  insn("pstd",  "000001 00 0 // R // D:s18  111101 RS:5 RA0:5 D:16",   "RS,D(RA0),R?", (m, f) => m.store(8, based(m, f, f.D), m.gpr(f.RS)), relative),
  insn("pstq",  "000001 00 0 // R // D:s18  111100 RS:5 RA0:5 D:16",   "RS,D(RA0),R?", (m, f) => m.system("pstq", f.RS, based(m, f, f.D)), relative),
  insn("paddi", "000001 10 0 // R // SI:s18 001110 RT:5 RA0:5 SI:16",  "RT,RA0,SI,R?", (m, f) => m.setGpr(f.RT, based(m, f, f.SI)), relative),
  insn("pnop",  "000001 11 0000 // 000000000000000000 //////////////// ////////////////", "", (m) => m.system("pnop"), { since: "power10" }),
];
