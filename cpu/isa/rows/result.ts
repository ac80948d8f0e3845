// What many rows do with their result: write it, and what follows from it into CR0 and XER.
// No instruction is described here.
import type { Machine } from "../machine.ts";
import type { Gpr } from "../pattern.ts";

interface Recording {
  readonly Rc: 0 | 1;
}
interface Overflowing extends Recording {
  readonly OE: 0 | 1;
  readonly RT: Gpr;
}

/** Writes a result, and CR0 from it in a record form. */
export function put<V, B>(m: Machine<V, B>, f: Recording, r: Gpr, v: V): void {
  if (f.Rc === 0) {
    m.setGpr(r, v);
    return;
  }
  const result = m.let(v);
  m.setGpr(r, result);
  m.record(result);
}

/** RT = a + b + c, OV when OE, CA when the instruction carries: the whole add and subtract family. */
export function sum<V, B>(
  m: Machine<V, B>,
  f: Overflowing,
  a: V,
  b: V,
  c: B | 0 | 1,
  carry?: "carries",
): void {
  const s = m.addc(a, b, c);
  if (f.OE === 0 && carry === undefined) {
    put(m, f, f.RT, s.sum);
    return;
  }
  const result = m.let(s.sum);
  const ov = f.OE === 0 ? undefined : [m.letB(s.ov), m.letB(s.ov32)];
  const ca = carry === undefined ? undefined : [m.letB(s.ca), m.letB(s.ca32)];
  const [ov64, ov32] = ov ?? [];
  const [ca64, ca32] = ca ?? [];
  if (ca64 !== undefined && ca32 !== undefined) m.setCa(ca64, ca32);
  if (ov64 !== undefined && ov32 !== undefined) m.setOv(ov64, ov32);
  put(m, f, f.RT, result);
}

/** A result that overflows as `ov` says, in either mode: products and quotients. */
export function putOverflow<V, B>(m: Machine<V, B>, f: Overflowing, v: V, ov: () => B): void {
  if (f.OE === 0) {
    put(m, f, f.RT, v);
    return;
  }
  const result = m.let(v);
  const overflow = m.letB(ov());
  m.setOv(overflow, overflow);
  put(m, f, f.RT, result);
}

/** A word in both halves, as a constant. */
export function twice<V, B>(m: Machine<V, B>, word: number): V {
  return m.rotl32(m.imm(word), m.imm(0));
}
