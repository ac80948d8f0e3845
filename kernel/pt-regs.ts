// struct pt_regs: the registers of interrupted code, as text/exception-common.s puts them on the stack.
import { ZERO, type U64 } from "../word/long.ts";
import { MemoryFault, type KernelMemory } from "../bpf/memory.ts";
import type { CpuState } from "../cpu/state.ts";

/** Byte offsets. @linux arch/powerpc/include/asm/ptrace.h struct pt_regs */
export const PT_REGS = Object.freeze({
  gpr: 0,
  nip: 256,
  msr: 264,
  orig_gpr3: 272,
  ctr: 280,
  link: 288,
  xer: 296,
  ccr: 304,
  softe: 312,
  trap: 320,
  dar: 328,
  dsisr: 336,
  result: 344,
  bytes: 384,
});

/** Bytes of a kernel stack. @linux arch/powerpc/include/asm/thread_info.h THREAD_SIZE, 64K pages */
export const THREAD_BYTES = 0x4000;

/** The stack frame of an interrupt. @linux arch/powerpc/include/asm/ptrace.h STACK_FRAME_OVERHEAD, INT_FRAME_SIZE */
export const INTERRUPT_FRAME = Object.freeze({
  /** Of the registers, from r1 on. */
  regs: 112,
  /** How far r1 moves: what code may use below it, the frame's head, and the registers. */
  bytes: 288 + 112 + PT_REGS.bytes,
});

/** A field of the frame that r1 points to; 0 where its memory cannot be read. */
export function savedRegister(memory: KernelMemory, r1: U64, offset: number): U64 {
  const value = memory.load(r1.add(INTERRUPT_FRAME.regs + offset), 8);
  return value instanceof MemoryFault ? ZERO : value;
}

/** Puts the interrupted code's registers back into the processor, other than those that SRR0 and SRR1 have. */
export function restoreSaved(state: CpuState, memory: KernelMemory): void {
  const r1 = state.gpr(1);
  const saved = (offset: number): U64 => savedRegister(memory, r1, offset);
  const gpr = Array.from({ length: 32 }, (_, n) => saved(PT_REGS.gpr + 8 * n));
  state.lr = saved(PT_REGS.link);
  state.ctr = saved(PT_REGS.ctr);
  state.xer = saved(PT_REGS.xer);
  state.cr = saved(PT_REGS.ccr).low >>> 0;
  gpr.forEach((value, n) => {
    state.setGpr(n, value);
  });
}
