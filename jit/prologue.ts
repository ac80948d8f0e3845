// What every compiled function begins and ends with.
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c bpf_jit_build_prologue, bpf_jit_build_epilogue]
import { type Frame, TAIL_CALL_CNT_BEFORE_FRAME } from "./frame.ts";
import { BPF_R0, FRAME_POINTER, PACA, RESULT, SCRATCH, STACK_POINTER, TMP1, TOC } from "./registers.ts";
import type { EntryPoints } from "./call/sequence.ts";
import { addi, blr, ld, li, mflr, mr, mtlr, nop, std, stdu, WORD_BYTES, type Words } from "./ppc.ts";
import { u64, type U64 } from "../word/long.ts";
import { codeOffset, type JitTarget } from "./target.ts";

/** Where a caller keeps its callee's LR, from the caller's r1 [ELFv2 2.2.3.1]. */
const LR_SAVE = 16;

/** The words that a caller with the kernel's TOC in r2 could skip. ELFv1 has its TOC from the descriptor. */
function loadToc(target: JitTarget): Words {
  return target.abi === "elfv2" ? [ld(TOC, target.pacaKernelToc, PACA)] : [];
}

/** Always two words, so that a tail call can skip them in any program: the count goes on, it does not restart. */
function startTailCallCount(frame: Frame): Words {
  return frame.tailCalls
    ? [li(TMP1, 0), std(TMP1, TAIL_CALL_CNT_BEFORE_FRAME, STACK_POINTER)]
    : [nop(), nop()];
}

export function prologue(frame: Frame, target: JitTarget): Words {
  return [
    ...loadToc(target),
    ...startTailCallCount(frame),
    ...(frame.calls ? [mflr(SCRATCH), std(SCRATCH, LR_SAVE, STACK_POINTER)] : []),
    ...(frame.bytes === 0 ? [] : [stdu(STACK_POINTER, -frame.bytes, STACK_POINTER)]),
    ...frame.saved.map((gpr) => std(gpr, frame.slotOf(gpr), STACK_POINTER)),
    ...(frame.usesStack ? [addi(FRAME_POINTER, STACK_POINTER, frame.framePointer)] : []),
  ];
}

/** Where a caller enters an image: at the code's start, or behind what loads the TOC. What starts the tail call count is run by both. */
export function imageEntryPoints(image: U64, target: JitTarget): EntryPoints {
  const global = image.add(u64(codeOffset(target)));
  const local = global.add(u64(loadToc(target).length * WORD_BYTES));
  return { global, local, ...(target.abi === "elfv1" ? { descriptor: image } : {}) };
}

/** Bytes from `bpf_func` of a program to where a tail call enters it. */
export function tailCallEntry(target: JitTarget): number {
  const skippedWords = (target.abi === "elfv2" ? 1 : 0) + 2;
  return codeOffset(target) + skippedWords * WORD_BYTES;
}

/** Gives back what the prologue saved, the frame with it: what is left of the function is a branch. */
export function restore(frame: Frame): Words {
  return [
    ...frame.saved.map((gpr) => ld(gpr, frame.slotOf(gpr), STACK_POINTER)),
    ...(frame.bytes === 0 ? [] : [addi(STACK_POINTER, STACK_POINTER, frame.bytes)]),
    ...(frame.calls ? [ld(SCRATCH, LR_SAVE, STACK_POINTER), mtlr(SCRATCH)] : []),
  ];
}

export function epilogue(frame: Frame): Words {
  return [...restore(frame), mr(RESULT, BPF_R0), blr()];
}
