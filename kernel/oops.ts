// An oops: what is known when the kernel cannot go on, as a value and as the kernel's well-known text.
// It reads guest memory carefully: registers may hold anything.
import { hex32, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault, type KernelMemory } from "../bpf/memory.ts";
import type { CpuState } from "../cpu/state.ts";
import type { Kallsyms, Resolved } from "./kallsyms.ts";
import { symbolText } from "./kallsyms.ts";
import { oopsText } from "./oops-text.ts";

/** Why it came to this, before the registers are looked at. */
export interface OopsCause {
  /** Vector of the interrupt: 0x300, 0x400, 0x700 …; 0 where the processor could not go on without one. */
  readonly trap: number;
  /** Address of the instruction. */
  readonly nip: U64;
  /** MSR before the interrupt, and the bits that say why. */
  readonly msr: U64;
  /** What DAR and DSISR hold; 0 where the interrupt does not set them, as `sets` says. */
  readonly dar: U64;
  readonly dsisr: number;
  readonly sets: { readonly dar: boolean; readonly dsisr: boolean };
  /** For people, where the interrupt alone does not say it. */
  readonly detail: string | undefined;
}

/** One line of the call trace. */
export interface OopsFrame {
  /** Effective address of the stack frame. */
  readonly stack: U64;
  /** The return address that is saved in it. */
  readonly address: U64;
  readonly symbol: Resolved | undefined;
}

/** A fault that kernel code cannot survive, as the kernel would report it. */
export interface Oops extends OopsCause {
  readonly gpr: readonly U64[];
  readonly lr: U64;
  readonly ctr: U64;
  readonly xer: U64;
  readonly cr: number;
  readonly cfar: U64;
  readonly symbol: Resolved | undefined;
  readonly lrSymbol: Resolved | undefined;
  readonly callTrace: readonly OopsFrame[];
  /** Words from 12 before NIP to 3 behind it; undefined where memory cannot be read. */
  readonly code: readonly (number | undefined)[];
  /** Index in `code` of the word at NIP. */
  readonly codeIndex: number;
  /** The first line of the text: what happened, for a message. */
  readonly message: string;
  /** As the kernel would log it, lines ended by \n. */
  readonly text: string;
}

/** What the text says of the kernel and the machine. */
export interface OopsContext {
  readonly state: CpuState;
  readonly memory: KernelMemory;
  readonly kallsyms: Kallsyms;
  readonly release: string;
  /** "BUG: …" with read or write, as since 5.1. */
  readonly namesAccess: boolean;
  readonly pageShift: number;
  readonly mmu: "hash" | "radix";
  /** Names of the modules, as "Modules linked in" has them. */
  readonly modules: () => readonly string[];
}

const WORDS_BEFORE = 12;
const WORDS_IN_ALL = 16;
const MOST_FRAMES = 64;
/** Offset of the LR save doubleword in a frame, both ABIs. */
const LR_SAVE = 16;

/** Describes the machine as it is. */
export function makeOops(context: OopsContext, cause: OopsCause): Oops {
  const { state, kallsyms } = context;
  const registers = state.registers();
  const facts = {
    ...cause,
    gpr: registers.gpr,
    lr: registers.lr,
    ctr: registers.ctr,
    xer: registers.xer,
    cr: registers.cr,
    cfar: state.spr("CFAR"),
    symbol: kallsyms.lookup(cause.nip),
    lrSymbol: kallsyms.lookup(registers.lr),
    callTrace: walkStack(context, registers.gpr[1] ?? u64(0)),
    code: codeAround(context.memory, cause.nip),
    codeIndex: WORDS_BEFORE,
  };
  const lines = oopsText(facts, context);
  return { ...facts, message: lines[0] ?? "", text: lines.map((line) => `${line}\n`).join("") };
}

/** The oops for JSON: 64-bit values as hex strings. */
export function oopsJson(oops: Oops): Record<string, unknown> {
  const symbol = (s: Resolved | undefined): string | null => (s === undefined ? null : symbolText(s));
  return {
    message: oops.message,
    trap: `0x${oops.trap.toString(16)}`,
    nip: hex64(oops.nip),
    symbol: oops.symbol?.name ?? null,
    offset: oops.symbol?.offset ?? null,
    dar: oops.sets.dar ? hex64(oops.dar) : null,
    dsisr: oops.sets.dsisr ? hex32(oops.dsisr) : null,
    detail: oops.detail ?? null,
    regs: {
      gpr: oops.gpr.map(hex64),
      cr: hex32(oops.cr),
      lr: hex64(oops.lr),
      ctr: hex64(oops.ctr),
      xer: hex64(oops.xer),
      msr: hex64(oops.msr),
      cfar: hex64(oops.cfar),
    },
    call_trace: oops.callTrace.map((f) => ({
      stack: hex64(f.stack),
      address: hex64(f.address),
      symbol: symbol(f.symbol),
    })),
    code: oops.code.map((word) => (word === undefined ? null : word.toString(16).padStart(8, "0"))),
    text: oops.text,
  };
}

/** Frames along the back chain, which has to ascend; a frame that cannot be read ends it. */
function walkStack(context: OopsContext, r1: U64): readonly OopsFrame[] {
  const { memory, kallsyms } = context;
  const frames: OopsFrame[] = [];
  let stack = r1;
  while (frames.length < MOST_FRAMES && (stack.low & 7) === 0) {
    const address = memory.load(stack.add(LR_SAVE), 8);
    const next = memory.load(stack, 8);
    if (address instanceof MemoryFault || next instanceof MemoryFault) break;
    frames.push({ stack, address, symbol: kallsyms.lookup(address) });
    if (next.lte(stack)) break;
    stack = next;
  }
  return frames;
}

function codeAround(memory: KernelMemory, nip: U64): readonly (number | undefined)[] {
  return Array.from({ length: WORDS_IN_ALL }, (_, i) => {
    const word = memory.load(nip.add(4 * (i - WORDS_BEFORE)), 4);
    return word instanceof MemoryFault ? undefined : word.low >>> 0;
  });
}
