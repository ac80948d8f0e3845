// Follows the context, the stack and functions' addresses through registers, spills and calls, over all paths at once:
// what meets is joined, so that loops end. Each function is looked at once for every different set of arguments.
import type { LinkedProgram } from "../elf/types.ts";
import { isKfuncCall, jumpTarget, slotsOf, type Insn } from "../insn.ts";
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IMM,
  BPF_JA,
  BPF_JMP,
  BPF_LD,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_REG_FP,
  BPF_STX,
  BPF_CMPXCHG,
  MAX_BPF_REG,
  classOf,
  isAluClass,
  modeOf,
  operationOf,
} from "../opcodes.ts";
import { arithmetic } from "./alu.ts";
import { decide, refine } from "./branch.ts";
import { callbackOf } from "./callbacks.ts";
import type { CheckOptions } from "./checked.ts";
import { afterCall, heldAt, heldAtExit, meetLocks, NO_LOCKS, type Locks } from "./locks.ts";
import { fieldFault, immediateFault, isBroken, memoryAccess, operandsOf } from "./fields.ts";
import { kfuncFault, kfuncResult } from "./kfunc.ts";
import { MemoryRules, partOfPointer } from "./memory-rules.ts";
import { helperWrites, loaded, store } from "./stack.ts";
import { State, type Frame } from "./state.ts";
import { calleeSlot, endsBlock, isJump, type Subprogram } from "./structure.ts";
import {
  CONTEXT,
  isStack,
  number64,
  WORD,
  NUMBER,
  join,
  scalar,
  stackPlace,
  UNINIT,
  UNKNOWN,
  type Value,
} from "./values.ts";
import { VerifierError } from "./error.ts";
import { Worklist } from "./worklist.ts";

const MAX_PROCESSED = 1_000_000;
/** Instructions looked at before states have settled, which the kernel has nothing like. */
const MAX_STEPS = 8 * MAX_PROCESSED;
const TAIL_CALL = 12;

/** What was found out about the program. */
export interface Tracked {
  readonly contextAccesses: ReadonlySet<number>;
  readonly reached: ReadonlySet<number>;
  /** Bytes of stack of each function. */
  readonly stackDepths: readonly number[];
  readonly tailCalls: ReadonlySet<number>;
  readonly processedInsns: number;
}

/** One function with one set of arguments. */
interface Visit {
  readonly states: ReadonlyMap<number, State>;
  readonly outcome: Outcome;
  /** Whether everything in it was checked, too. */
  readonly isChecked: boolean;
}

/** How a function leaves its caller's frames, and what it returns; undefined where it never returns. */
type Outcome = { readonly r0: Value; readonly frames: readonly Frame[]; readonly locks: Locks } | undefined;

/** @throws VerifierError for what no path may do. */
export function track(
  program: LinkedProgram,
  functions: readonly Subprogram[],
  options: CheckOptions,
): Tracked {
  return new Tracker(program, functions, options).run();
}

class Tracker {
  readonly #program: LinkedProgram;
  readonly #functions: readonly Subprogram[];
  readonly #options: CheckOptions;
  readonly #indexByStart: ReadonlyMap<number, number>;
  readonly #visits = new Map<string, Visit>();
  readonly #leaders: Uint8Array;
  /** Slots whose fields mean nothing: followed no further, and refused in the end. */
  readonly #broken: Uint8Array;
  readonly #tailCalls = new Set<number>();
  readonly #reached = new Set<number>();
  readonly #rules: MemoryRules;
  #processed = 0;
  #steps = 0;

  constructor(program: LinkedProgram, functions: readonly Subprogram[], options: CheckOptions) {
    this.#program = program;
    this.#functions = functions;
    this.#options = options;
    this.#indexByStart = new Map(functions.map((f, index) => [f.start, index]));
    this.#rules = new MemoryRules(program.type, functions.length);
    this.#leaders = new Uint8Array(program.insns.length);
    this.#broken = new Uint8Array(program.insns.length);
    program.insns.forEach((insn, slot) => {
      if (isJump(insn.code)) this.#leaders[jumpTarget(insn, slot)] = 1;
      if (isBroken(insn)) this.#broken[slot] = 1;
    });
  }

