// Conditional and unconditional jumps, and the end of a function. Calls are in call.ts. [RFC 9669 4.3]
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c]
import { type Insn, jumpTarget } from "../../bpf/insn.ts";
// prettier-ignore
import {
  BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, BPF_X,
  classOf, operationOf, sourceOf,
} from "../../bpf/opcodes.ts";
import { JitError, unsupported } from "../error.ts";
import { fitsS16, load32 } from "../immediates.ts";
import type { Pass } from "../pass.ts";
// prettier-ignore
import {
  and, andDot, andi, b, branchIf, cmpd, cmpdi, cmpld, cmpldi, cmplw, cmplwi, cmpw, cmpwi, type Condition, IF_EQ, IF_GE, IF_GT, IF_LE,
  IF_LT, IF_NE, nop, opposite, reachesB, reachesBc, rlwinmDot, type Words, WORD_BYTES,
} from "../ppc.ts";
import { epilogue } from "../prologue.ts";
import { type Gpr, gprOf, TMP1 } from "../registers.ts";

interface Comparison {
  readonly x: (d: Gpr, s: Gpr) => Words;
  /** The constant in the instruction; undefined where it does not fit there. */
  readonly k: (d: Gpr, imm: number) => Words | undefined;
}
interface Row {
  readonly when: Condition;
  readonly 64: Comparison;
  readonly 32: Comparison;
}

/** Fits the unsigned immediate, and is the same sign-extended. */
const fitsBoth = (imm: number): boolean => imm >= 0 && imm < 0x8000;

const comparison = (
  x: (RA: Gpr, RB: Gpr) => number,
  k: (RA: Gpr, immediate: number) => number,
  fits: (imm: number) => boolean,
): Comparison => ({ x: (d, s) => [x(d, s)], k: (d, imm) => (fits(imm) ? [k(d, imm)] : undefined) });

const unsigned = (when: Condition): Row => ({
  when,
  64: comparison(cmpld, cmpldi, fitsBoth),
  32: comparison(cmplw, cmplwi, fitsBoth),
});
const signed = (when: Condition): Row => ({
  when,
  64: comparison(cmpd, cmpdi, fitsS16),
  32: comparison(cmpw, cmpwi, fitsS16),
});
const testConstant = (d: Gpr, imm: number): Words | undefined =>
  fitsBoth(imm) ? [andi(TMP1, d, imm)] : undefined;
const test: Row = {
  when: IF_NE,
  64: { x: (d, s) => [andDot(TMP1, d, s)], k: testConstant },
  32: { x: (d, s) => [and(TMP1, d, s), rlwinmDot(TMP1, TMP1, 0, 0, 31)], k: testConstant },
};

const rows: Readonly<Record<number, Row>> = {
  [BPF_JEQ]: unsigned(IF_EQ),
  [BPF_JNE]: unsigned(IF_NE),
  [BPF_JSET]: test,
  [BPF_JGT]: unsigned(IF_GT),
  [BPF_JSGT]: signed(IF_GT),
  [BPF_JGE]: unsigned(IF_GE),
  [BPF_JSGE]: signed(IF_GE),
  [BPF_JLT]: unsigned(IF_LT),
  [BPF_JSLT]: signed(IF_LT),
  [BPF_JLE]: unsigned(IF_LE),
  [BPF_JSLE]: signed(IF_LE),
};

/** One word; JitError where `b` does not reach. */
function branchTo(pass: Pass, slot: number): void {
  const bytes = pass.distanceTo(slot);
  if (!reachesB(bytes)) throw new JitError("ERANGE", `jump to instruction ${slot} is longer than 32 MiB`);
  pass.emit([b(bytes)]);
}

/** Always two words, so that no length depends on a distance. */
export function conditionalBranch(pass: Pass, when: Condition, slot: number): void {
  const bytes = pass.distanceTo(slot);
  if (reachesBc(bytes)) {
    pass.emit([branchIf(when, bytes), nop()]);
    return;
  }
  pass.emit([branchIf(opposite(when), 2 * WORD_BYTES)]);
  branchTo(pass, slot);
}

export function jump(pass: Pass, insn: Insn, at: number): void {
  branchTo(pass, jumpTarget(insn, at));
}

/** Jumps where a comparison holds; `at`: slot of the instruction. */
export function conditionalJump(pass: Pass, insn: Insn, at: number): void {
  const row = rows[operationOf(insn.code)];
  if (row === undefined) throw unsupported(insn);
  const compare = row[classOf(insn.code) === BPF_JMP ? 64 : 32];
  const d = gprOf(insn.dst);
  if (sourceOf(insn.code) === BPF_X) pass.emit(compare.x(d, gprOf(insn.src)));
  else pass.emit(compare.k(d, insn.imm) ?? [...load32(TMP1, insn.imm), ...compare.x(d, TMP1)]);
  conditionalBranch(pass, row.when, jumpTarget(insn, at));
}

/**
 * BPF_EXIT: the last instruction goes on into the epilogue, others branch to it. Where it is out of reach the first gets an
 * epilogue of its own, and those after it branch there.
 */
export function exit(pass: Pass, at: number): void {
  const end = pass.compilation.fn.insns.length;
  if (at === end - 1) return;
  const bytes = pass.distanceTo(end);
  if (reachesB(bytes)) pass.emit([b(bytes)]);
  else if (pass.inlineEpilogue !== undefined && reachesB(pass.inlineEpilogue - pass.here))
    pass.emit([b(pass.inlineEpilogue - pass.here)]);
  else {
    pass.inlineEpilogue = pass.here;
    pass.emit(epilogue(pass.compilation.frame));
  }
}
