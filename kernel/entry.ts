// How the host calls guest code: registers are set, the processor runs, traps of kernel text are served, the return or an
// oops ends it. What an oops looks like is oops.ts's.
import { u64, ZERO, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import type { Cpu } from "../cpu/cpu.ts";
import type { CpuState } from "../cpu/state.ts";
import { argumentOf, type Caller } from "./caller.ts";
import { KernelUsageError } from "./error.ts";
import type { GuestMemory } from "./memory.ts";
import type { MemoryManagement } from "./mm/mm.ts";
import type { Oops, OopsCause } from "./oops.ts";
import { INTERRUPT_FRAME, PT_REGS, restoreSaved, savedRegister } from "./pt-regs.ts";
import type { KernelFunction, KernelText, Trap } from "./text.ts";

/** How a call ended. `instructions` are the guest's from the entry on; those of the kernel's own fault handlers are left out. */
export type CallOutcome =
  | { readonly kind: "return"; readonly value: U64; readonly instructions: number }
  | { readonly kind: "oops"; readonly oops: Oops; readonly instructions: number }
  | { readonly kind: "max-insns"; readonly instructions: number };

export interface CallOptions {
  /** Most instructions, fault handlers included. */
  readonly maxInsns?: number;
}

/** What a call needs of the kernel. */
export interface EntryContext {
  readonly cpu: Cpu;
  readonly text: KernelText;
  readonly memory: GuestMemory;
  readonly mm: MemoryManagement;
  /** MSR of kernel code. */
  readonly msr: U64;
  readonly paca: U64;
  /** Highest address of the kernel stack, exclusive. */
  readonly stackTop: U64;
  /** Writes the registers and SLB entries back that guest code may have changed. */
  readonly restore: () => void;
  readonly oops: (cause: OopsCause) => Oops;
}

const NO_TRANSLATION = 0x4000_0000;
/** SRR1 bit 42 of a machine check: it comes from a load or a store. */
const LOAD_STORE = 0x0020_0000;
/** Arguments that the host may give: those that registers hold, both ABIs [ELFv2 2.2.3]. */
const MOST_ARGUMENTS = 8;
/** The frame of what calls bpf_test_run, both ABIs. */
const FIRST_FRAME_BYTES = 128;
/** Bytes below the stack pointer that a call from inside leaves alone: more than the 288 that code may use there. */
const BELOW_OUTER = 512;
/** DSISR bit 38: a store. */
const STORE = 0x0200_0000;
/** Instructions that an access costs which faults and is done again. */
const FAILED_ATTEMPT = 1;

const NO_FAULT = Object.freeze({ dar: ZERO, dsisr: 0, sets: { dar: false, dsisr: false } });

/** Calls from the host into the guest, one inside the other where a kernel function calls back. */
export class Entry {
  readonly #context: EntryContext;
  #depth = 0;
  /** Instructions of fault handlers in the current outermost call. */
  #overhead = 0;
  /** Where the innermost call that has a limit ends, as a count of the processor's instructions. */
  #end = Infinity;
  /** How functions of kernel text see whoever called them. */
  readonly #caller: Caller;

  constructor(context: EntryContext) {
    this.#context = context;
    const { cpu, memory, text } = context;
    this.#caller = {
      argument: (n) => argumentOf(cpu.state, memory, text.abi, n),
      get returnAddress() {
        return cpu.state.lr;
      },
      call: (pointer, args) => this.call(pointer, args, Infinity),
      fail: (detail) => {
        const { lr: nip, msr } = cpu.state;
        const oops = context.oops({ trap: 0x700, nip: nip.sub(4), msr, ...NO_FAULT, detail });
        return { kind: "oops", oops, instructions: 0 };
      },
    };
  }

  /**
   * Calls a C function pointer with up to eight arguments; on ELFv1 it points to a descriptor.
   * Registers of the guest are afterwards as before.
   * @throws KernelUsageError for more arguments
   */
  call(pointer: U64, args: readonly U64[], maxInsns: number): CallOutcome {
    if (args.length > MOST_ARGUMENTS)
      throw new KernelUsageError(
        `${args.length} arguments: a call has room for ${MOST_ARGUMENTS}, r3 to r10`,
      );
    const { cpu, restore, msr, text } = this.#context;
    const { enterInsns } = text.testRun;
    const saved = cpu.state.registers();
    const start = cpu.instructions;
    const overheadBefore = this.#overhead;
    const endBefore = this.#end;
    this.#end = Math.min(endBefore, start + enterInsns + maxInsns);
    this.#depth++;
    let clean = false;
    try {
      this.#setUp(pointer, args);
      const end = this.#run();
      const own = enterInsns + end.own;
      const instructions = Math.max(0, cpu.instructions - start - (this.#overhead - overheadBefore) - own);
      if (this.#depth > 1) this.#overhead += own;
      clean = end.kind === "return" && cpu.state.msr.eq(msr);
      if (end.kind === "return") return { kind: "return", value: end.value, instructions };
      if (end.kind === "oops") return { kind: "oops", oops: end.oops, instructions };
      return { kind: "max-insns", instructions };
    } finally {
      this.#depth--;
      this.#end = endBefore;
      restoreRegisters(cpu.state, saved);
      if (!clean && this.#depth === 0) restore();
    }
  }

  /** What bpf_test_run of kernel text expects; it makes a frame below the one that is written here. */
  #setUp(pointer: U64, args: readonly U64[]): void {
    const { cpu, text, memory, msr, paca, stackTop } = this.#context;
    const { state } = cpu;
    const outer = this.#depth === 1 ? undefined : state.gpr(1);
    const stack = (outer === undefined ? stackTop : alignedDown(outer.sub(BELOW_OUTER))).sub(
      FIRST_FRAME_BYTES,
    );
    memory.write(stack, new Uint8Array(FIRST_FRAME_BYTES));
    if (outer !== undefined) memory.store(stack, 8, outer);
    args.forEach((value, i) => {
      state.setGpr(3 + i, value);
    });
    state.setGpr(1, stack);
    state.setGpr(2, text.toc);
    state.setGpr(12, pointer);
    state.setGpr(13, paca);
    state.lr = outer === undefined ? ZERO : state.nia;
    state.msr = msr;
    state.nia = text.testRun.entry;
  }

  #run(): End {
    const { cpu, text } = this.#context;
    for (;;) {
      const budget = this.#end - cpu.instructions;
      if (budget <= 0) return { kind: "max-insns", own: 0 };
      const stop = cpu.run(budget);
      if (stop.reason === "max-insns") return { kind: "max-insns", own: 0 };
      if (stop.reason !== "attn") return this.#unhandled(stop.detail);
      const trap = text.trapAt(stop.cia);
      if (trap === undefined) return this.#illegalAttn(stop.cia);
      if (trap.kind === "return") {
        return { kind: "return", value: cpu.state.gpr(3), own: text.testRun.leaveInsns };
      }
      const ended = this.#serve(trap, stop.cia);
      if (ended !== undefined) return ended;
      cpu.state.nia = stop.cia.add(4);
    }
  }

  #serve(trap: Exclude<Trap, { kind: "return" }>, cia: U64): End | undefined {
    switch (trap.kind) {
      case "function":
        return this.#function(trap.function, cia);
      case "vector":
        return this.#vector(trap.vector);
      case "exception":
        return this.#exception();
    }
  }

  /** An interrupt that has no more than attn and the return. */
  #vector(vector: number): End | undefined {
    const end = this.#interrupt(vector, 1);
    if (end === undefined) this.#overhead += FAILED_ATTEMPT + 2;
    return end;
  }

  /** An interrupt whose registers are in a frame; they are put back by guest code, or here where it ends in an oops. */
  #exception(): End | undefined {
    const { cpu, memory, text } = this.#context;
    const { state } = cpu;
    const r1 = state.gpr(1);
    const { enter, leave } = text.exceptionInsns;
    const isKernelStack = savedRegister(memory, r1, PT_REGS.gpr + 8).eq(r1.add(INTERRUPT_FRAME.bytes));
    const entered = isKernelStack ? enter : enter + 1;
    const end = this.#interrupt(savedRegister(memory, r1, PT_REGS.trap).low, entered, () => {
      restoreSaved(state, memory);
    });
    if (end === undefined) this.#overhead += FAILED_ATTEMPT + entered + leave;
    return end;
  }

  /**
   * A segment or storage interrupt is resolved if it can be; every other one is an oops.
   * @param own instructions from the interrupt on
   * @param restore puts the registers of the interrupted code back, before an oops shows them
   */
  #interrupt(vector: number, own: number, restore?: () => void): End | undefined {
    const { cpu, mm } = this.#context;
    const { state } = cpu;
    const isHypervisor = HYPERVISOR_VECTORS.has(vector);
    const nip = state.spr(isHypervisor ? "HSRR0" : "SRR0");
    const msr = state.spr(isHypervisor ? "HSRR1" : "SRR1");
    const dsisr = state.spr("DSISR").low >>> 0;
    const reason = vector === 0x300 ? dsisr : vector === 0x400 ? msr.low : NO_TRANSLATION;
    const isFetch = vector === 0x400 || vector === 0x480;
    const isStorage = isFetch || vector === 0x300 || vector === 0x380;
    if (
      isStorage &&
      (reason & NO_TRANSLATION) !== 0 &&
      mm.resolve(vector, isFetch ? nip : state.spr("DAR"))
    ) {
      return undefined;
    }
    const isDataMachineCheck = vector === 0x200 && (msr.low & LOAD_STORE) !== 0;
    const sets = {
      dar: isDataMachineCheck || [0x300, 0x380, 0x600].includes(vector),
      dsisr: isDataMachineCheck || vector === 0x300,
    };
    const dar = sets.dar ? state.spr("DAR") : ZERO;
    const cause = { trap: vector, nip, msr, dar, dsisr: sets.dsisr ? dsisr : 0, sets, detail: undefined };
    restore?.();
    return this.#oops(cause, own);
  }

  #function(kernelFunction: KernelFunction, cia: U64): End | undefined {
    const { state } = this.#context.cpu;
    const value = kernelFunction.call(
      [state.gpr(3), state.gpr(4), state.gpr(5), state.gpr(6), state.gpr(7)],
      this.#caller,
    );
    if (value instanceof MemoryFault) {
      return this.#oops(this.#faultCause(cia, value.address, value.access), 0);
    }
    if ("kind" in value) return { ...value, own: 0 };
    state.setGpr(3, value);
    return undefined;
  }

  #illegalAttn(cia: U64): End {
    const { state } = this.#context.cpu;
    const detail = `attn at 0x${cia.toString(16)} is none of the kernel's`;
    return this.#oops({ trap: 0x700, nip: cia, msr: state.msr, ...NO_FAULT, detail }, 0);
  }

  #unhandled(detail: string): End {
    const { state } = this.#context.cpu;
    const cause = { trap: 0, nip: state.nia, msr: state.msr, ...NO_FAULT, detail };
    return this.#oops(cause, 0);
  }

  #faultCause(nip: U64, dar: U64, access: "load" | "store"): OopsCause {
    const dsisr = NO_TRANSLATION | (access === "store" ? STORE : 0);
    const { msr } = this.#context.cpu.state;
    return { trap: 0x300, nip, msr, dar, dsisr, sets: { dar: true, dsisr: true }, detail: undefined };
  }

  /** @param own instructions of handlers that do not count */
  #oops(cause: OopsCause, own: number): End {
    return { kind: "oops", oops: this.#context.oops(cause), own };
  }
}

type End =
  | { readonly kind: "return"; readonly value: U64; readonly own: number }
  | { readonly kind: "oops"; readonly oops: Oops; readonly own: number }
  | { readonly kind: "max-insns"; readonly own: number };

/** Interrupts that save to HSRR0 and HSRR1 and that guest code can raise itself. */
const HYPERVISOR_VECTORS: ReadonlySet<number> = new Set([0xe40, 0xf80]);

function alignedDown(address: U64): U64 {
  return address.sub(u64(address.low & 15));
}

function restoreRegisters(state: CpuState, saved: ReturnType<CpuState["registers"]>): void {
  saved.gpr.forEach((value, n) => {
    state.setGpr(n, value);
  });
  state.cr = saved.cr;
  state.xer = saved.xer;
  state.lr = saved.lr;
  state.ctr = saved.ctr;
  state.nia = saved.nia;
  state.msr = saved.msr;
}
