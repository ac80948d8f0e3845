// Branches and system calls [Power ISA v3.1B I 2.4, 2.6].
// The rows alone; conditions such as beq and bdnz are spellings, in simplified.ts.
import type { Machine } from "../machine.ts";
import type { CrBit } from "../pattern.ts";
import { insn, type Row } from "../row.ts";

interface Conditional {
  readonly BO: number;
  readonly BI: CrBit;
  readonly LK: 0 | 1;
}

/** The count, where it is used: CTR - 1. BO[2], that is 4, leaves it out. */
function decremented<V, B>(m: Machine<V, B>, BO: number): V | undefined {
  return (BO & 4) === 0 ? m.let(m.sub(m.spr("CTR"), m.imm(1))) : undefined;
}

/** BO[3], that is 2, wants the count to be 0; BO[0], 16, leaves the condition out; BO[1], 8, is the value that CR[BI] must have. */
function conditionOf<V, B>(m: Machine<V, B>, f: Conditional, count: V | undefined): B | undefined {
  const zero = count === undefined ? undefined : m.isZero(count);
  const counted = zero === undefined || (f.BO & 2) !== 0 ? zero : m.no(zero);
  const bit = (f.BO & 16) !== 0 ? undefined : m.crBit(f.BI);
  const held = bit === undefined || (f.BO & 8) !== 0 ? bit : m.no(bit);
  if (counted === undefined) return held;
  return held === undefined ? counted : m.both(counted, held);
}

function branch<V, B>(m: Machine<V, B>, f: Conditional, to: V): void {
  const target = m.let(to);
  const count = decremented(m, f.BO);
  const condition = conditionOf(m, f, count);
  const when = condition === undefined ? undefined : m.letB(condition);
  const next = m.add(m.cia(), m.imm(4));
  if (count !== undefined) m.setSpr("CTR", count);
  if (f.LK === 1) m.setSpr("LR", next);
  if (when === undefined) m.jump(target);
  else m.jump(target, when);
}

/** b: as a bc that always branches. */
function branchAlways<V, B>(m: Machine<V, B>, LK: 0 | 1, to: V): void {
  const target = m.let(to);
  if (LK === 1) m.setSpr("LR", m.add(m.cia(), m.imm(4)));
  m.jump(target);
}

/** The address of an instruction in a register. */
function aligned<V, B>(m: Machine<V, B>, v: V): V {
  return m.and(v, m.imm(-4));
}

// One row an instruction, as in the manual.
// prettier-ignore
export const branches: readonly Row[] = [
  insn("b",     "010010 LI:s24*4 AA LK",                   "LI",        (m, f) => branchAlways(m, f.LK, f.AA === 1 ? m.imm(f.LI) : m.add(m.cia(), m.imm(f.LI)))),
  insn("bc",    "010000 BO:5 BI:5 BD:s14*4 AA LK",         "BO,BI,BD",  (m, f) => branch(m, f, f.AA === 1 ? m.imm(f.BD) : m.add(m.cia(), m.imm(f.BD)))),
  insn("bclr",  "010011 BO:5 BI:5 /// BH:2 0000010000 LK", "BO,BI,BH?", (m, f) => branch(m, f, aligned(m, m.spr("LR")))),
  insn("bcctr", "010011 BO:5 BI:5 /// BH:2 1000010000 LK", "BO,BI,BH?", (m, f) => branch(m, f, aligned(m, m.spr("CTR")))),
  insn("bctar", "010011 BO:5 BI:5 /// BH:2 1000110000 LK", "BO,BI,BH?", (m, f) => branch(m, f, aligned(m, m.spr("TAR")))),
  insn("sc",    "010001 ///// ///// //// LEV:7 /// 1 /",   "LEV?",      (m, f) => m.supervisorCall(f.LEV)),
  insn("scv",   "010001 ///// ///// //// LEV:7 /// 01",    "LEV",       (m, f) => m.system("scv", f.LEV), { since: "power9" }),
];
