// BPF_ATOMIC: a loop of load and reserve, operation, store conditional; one that gives back the old value is a full barrier.
// [RFC 9669 5.3] [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c, CONFIG_SMP]
import type { Insn } from "../../bpf/insn.ts";
import {
  BPF_ADD,
  BPF_AND,
  BPF_CMPXCHG,
  BPF_FETCH,
  BPF_OR,
  BPF_XCHG,
  BPF_XOR,
  bytesOf,
} from "../../bpf/opcodes.ts";
import { unsupported } from "../error.ts";
import type { Pass } from "../pass.ts";
// prettier-ignore
import {
  add, and, branchIf, cmpd, cmpw, IF_NE, ldarx, li, lwarx, mr, or, stdcx, stwcx, sync, type Words, WORD_BYTES, xor,
} from "../ppc.ts";
import { BPF_R0, type Gpr, gprOf, SCRATCH, TMP1, TMP2 } from "../registers.ts";

type Three = (RA: Gpr, RS: Gpr, RB: Gpr) => number;

const operations: Readonly<Record<number, Three>> = {
  [BPF_ADD]: add,
  [BPF_AND]: and,
  [BPF_OR]: or,
  [BPF_XOR]: xor,
};

const widths = {
  4: { reserve: lwarx, conditional: stwcx, compare: cmpw },
  8: { reserve: ldarx, conditional: stdcx, compare: cmpd },
} as const;

const INDEX = TMP1;
const VALUE = TMP2;
const OLD = SCRATCH;

/** Once more from the first of `words` where the reservation was lost. */
const retried = (words: Words): Words => [...words, branchIf(IF_NE, -words.length * WORD_BYTES)];

export function atomic(pass: Pass, insn: Insn): void {
  const bytes = bytesOf(insn.code);
  if (bytes !== 4 && bytes !== 8) throw unsupported(insn);
  const { reserve, conditional, compare } = widths[bytes];
  const [base, source] = [gprOf(insn.dst), gprOf(insn.src)];
  const loadReserve = reserve(VALUE, INDEX, base);
  const storeConditional = (value: Gpr): number => conditional(value, INDEX, base);
  const barrier = (loop: Words): Words => [sync(), ...loop, sync()];
  pass.emit([li(INDEX, insn.off)]);

  if (insn.imm === BPF_XCHG) {
    pass.emit(barrier(retried([loadReserve, mr(OLD, VALUE), storeConditional(source)])));
    pass.emit([mr(source, OLD)]);
    return;
  }
  if (insn.imm === BPF_CMPXCHG) {
    // Unequal: over the store and the retry.
    const different = branchIf(IF_NE, 3 * WORD_BYTES);
    const loop = [loadReserve, mr(OLD, VALUE), compare(BPF_R0, VALUE), different, storeConditional(source)];
    pass.emit(barrier(retried(loop)));
    pass.emit([mr(BPF_R0, OLD)]);
    return;
  }
  const operation = operations[insn.imm & ~BPF_FETCH];
  if (operation === undefined) throw unsupported(insn);
  const change = [operation(VALUE, VALUE, source), storeConditional(VALUE)];
  if ((insn.imm & BPF_FETCH) === 0) {
    pass.emit(retried([loadReserve, ...change]));
    return;
  }
  pass.emit(barrier(retried([loadReserve, mr(OLD, VALUE), ...change])));
  pass.emit([mr(source, OLD)]);
}