  run(): Tracked {
    const [r1, r2] = this.#options.start === "memory" ? [UNKNOWN, NUMBER] : [CONTEXT, UNINIT];
    this.#function(0, [UNINIT, r1, r2, UNINIT, UNINIT, UNINIT], { callers: [], locks: NO_LOCKS }, true);
    return {
      contextAccesses: this.#rules.contextAccesses,
      reached: this.#reached,
      stackDepths: this.#rules.stackDepths,
      tailCalls: this.#tailCalls,
      processedInsns: this.#processed,
    };
  }

  /** Looks at a function with r1 to r5, the frames of its callers and what they hold; refuses what is wrong in it if `isFinal`. */
  #function(
    index: number,
    args: readonly Value[],
    { callers, locks }: { readonly callers: readonly Frame[]; readonly locks: Locks },
    isFinal: boolean,
  ): Outcome {
    // Without a pointer to them the frames of the callers are out of reach, and the function acts the same everywhere.
    const isReaching = args.some(isStack);
    const frames = isReaching ? callers : [];
    const own = frames.length;
    const regs = Array.from({ length: MAX_BPF_REG }, (_, n) =>
      n >= 1 && n <= 5 ? (args[n] ?? UNINIT) : UNINIT,
    );
    regs[BPF_REG_FP] = stackPlace(own, 0);
    const entry = new State(regs, [...frames, { owner: index, stack: new Map() }], 0, locks);
    const key = `${index};${entry.key()}`;
    let visit = this.#visits.get(key);
    if (visit === undefined || (isFinal && !visit.isChecked)) {
      const states = visit?.states ?? this.#settle(index, entry);
      visit = { states, outcome: this.#conclude(index, states, own, isFinal), isChecked: isFinal };
      this.#visits.set(key, visit);
    }
    const { outcome } = visit;
    return outcome === undefined ? undefined : { ...outcome, frames: isReaching ? outcome.frames : callers };
  }

  /** Walks blocks until no state at a block's head changes. Nothing is refused yet: more paths may still meet. */
  #settle(index: number, entry: State): ReadonlyMap<number, State> {
    const { start } = this.#functions[index] ?? { start: 0 };
    const states = new Map<number, State>([[start, entry]]);
    const pending = new Worklist();
    pending.add(start);
    const flow = (to: number, state: State): void => {
      const known = states.get(to);
      const met = known === undefined ? state.copy() : known.meet(state);
      if (met === undefined) return;
      states.set(to, met);
      pending.add(to);
    };
    for (let slot = pending.take(); slot !== undefined; slot = pending.take()) {
      const state = states.get(slot);
      if (state !== undefined) this.#block(index, slot, state.copy(), flow, false);
    }
    return states;
  }

  /** Walks every block once with its settled state. */
  #conclude(index: number, states: ReadonlyMap<number, State>, own: number, isFinal: boolean): Outcome {
    let r0: Value | undefined;
    let frames: readonly Frame[] | undefined;
    let locks: Locks | undefined;
    const exit = (state: State): void => {
      locks = locks === undefined ? state.locks : meetLocks(locks, state.locks);
      const lower = state.frames.slice(0, own);
      r0 = r0 === undefined ? state.reg(0) : join(r0, state.reg(0));
      const before = frames === undefined ? undefined : new State([], frames);
      frames = before?.meet(new State([], lower))?.frames ?? before?.frames ?? lower;
    };
    const starts = [...states.keys()].sort((a, b) => a - b);
    for (const slot of starts) {
      const state = states.get(slot);
      if (state !== undefined) this.#block(index, slot, state.copy(), () => undefined, isFinal, exit);
    }
    return r0 === undefined || frames === undefined ? undefined : { r0, frames, locks: locks ?? NO_LOCKS };
  }

  /** From a block's head to its end. `flow` is told of every state that goes on elsewhere. */
  #block(
    index: number,
    head: number,
    state: State,
    flow: (to: number, state: State) => void,
    isFinal: boolean,
    exit: (state: State) => void = () => undefined,
  ): void {
    const { insns } = this.#program;
    for (let slot = head; ;) {
      const insn = insns[slot];
      if (insn === undefined) return;
      if (slot !== head && this.#leaders[slot] === 1) {
        flow(slot, state);
        return;
      }
      if (isFinal) this.#processed++;
      if (++this.#steps > MAX_STEPS || this.#processed > MAX_PROCESSED)
        throw this.#refusal(slot, `BPF program is too large. Processed ${this.#processed} insn`, "E2BIG");
      const next = slot + slotsOf(insn);
      if (isFinal) {
        this.#reached.add(slot);
        this.#checkOperands(insn, slot, state);
      }
      if (this.#broken[slot] === 1) return;
      if (isJump(insn.code)) {
        this.#jump(insn, slot, state, flow);
        return;
      }
      if (insn.code === (BPF_JMP | BPF_EXIT)) {
        if (isFinal && state.reg(0).kind === "stack" && index !== 0)
          throw this.#refusal(slot, "cannot return stack pointer to the caller");
        if (isFinal && index === 0) this.#check(heldAtExit(state.locks), slot);
        exit(state);
        return;
      }
      if (insn.code === (BPF_JMP | BPF_CALL)) {
        if (!this.#call(index, insn, slot, state, isFinal)) return;
      } else this.#step(insn, slot, state, isFinal);
      if (endsBlock(insn.code)) return;
      slot = next;
    }
  }

  #jump(insn: Insn, slot: number, state: State, flow: (to: number, state: State) => void): void {
    const target = jumpTarget(insn, slot);
    if (operationOf(insn.code) === BPF_JA) {
      flow(target, state);
      return;
    }
    const dst = state.reg(insn.dst);
    const taken = decide(insn, dst, state.reg(insn.src));
    for (const isTaken of [true, false]) {
      if (taken === !isTaken) continue;
      const side = state.copy();
      if (taken === undefined) side.setReg(insn.dst, refine(insn, dst, isTaken));
      flow(isTaken ? target : slot + 1, side);
    }
  }

  #checkOperands(insn: Insn, slot: number, state: State): void {
    const field = fieldFault(insn);
    if (field !== undefined) throw this.#refusal(slot, field);
    const { reads, write } = operandsOf(insn);
    for (const n of [...reads, ...(write === undefined ? [] : [write])])
      if (n >= MAX_BPF_REG) throw this.#refusal(slot, `R${n} is invalid`);
    // A register that another path has written may be one that no real path reads here; a result has no such excuse.
    const isExit = insn.code === (BPF_JMP | BPF_EXIT);
    for (const n of reads)
      if (state.reg(n).kind === "uninit" || (isExit && !state.isWritten(n)))
        throw this.#refusal(slot, `R${n} !read_ok`, "EACCES");
    const immediate = immediateFault(insn);
    if (immediate !== undefined) throw this.#refusal(slot, immediate);
    if (write === BPF_REG_FP) throw this.#refusal(slot, "frame pointer is read only", "EACCES");
  }

  #step(insn: Insn, slot: number, state: State, isFinal: boolean): void {
    if (isAluClass(insn.code)) {
      const result = arithmetic(insn, state.reg(insn.dst), state.reg(insn.src), this.#program.endian);
      if ("fault" in result && isFinal) throw this.#refusal(slot, result.fault, "EACCES");
      state.setReg(insn.dst, "value" in result ? result.value : UNKNOWN);
      return;
    }
    if (classOf(insn.code) === BPF_LD) {
      if (modeOf(insn.code) === BPF_IMM) state.setReg(insn.dst, this.#wide(insn, slot));
      else {
        if (isFinal)
          this.#check(this.#rules.packetLoad(state) ?? heldAt("BPF_LD_[ABS|IND]", state.locks), slot);
        state.forgetArguments();
        state.setReg(0, WORD);
      }
      return;
    }
    const access = memoryAccess(insn);
    if (access === undefined) return;
    const base = state.reg(access.base);
    if (isFinal) this.#check(this.#rules.access(slot, access, base, state), slot);
    const stored = classOf(insn.code) === BPF_STX ? state.reg(insn.src) : scalar(insn.imm);
    if (isFinal && access.bytes < 8) this.#check(partOfPointer(access, base, stored, state), slot);
    switch (access.kind) {
      case "load":
        state.setReg(insn.dst, loaded(insn, base, state));
        return;
      case "store":
        store(state, base, access.off, access.bytes, stored);
        return;
      case "atomic":
        store(state, base, access.off, access.bytes, UNKNOWN);
        if (insn.imm === BPF_CMPXCHG) state.setReg(0, access.bytes === 4 ? WORD : UNKNOWN);
        else if ((insn.imm & BPF_FETCH) !== 0) state.setReg(insn.src, access.bytes === 4 ? WORD : UNKNOWN);
    }
  }

  #wide(insn: Insn, slot: number): Value {
    if (insn.src === BPF_PSEUDO_FUNC)
      return { kind: "function", start: calleeSlot(this.#program, slot) ?? 0 };
    if (insn.src !== 0) return UNKNOWN;
    return number64(insn.imm, this.#program.insns[slot + 1]?.imm ?? 0);
  }

  /** Whether the call returns. */
  #call(index: number, insn: Insn, slot: number, state: State, isFinal: boolean): boolean {
    const target = calleeSlot(this.#program, slot);
    let r0: Value = UNKNOWN;
    if (insn.src === BPF_PSEUDO_CALL && target !== undefined) {
      const outcome = this.#enter(target, state.callerSaved(), state, isFinal);
      if (outcome === undefined) return false;
      r0 = outcome.r0;
    } else if (isKfuncCall(insn)) r0 = this.#kernelFunction(insn, slot, state, isFinal);
    else {
      if (isFinal) this.#checkHelper(index, insn, slot, state);
      if (isFinal) for (let n = 1; n <= 5; n++) this.#rules.escape(state.reg(n), state);
      const args = callbackOf(insn.imm, state);
      if (args !== undefined) this.#callBack(args.start, args.regs, state, isFinal);
      helperWrites(insn.imm, state);
    }
    state.forgetArguments();
    state.setReg(0, r0);
    return true;
  }

  /** A call of a function of the kernel by its number: what it returns. */
  #kernelFunction(insn: Insn, slot: number, state: State, isFinal: boolean): Value {
    if (isFinal) {
      this.#check(kfuncFault(insn, state, this.#program.type, this.#options), slot);
      for (let n = 1; n <= 5; n++) this.#rules.escape(state.reg(n), state);
    }
    helperWrites(undefined, state);
    const prototype = this.#options.kernelFunction?.(insn)?.prototype;
    if (prototype === undefined) return UNKNOWN;
    const { locks, fault } = afterCall(prototype.name, state.locks);
    if (isFinal) this.#check(fault, slot);
    state.locks = locks;
    return kfuncResult(prototype);
  }

  /** Looks at a function that is called any number of times, none included. */
  #callBack(start: number, regs: readonly Value[], state: State, isFinal: boolean): void {
    for (;;) {
      const after = state.copy();
      this.#enter(start, regs, after, isFinal);
      const met = state.meet(after);
      if (met === undefined) return;
      met.frames.forEach((frame, i) => (state.frames[i] = frame));
      state.locks = met.locks;
    }
  }

  /** Looks at a function that is called with these registers, and takes over what it does to the frames. */
  #enter(start: number, regs: readonly Value[], state: State, isFinal: boolean): Outcome {
    const callee = this.#indexByStart.get(start);
    if (callee === undefined) return { r0: UNKNOWN, frames: state.frames, locks: state.locks };
    const outcome = this.#function(callee, regs, { callers: state.frames, locks: state.locks }, isFinal);
    outcome?.frames.forEach((frame, i) => (state.frames[i] = frame));
    if (outcome !== undefined) state.locks = outcome.locks;
    return outcome;
  }

  #checkHelper(index: number, insn: Insn, slot: number, state: State): void {
    const id = insn.imm;
    if (this.#options.helper?.(id) === false) {
      const name = this.#options.helperName?.(id);
      throw this.#refusal(
        slot,
        name === undefined
          ? `invalid func unknown#${id}`
          : `program of this type cannot use helper ${name}#${id}`,
      );
    }
    if (id !== TAIL_CALL) return;
    this.#check(heldAt("tail_call", state.locks), slot);
    // powerpc's JIT keeps no count of tail calls across functions [Linux bpf_jit_supports_subprog_tailcalls].
    if (this.#functions.length > 1)
      throw this.#refusal(slot, "mixing of tail_calls and bpf-to-bpf calls is not supported");
    this.#tailCalls.add(index);
  }

  #check(fault: { readonly message: string; readonly errno: string } | undefined, slot: number): void {
    if (fault !== undefined) throw this.#refusal(slot, fault.message, fault.errno);
  }

  #refusal(insn: number, message: string, errno = "EINVAL"): VerifierError {
    return new VerifierError({ errno, message, insn, processedInsns: this.#processed });
  }
}
