// The tail call: R2 is a struct bpf_array of programs, R3 the index. Goes on behind itself where it cannot.
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c bpf_jit_emit_tail_call]
import type { Pass } from "../pass.ts";
// prettier-ignore
import {
  add, addi, bctr, branchIf, cmpldi, cmplw, cmplwi, type Condition, IF_EQ, IF_GE, ld, lwz, mtctr, mulli, std, zext32,
} from "../ppc.ts";
import { restore, tailCallEntry } from "../prologue.ts";
import { BPF_R2, BPF_R3, STACK_POINTER, TMP1, TMP2 } from "../registers.ts";

/** So often may programs tail-call in one run. [Linux include/linux/bpf.h] */
export const MAX_TAIL_CALL_CNT = 33;

/** Bytes of an element of `ptrs`. */
const POINTER_BYTES = 8;

/** `at`: slot of the instruction. The branches out of it are as short as its code. */
export function tailCall(pass: Pass, at: number): void {
  const { target, frame } = pass.compilation;
  const { bpfArrayMaxEntries, bpfArrayPtrs, bpfProgBpfFunc } = target.offsets;
  const [array, index] = [BPF_R2, BPF_R3];
  const outIf = (when: Condition): void => pass.emit([branchIf(when, pass.distanceTo(at + 1))]);

  pass.emit([lwz(TMP1, bpfArrayMaxEntries, array), zext32(index, index), cmplw(index, TMP1)]);
  outIf(IF_GE);

  pass.emit([ld(TMP1, frame.tailCallCnt, STACK_POINTER), cmplwi(TMP1, MAX_TAIL_CALL_CNT)]);
  outIf(IF_GE);
  pass.emit([addi(TMP1, TMP1, 1)]);

  pass.emit([
    mulli(TMP2, index, POINTER_BYTES),
    add(TMP2, TMP2, array),
    ld(TMP2, bpfArrayPtrs, TMP2),
    cmpldi(TMP2, 0),
  ]);
  outIf(IF_EQ);

  // The count goes back only where the call happens.
  pass.emit([ld(TMP2, bpfProgBpfFunc, TMP2), addi(TMP2, TMP2, tailCallEntry(target)), mtctr(TMP2)]);
  pass.emit([std(TMP1, frame.tailCallCnt, STACK_POINTER), ...restore(frame), bctr()]);
}
