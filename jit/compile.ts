// Passes over one function: how large it can become, then its code at a given address.
// Where images lie and who calls whom is program.ts's. [Linux 6.12 arch/powerpc/net/bpf_jit_comp.c bpf_int_jit_compile]
import type { BpfFunction } from "../bpf/core/prog.ts";
import type { U64 } from "../word/long.ts";
import { generate } from "./body.ts";
import { createHelperSequence } from "./call/helper-sequences.ts";
import { createCallSequence } from "./call/sequences.ts";
import type { CallTable } from "./call/shared-parts.ts";
import { checkBranches, checkSized } from "./consistency.ts";
import { JitBug } from "./error.ts";
import { jumpTargets, unboundedShifts } from "./flow.ts";
import { planFrame } from "./frame.ts";
import { type MovedInsns, movedInsns } from "./moved.ts";
import { type CallWords, type Compilation, Pass } from "./pass.ts";
import { reachesB, type Words, WORD_BYTES } from "./ppc.ts";
import type { JitTarget } from "./target.ts";

/** What a pass came to. */
export interface PassLog {
  /** Name of the function, and its place in the program's list. */
  readonly name: string;
  readonly index: number;
  /** 1 while callees have no address yet, 2 afterwards. */
  readonly round: 1 | 2;
  /** Passes over this function before this one. */
  readonly pass: number;
  /** Bytes of code, prologue and epilogue included. */
  readonly bytes: number;
  /** Bytes less than the pass before. */
  readonly shrink: number;
  /** Of the first word of code; undefined in a pass that only sizes. */
  readonly address: U64 | undefined;
  /** Instructions whose code starts elsewhere than in the pass before, ascending. */
  readonly moved: readonly MovedInsns[];
  /** What stands at each call, by its slot, ascending. */
  readonly calls: readonly CallWords[];
}

/** The largest number of passes; each call moves at most twice, so an honest sequence never comes near. */
const MAX_PASSES = 64;

/** The code of a function. */
export interface CompiledFunction {
  /** Stubs included. */
  readonly words: Words;
  /** Byte offset of each instruction slot's code, and last that of the epilogue. */
  readonly insnOffsets: readonly number[];
  /** Byte offset of the stubs that calls share; the code's length where there are none. */
  readonly stubsOffset: number;
}

/** A function on its way through the passes. */
export class FunctionJit {
  readonly fn: BpfFunction;
  readonly #compilation: Compilation;
  readonly #log: PassLog[] = [];
  readonly #onPass: (pass: PassLog) => void;
  #last: Pass | undefined;
  #sized: readonly number[] = [];

  /**
   * @param table of the addresses that calls load, for the whole program
   * @param onPass called after each pass
   * @throws JitError on a register that does not exist
   */
  constructor(
    fn: BpfFunction,
    target: JitTarget,
    table: CallTable,
    onPass: (pass: PassLog) => void = () => undefined,
  ) {
    this.fn = fn;
    this.#onPass = onPass;
    const targets = jumpTargets(fn.insns);
    this.#compilation = {
      fn,
      target,
      frame: planFrame(fn, target.abi, target.stfBarrier.kind),
      calls: createCallSequence(target.callSequence, target),
      helperCalls: createHelperSequence(target.helperSequence, target),
      table,
      jumpTargets: targets,
      unboundedShifts: unboundedShifts(fn.insns, targets),
    };
  }

  get log(): readonly PassLog[] {
    return this.#log;
  }

  /** The most bytes of code that the function can take, wherever it and its callees will be. Throws JitError. */
  size(): number {
    this.#run(undefined);
    // Without distances every exit counts as in reach of `b`: in a program this large some may not be, and then they grow.
    if (!reachesB(this.#bytes)) this.#settle(undefined);
    this.#sized = this.#ends;
    return this.#bytes;
  }

  /**
   * The code at `address`, once every callee's `bpfFunc` is known.
   * @param address of the first word of code
   * @throws JitError, and JitBug where passes do not agree
   */
  compile(address: U64): CompiledFunction {
    this.#settle(address);
    const last = this.#last;
    if (last === undefined) throw new JitBug(`${this.fn.name}: no pass`);
    checkBranches(this.fn, last.words, last.starts());
    return { words: last.words, insnOffsets: last.offsets, stubsOffset: last.stubsOffset ?? this.#bytes };
  }

  get #bytes(): number {
    return (this.#last?.words.length ?? 0) * WORD_BYTES;
  }

  /** Offsets of everything in the last pass, of the stubs and of the end. */
  get #ends(): readonly number[] {
    return [...(this.#last?.offsets ?? []), this.#last?.stubsOffset ?? 0, this.#bytes];
  }

  /** Passes until nothing moves. */
  #settle(address: U64 | undefined): void {
    for (let passes = 0; !this.#run(address); passes++)
      if (passes === MAX_PASSES)
        throw new JitBug(`${this.fn.name}: no end after ${MAX_PASSES} passes, ${this.#bytes} bytes`);
  }

  /** One more pass; whether all distances were already what they are now. */
  #run(address: U64 | undefined): boolean {
    const before = this.#last;
    const bytesBefore = this.#bytes;
    const pass = new Pass(this.#compilation, address, before?.offsets, before?.stubsOffset);
    generate(pass);
    this.#last = pass;
    if (address !== undefined) checkSized(this.fn, this.#ends, this.#sized);
    const moved = before === undefined ? [] : movedInsns(before.offsets, pass.offsets);
    const entry: PassLog = {
      name: this.fn.name,
      index: this.fn.index,
      round: address === undefined ? 1 : 2,
      pass: this.#log.length,
      bytes: this.#bytes,
      shrink: before === undefined ? 0 : bytesBefore - this.#bytes,
      address,
      moved,
      calls: pass.calls,
    };
    this.#log.push(entry);
    this.#onPass(entry);
    return before !== undefined && moved.length === 0 && this.#bytes === bytesBefore;
  }
}
