// One pass over a function: the words so far, and what the code of an instruction may ask about its surroundings.
// Knows no opcode; compile.ts runs passes.
import type { BpfFunction } from "../bpf/core/prog.ts";
import { u64, type U64, ZERO } from "../word/long.ts";
import { JitError } from "./error.ts";
import type { CallSequence, SharedParts } from "./call/sequence.ts";
import { type CallTable, Stubs } from "./call/shared-parts.ts";
import type { Frame } from "./frame.ts";
import { WORD_BYTES, type Word, type Words } from "./ppc.ts";
import type { JitTarget } from "./target.ts";

/** What stays the same in every pass over a function. */
export interface Compilation {
  readonly fn: BpfFunction;
  readonly target: JitTarget;
  readonly frame: Frame;
  /** Calls of the program's functions. */
  readonly calls: CallSequence;
  /** Calls of the kernel's and its modules'. */
  readonly helperCalls: CallSequence;
  /** Of the whole program. */
  readonly table: CallTable;
  /** Slots that a jump of the function goes to. */
  readonly jumpTargets: ReadonlySet<number>;
  /** Shifts by a register whose count may be as large as the value has bits, or larger. */
  readonly unboundedShifts: ReadonlySet<number>;
}

/** What a call goes to. */
export interface CalleeName {
  /** A function's of the program; the symbol of any of the kernel's. */
  readonly name: string;
  /** Its global entry point; undefined where it has no image yet. */
  readonly address: U64 | undefined;
}

/** What stands at one call in one pass. */
export interface CallWords {
  /** Slot of the instruction. */
  readonly slot: number;
  readonly callee: CalleeName | undefined;
  /** Of the first word, in bytes from the function's. */
  readonly offset: number;
  /** All words of it, the copy of the result included. While sizing, the most that they may be. */
  readonly words: Words;
}

export class Pass {
  readonly compilation: Compilation;
  /** Address of the code's first word; undefined while sizing, when calls count with the most they may take. */
  readonly codeAddress: U64 | undefined;
  readonly words: Word[] = [];
  /** Byte offset of each slot's code in this pass, and behind the last that of the epilogue. */
  readonly offsets: number[] = [];
  /** Byte offset of an epilogue in the middle, where one had to be made because the last is out of reach. */
  inlineEpilogue: number | undefined;
  /** Of the last call. */
  callee: CalleeName | undefined;
  /** In order of their slots. */
  readonly calls: CallWords[] = [];
  /** Byte offset of the stubs; undefined until the code before them is complete. */
  stubsOffset: number | undefined;
  readonly stubs: Stubs;
  /** What calls share, where there are addresses. */
  readonly shared: SharedParts;
  readonly #offsetsBefore: readonly number[] | undefined;

  /**
   * @param offsetsBefore what the pass before this found; without, every distance is taken as 0
   * @param stubsBefore the same for `stubsOffset`
   */
  constructor(
    compilation: Compilation,
    codeAddress: U64 | undefined,
    offsetsBefore: readonly number[] | undefined,
    stubsBefore = 0,
  ) {
    this.compilation = compilation;
    this.codeAddress = codeAddress;
    this.#offsetsBefore = offsetsBefore;
    const stubs = new Stubs((codeAddress ?? ZERO).add(u64(stubsBefore)));
    this.stubs = stubs;
    this.shared = {
      stub: (value, words) => stubs.to(value, words),
      slot: (value) => compilation.table.slot(value),
    };
  }

  emit(words: Words): void {
    for (const word of words) this.words.push(word);
  }

  /** Byte offsets where something begins that a branch may go to: the function, each instruction, the epilogue, each stub. */
  starts(): readonly number[] {
    const stubs = this.stubsOffset ?? this.here;
    return [0, ...this.offsets, ...this.stubs.offsets.map((offset) => stubs + offset)];
  }

  /** Byte offset of the next word. */
  get here(): number {
    return this.words.length * WORD_BYTES;
  }

  /**
   * Bytes from here to a slot's code; the slot behind the last is the epilogue. Both ends are taken from the pass before:
   * what became shorter in between shall not make its own jumps longer. Exact once nothing moves.
   * @throws JitError where there is no such slot
   */
  distanceTo(slot: number): number {
    if (slot < 0 || slot > this.compilation.fn.insns.length)
      throw new JitError(
        "EINVAL",
        `${this.compilation.fn.name}: jump to instruction ${slot} is out of range`,
      );
    const at = this.offsets.length - 1;
    const intoInsn = this.here - (this.offsets[at] ?? 0);
    const here = (this.#offsetsBefore?.[at] ?? 0) + intoInsn;
    return (this.#offsetsBefore?.[slot] ?? here) - here;
  }
}
