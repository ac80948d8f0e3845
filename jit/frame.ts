// The stack frame of a compiled function: whether it needs one, its size, where each slot is.
// Emits no code: prologue.ts does. [Linux 6.12 arch/powerpc/net/bpf_jit64.h, bpf_jit_comp64.c]
//
//   caller's frame           (16(r1) of it: our LR)
//   save area                40: r27..r31
//   tail_call_cnt             8
//   local_tmp                16
//   BPF stack                stack depth rounded up to 16; r31 points behind it
//   minimal frame            32 ELFv2, 112 ELFv1           <- r1
//
// A function that neither calls nor names R10 has no frame: its slots are the same, below r1 (the red zone).
import type { BpfFunction } from "../bpf/core/prog.ts";
import { slotsOf } from "../bpf/insn.ts";
import { BPF_CALL, BPF_JMP, BPF_NOSPEC, BPF_ST } from "../bpf/opcodes.ts";
import { FIRST_NON_VOLATILE, FRAME_POINTER, gprOf, type Gpr } from "./registers.ts";
import type { Abi, StfBarrier } from "./target.ts";

/** Opcode of the internal instruction that a call of bpf_tail_call becomes. [Linux include/linux/filter.h] */
export const BPF_TAIL_CALL = 0xf0;

/** Bytes of the smallest frame that a function which calls must have [ELFv2 2.2.3.1, ELFv1 3.2.2]. */
const minimalFrame: Readonly<Record<Abi, number>> = { elfv2: 32, elfv1: 112 };
const SAVE_AREA = 8 * (32 - FIRST_NON_VOLATILE);
const TAIL_CALL_CNT = 8;
const LOCAL_TMP = 16;

export interface Frame {
  /** Calls helpers, functions or a barrier, so that LR must be saved. */
  readonly calls: boolean;
  readonly tailCalls: boolean;
  /** Names R10, so that r31 must point behind the BPF stack. */
  readonly usesStack: boolean;
  /** Bytes r1 moves; 0 without a frame. */
  readonly bytes: number;
  /** Non-volatile GPRs to save, ascending. */
  readonly saved: readonly Gpr[];
  /** Byte offsets from r1 after the prologue. */
  readonly framePointer: number;
  readonly tailCallCnt: number;
  readonly localTmp: number;
  slotOf(gpr: Gpr): number;
}

/** tail_call_cnt as the prologue sees it, before r1 moves. */
export const TAIL_CALL_CNT_BEFORE_FRAME = -(SAVE_AREA + TAIL_CALL_CNT);

/**
 * The frame a function needs. The register fields of every instruction count, also where its opcode ignores them.
 * @throws JitError on a register that does not exist
 */
export function planFrame(
  fn: Pick<BpfFunction, "insns" | "stackDepth">,
  abi: Abi,
  stfBarrier: StfBarrier["kind"] = "none",
): Frame {
  const named = new Set<Gpr>();
  let calls = false;
  let tailCalls = false;
  for (let at = 0; at < fn.insns.length;) {
    const insn = fn.insns[at];
    if (insn === undefined) break;
    named.add(gprOf(insn.dst)).add(gprOf(insn.src));
    calls ||= insn.code === (BPF_JMP | BPF_CALL);
    calls ||= insn.code === (BPF_ST | BPF_NOSPEC) && stfBarrier === "fallback";
    tailCalls ||= insn.code === (BPF_JMP | BPF_TAIL_CALL);
    at += slotsOf(insn);
  }
  const usesStack = named.has(FRAME_POINTER);
  const stack = Math.ceil(fn.stackDepth / 16) * 16;
  const whole = minimalFrame[abi] + stack + LOCAL_TMP + TAIL_CALL_CNT + SAVE_AREA;
  const bytes = calls || usesStack ? whole : 0;
  return {
    calls,
    tailCalls,
    usesStack,
    bytes,
    saved: [...named].filter((gpr) => gpr >= FIRST_NON_VOLATILE).sort((a, b) => a - b),
    framePointer: minimalFrame[abi] + stack,
    tailCallCnt: bytes + TAIL_CALL_CNT_BEFORE_FRAME,
    localTmp: bytes + TAIL_CALL_CNT_BEFORE_FRAME - LOCAL_TMP,
    slotOf: (gpr) => bytes - 8 * (32 - gpr),
  };
}
