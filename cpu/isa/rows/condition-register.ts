// Condition register instructions [Power ISA v3.1B I 2.5], and moves to and from CR [I 3.3.17].
// The rows alone.
import type { Machine } from "../machine.ts";
import type { Imm } from "../pattern.ts";
import { insn, type Row } from "../row.ts";

function differ<V, B>(m: Machine<V, B>, a: B, b: B): B {
  return m.no(m.eq(m.bit(a), m.bit(b)));
}

/** FXM, a bit for each CR field, as a mask of 32 bits. */
function fieldsMask<V, B>(m: Machine<V, B>, FXM: Imm): V {
  const spread = (v: V, distance: number, keep: number): V => {
    const x = m.let(v);
    return m.and(m.or(x, m.shl(x, m.imm(distance))), m.imm(keep));
  };
  const bits = spread(spread(spread(m.imm(FXM), 12, 0x000f_000f), 6, 0x0303_0303), 3, 0x1111_1111);
  return m.mul(bits, m.imm(15));
}

/** The first field that FXM has a bit for; with none, field 7: UNDEF(I 3.3.17). */
function firstFieldMask<V, B>(m: Machine<V, B>, FXM: Imm): V {
  const n = m.let(m.sub(m.clz(32, m.imm(FXM)), m.imm(24)));
  return m.shr(m.imm(0xf000_0000), m.shl(m.select(m.eq(n, m.imm(8)), m.imm(7), n), m.imm(2)));
}

/** CR with the bits of the mask taken from `v`. */
function moveToCr<V, B>(m: Machine<V, B>, v: V, mask: V): void {
  const bits = m.let(mask);
  m.setCr(m.or(m.and(v, bits), m.and(m.cr(), m.not(bits))));
}

// One row an instruction, as in the manual.
// prettier-ignore
export const conditionRegister: readonly Row[] = [
  insn("crand",  "010011 BT:5 BA:5 BB:5 0100000001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.both(m.crBit(f.BA), m.crBit(f.BB)))),
  insn("crnand", "010011 BT:5 BA:5 BB:5 0011100001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.no(m.both(m.crBit(f.BA), m.crBit(f.BB))))),
  insn("cror",   "010011 BT:5 BA:5 BB:5 0111000001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.either(m.crBit(f.BA), m.crBit(f.BB)))),
  insn("crnor",  "010011 BT:5 BA:5 BB:5 0000100001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.no(m.either(m.crBit(f.BA), m.crBit(f.BB))))),
  insn("crxor",  "010011 BT:5 BA:5 BB:5 0011000001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, differ(m, m.crBit(f.BA), m.crBit(f.BB)))),
  insn("creqv",  "010011 BT:5 BA:5 BB:5 0100100001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.no(differ(m, m.crBit(f.BA), m.crBit(f.BB))))),
  insn("crandc", "010011 BT:5 BA:5 BB:5 0010000001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.both(m.crBit(f.BA), m.no(m.crBit(f.BB))))),
  insn("crorc",  "010011 BT:5 BA:5 BB:5 0110100001 /",         "BT,BA,BB", (m, f) => m.setCrBit(f.BT, m.either(m.crBit(f.BA), m.no(m.crBit(f.BB))))),
  insn("mcrf",   "010011 BF:3 // BFA:3 // ///// 0000000000 /", "BF,BFA",   (m, f) => m.setCrField(f.BF, m.crField(f.BFA))),
  insn("mcrxrx", "011111 BF:3 // ///// ///// 1001000000 /",    "BF",       (m, f) => m.system("mcrxrx", f.BF), { since: "power9" }),
  insn("mfcr",   "011111 RT:5 0 ///////// 0000010011 /",       "RT",       (m, f) => m.setGpr(f.RT, m.cr())),
  insn("mfocrf", "011111 RT:5 1 FXM:8 / 0000010011 /",         "RT,FXM",   (m, f) => m.setGpr(f.RT, m.and(m.cr(), firstFieldMask(m, f.FXM)))),
  insn("mtcrf",  "011111 RS:5 0 FXM:8 / 0010010000 /",         "FXM,RS",   (m, f) => moveToCr(m, m.gpr(f.RS), fieldsMask(m, f.FXM))),
  insn("mtocrf", "011111 RS:5 1 FXM:8 / 0010010000 /",         "FXM,RS",   (m, f) => moveToCr(m, m.gpr(f.RS), firstFieldMask(m, f.FXM))),
];
