// Puts lists of instructions in the place of single ones and moves jumps and calls so that they still arrive.
import { insn as make, isLdImm64, isLongJump, isPseudoCall, jumpTarget, type Insn } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import * as op from "../opcodes.ts";

export interface Patched {
  readonly insns: readonly Insn[];
  /** For every new slot the old one that it came from. */
  readonly origin: readonly number[];
  /** For every old slot, and one behind the last, the new one where it starts. */
  readonly position: readonly number[];
}

const isRelativeJump = ({ code }: Insn): boolean => {
  const operation = op.operationOf(code);
  return op.isJumpClass(code) && operation !== op.BPF_CALL && operation !== op.BPF_EXIT;
};
const isFunctionAddress = (i: Insn): boolean => isLdImm64(i) && i.src === op.BPF_PSEUDO_FUNC;

/**
 * A jump to a replaced instruction goes to the first of those that stand for it. Jumps inside a replacement stay as they
 * are; an instruction that jumps out cannot be replaced.
 * @param replacements by slot; an empty list removes
 * @throws BpfLoadError ERANGE where a jump no longer reaches
 * @linux kernel/bpf/core.c bpf_patch_insn_single
 */
export function patch(insns: readonly Insn[], replacements: ReadonlyMap<number, readonly Insn[]>): Patched {
  const position: number[] = [];
  const origin: number[] = [];
  let next = 0;
  insns.forEach((_, at) => {
    position.push(next);
    const length = replacements.get(at)?.length ?? 1;
    for (let i = 0; i < length; i++) origin.push(at);
    next += length;
  });
  position.push(next);
  const moved = insns.flatMap((i, at) => replacements.get(at) ?? [retarget(i, at, position)]);
  return { insns: moved, origin, position };
}

function retarget(i: Insn, at: number, position: readonly number[]): Insn {
  const distance = (target: number): number => {
    const [from, to] = [position[at], position[target]];
    if (from === undefined || to === undefined)
      throw new BpfLoadError(`insn ${at}: jump out of range to ${target}`);
    return to - from - 1;
  };
  if (isPseudoCall(i) || isFunctionAddress(i)) return make(i.code, { ...i, imm: distance(at + 1 + i.imm) });
  if (!isRelativeJump(i)) return i;
  const off = distance(jumpTarget(i, at));
  if (isLongJump(i)) return make(i.code, { ...i, imm: off });
  if (off !== (off << 16) >> 16)
    throw new BpfLoadError(`insn ${at}: jump over ${off} instructions after rewriting`, "ERANGE");
  return make(i.code, { ...i, off });
}
