// What one look over a function's instructions tells before any code is made: jump targets, and which shift counts are bounded.
// Straight-line knowledge only, forgotten at every jump target; the verifier's is not used.
import { type Insn, isLdImm64, jumpTarget, slotsOf } from "../bpf/insn.ts";
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_EXIT,
  BPF_FETCH,
  BPF_JA,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LSH,
  BPF_MOV,
  BPF_ATOMIC,
  BPF_RSH,
  BPF_STX,
  BPF_X,
  classOf,
  isJumpClass,
  modeOf,
  operationOf,
  sourceOf,
} from "../bpf/opcodes.ts";
import { BPF_TAIL_CALL } from "./frame.ts";

/** Whether the instruction may go on elsewhere than behind itself, inside the function. */
function jumps(insn: Insn): boolean {
  if (!isJumpClass(insn.code)) return false;
  const operation = operationOf(insn.code);
  if (operation === BPF_JA) return true;
  return !(operation === BPF_CALL || operation === BPF_EXIT || insn.code === (BPF_JMP | BPF_TAIL_CALL));
}

/** Each instruction with its slot; the second slot of an LD_IMM64 is none. */
export function* instructions(insns: readonly Insn[]): Generator<readonly [at: number, insn: Insn]> {
  for (let at = 0; at < insns.length;) {
    const insn = insns[at];
    if (insn === undefined) return;
    yield [at, insn];
    at += slotsOf(insn);
  }
}

export function jumpTargets(insns: readonly Insn[]): ReadonlySet<number> {
  const targets = new Set<number>();
  for (const [at, insn] of instructions(insns)) if (jumps(insn)) targets.add(jumpTarget(insn, at));
  return targets;
}

const isShift = (code: number): boolean => [BPF_LSH, BPF_RSH, BPF_ARSH].includes(operationOf(code));

/** Registers that an instruction changes in a way not followed here. */
function changed(insn: Insn): readonly number[] {
  switch (classOf(insn.code)) {
    case BPF_LD:
    case BPF_LDX:
    case BPF_ALU:
    case BPF_ALU64:
      return [insn.dst];
    case BPF_STX:
      if (modeOf(insn.code) !== BPF_ATOMIC || (insn.imm & BPF_FETCH) === 0) return [];
      return insn.imm === BPF_CMPXCHG ? [0] : [insn.src];
    case BPF_JMP:
      return operationOf(insn.code) === BPF_CALL ? [0, 1, 2, 3, 4, 5] : [];
    default:
      return [];
  }
}

/** The largest unsigned value that `insn` can leave in its dst; undefined where nothing is known. */
function boundAfter(
  insn: Insn,
  next: Insn | undefined,
  bounds: ReadonlyMap<number, number>,
): number | undefined {
  if (isLdImm64(insn)) return insn.src === 0 && next?.imm === 0 && insn.imm >= 0 ? insn.imm : undefined;
  const constant = insn.imm >= 0 ? insn.imm : undefined;
  switch (insn.code) {
    case BPF_ALU | BPF_MOV | BPF_K:
    case BPF_ALU64 | BPF_MOV | BPF_K:
      return constant;
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU64 | BPF_AND | BPF_K:
      return constant;
    case BPF_ALU | BPF_MOV | BPF_X:
    case BPF_ALU64 | BPF_MOV | BPF_X:
      return insn.off === 0 ? bounds.get(insn.src) : undefined;
    default:
      return undefined;
  }
}

/**
 * Shifts by a register that may hold 64 (32 in a 32-bit shift) or more: there the result is RFC 9669's only if the count is
 * masked first, while sld and its like give 0 [RFC 9669 4.1; Power ISA v3.1B I 3.3.14.2].
 */
export function unboundedShifts(insns: readonly Insn[], targets: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set<number>();
  const bounds = new Map<number, number>();
  for (const [at, insn] of instructions(insns)) {
    if (targets.has(at)) bounds.clear();
    const kind = classOf(insn.code);
    if ((kind === BPF_ALU || kind === BPF_ALU64) && isShift(insn.code) && sourceOf(insn.code) === BPF_X) {
      const bits = kind === BPF_ALU64 ? 64 : 32;
      if ((bounds.get(insn.src) ?? bits) >= bits) found.add(at);
    }
    const bound = boundAfter(insn, insns[at + 1], bounds);
    for (const register of changed(insn)) bounds.delete(register);
    if (bound !== undefined) bounds.set(insn.dst, bound);
  }
  return found;
}
