// Rewritings that every program gets before it is run or compiled: guarded division, packet loads as calls.
// Each gives the instructions that take one instruction's place; patch.ts puts them in.
import { insn, type Insn } from "../insn.ts";
import * as op from "../opcodes.ts";

/** BPF_REG_AX: a register that programs cannot name. */
const AX = 11;
/** What the packet loads expect to hold the context [RFC 9669 5.5 with Linux's registers]. */
const CONTEXT = 6;

const jump = (jumpClass: number, operation: number, dst: number, imm: number, off: number): Insn =>
  insn(jumpClass | operation | op.BPF_K, { dst, imm, off });
const skip = (off: number): Insn => insn(op.BPF_JMP | op.BPF_JA, { off });
const alu = (aluClass: number, operation: number, dst: number, imm = 0): Insn =>
  insn(aluClass | operation | op.BPF_K, { dst, imm });

/**
 * A division or remainder whose divisor is not known to be fit: CPUs disagree about 0 and about the most negative number by
 * -1, so the hardware's instruction is jumped around then.
 * @returns undefined where the instruction needs no guard
 * @linux kernel/bpf/verifier.c do_misc_fixups
 */
export function guardDivision(i: Insn): readonly Insn[] | undefined {
  const operation = op.operationOf(i.code);
  if (!op.isAluClass(i.code) || (operation !== op.BPF_DIV && operation !== op.BPF_MOD)) return undefined;
  const isModulo = operation === op.BPF_MOD;
  const isSigned = i.off === 1;
  if (op.sourceOf(i.code) === op.BPF_K) return constantDivision(i, isSigned, isModulo);
  const guarded = isModulo ? guardModulo : guardQuotient;
  const signed = isModulo ? guardSignedModulo : guardSignedQuotient;
  const wide = op.classOf(i.code) === op.BPF_ALU64;
  return (isSigned ? signed : guarded)(i, { wide, jumpClass: wide ? op.BPF_JMP : op.BPF_JMP32 });
}

interface Width {
  readonly wide: boolean;
  readonly jumpClass: number;
}

/** By -1 where that is signed; by 0, which only unchecked programs have. */
function constantDivision(i: Insn, isSigned: boolean, isModulo: boolean): readonly Insn[] | undefined {
  const { code, dst, imm } = i;
  const aluClass = op.classOf(code);
  if (imm === -1 && isSigned)
    return [isModulo ? alu(op.BPF_ALU, op.BPF_MOV, dst) : alu(aluClass, op.BPF_NEG, dst)];
  if (imm !== 0) return undefined;
  if (!isModulo) return [alu(op.BPF_ALU, op.BPF_MOV, dst)];
  return [insn(aluClass | op.BPF_MOV | op.BPF_X, { dst, src: dst })];
}

/**
 * A shift by a constant that is as large as the register or negative, which only unchecked programs have: by the bits of
 * it that count [RFC 9669 4.1].
 * @returns undefined for every other instruction
 */
export function maskShift(i: Insn): readonly Insn[] | undefined {
  const operation = op.operationOf(i.code);
  const isShift = operation === op.BPF_LSH || operation === op.BPF_RSH || operation === op.BPF_ARSH;
  if (!op.isAluClass(i.code) || !isShift || op.sourceOf(i.code) !== op.BPF_K) return undefined;
  const imm = i.imm & (op.classOf(i.code) === op.BPF_ALU64 ? 63 : 31);
  return imm === i.imm ? undefined : [{ ...i, imm }];
}

const clear = (dst: number): Insn => insn(op.BPF_ALU | op.BPF_XOR | op.BPF_X, { dst, src: dst });
/** Ends a 32-bit remainder that left dst as it was: its upper half is cleared all the same. */
const truncated = (dst: number): readonly Insn[] => [
  skip(1),
  insn(op.BPF_ALU | op.BPF_MOV | op.BPF_X, { dst, src: dst }),
];

function guardQuotient(i: Insn, { jumpClass }: Width): readonly Insn[] {
  return [jump(jumpClass, op.BPF_JNE, i.src, 0, 2), clear(i.dst), skip(1), i];
}

function guardModulo(i: Insn, { wide, jumpClass }: Width): readonly Insn[] {
  return [jump(jumpClass, op.BPF_JEQ, i.src, 0, wide ? 1 : 2), i, ...(wide ? [] : truncated(i.dst))];
}

/** AX = divisor + 1, so that 0 and -1 become 1 and 0. */
function shifted(i: Insn): readonly Insn[] {
  return [
    insn(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, { dst: AX, src: i.src }),
    alu(op.classOf(i.code), op.BPF_ADD, AX, 1),
  ];
}

function guardSignedQuotient(i: Insn, { jumpClass }: Width): readonly Insn[] {
  return [
    ...shifted(i),
    jump(jumpClass, op.BPF_JGT, AX, 1, 4),
    jump(jumpClass, op.BPF_JEQ, AX, 0, 1),
    alu(op.classOf(i.code), op.BPF_MOV, i.dst),
    alu(op.classOf(i.code), op.BPF_NEG, i.dst),
    skip(1),
    i,
  ];
}

function guardSignedModulo(i: Insn, { wide, jumpClass }: Width): readonly Insn[] {
  return [
    ...shifted(i),
    jump(jumpClass, op.BPF_JGT, AX, 1, 3),
    jump(jumpClass, op.BPF_JEQ, AX, 1, wide ? 3 : 4),
    alu(op.BPF_ALU, op.BPF_MOV, i.dst),
    skip(1),
    i,
    ...(wide ? [] : truncated(i.dst)),
  ];
}

/** Whether this is a packet load of mode BPF_ABS or BPF_IND. */
export function isPacketLoad({ code }: Insn): boolean {
  const mode = op.modeOf(code);
  return (
    op.classOf(code) === op.BPF_LD && (mode === op.BPF_ABS || mode === op.BPF_IND) && op.bytesOf(code) !== 8
  );
}

/**
 * A packet load as a call that returns the value or a negative number, with which the function ends and returns 0.
 * @param callImm `imm` of the call of bpf_skb_load_helper_…_no_cache for this size
 * @linux net/core/filter.c bpf_gen_ld_abs
 */
export function callPacketLoad(i: Insn, callImm: number): readonly Insn[] {
  const indirect = op.modeOf(i.code) === op.BPF_IND;
  const offset = indirect
    ? [
        insn(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, { dst: 2, src: i.src }),
        ...(i.imm === 0 ? [] : [alu(op.BPF_ALU64, op.BPF_ADD, 2, i.imm)]),
      ]
    : [alu(op.BPF_ALU64, op.BPF_MOV, 2, i.imm)];
  return [
    ...offset,
    insn(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, { dst: 1, src: CONTEXT }),
    insn(op.BPF_JMP | op.BPF_CALL, { imm: callImm }),
    jump(op.BPF_JMP, op.BPF_JSGE, 0, 0, 2),
    clear(0),
    insn(op.BPF_JMP | op.BPF_EXIT),
  ];
}
