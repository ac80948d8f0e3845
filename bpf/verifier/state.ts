// Registers and stacks at one place of a program: copies, meets of paths.
import { MAX_BPF_REG } from "../opcodes.ts";
import { meetLocks, NO_LOCKS, sameLocks, type Locks } from "./locks.ts";
import { join, keyOf, same, UNINIT, type Value } from "./values.ts";

/** 8-byte slots of one frame's stack that were written, by offset from r10. */
export type Stack = ReadonlyMap<number, Value>;

/** A frame that is in progress: whose stack it is, and what is in it. */
export interface Frame {
  /** Index of the function. */
  readonly owner: number;
  readonly stack: Stack;
}

/** Mutable; `copy` before it is kept. */
export class State {
  readonly #regs: Value[];
  /** Bit n: on some path that leads here register n was never written. */
  #unwritten: number;
  /** Stacks of the frames that can be reached from here, the function's own last. */
  readonly frames: Frame[];
  /** What the program holds here. */
  locks: Locks;

  constructor(regs: readonly Value[], frames: readonly Frame[], unwritten = 0, locks = NO_LOCKS) {
    this.#regs = [...regs];
    this.frames = [...frames];
    this.locks = locks;
    this.#unwritten = regs.reduce((bits, v, n) => (v.kind === "uninit" ? bits | (1 << n) : bits), unwritten);
  }

  copy(): State {
    return new State(this.#regs, this.frames, this.#unwritten, this.locks);
  }

  reg(n: number): Value {
    return this.#regs[n] ?? UNINIT;
  }

  /** Registers 0 to 5, which do not survive calls. */
  callerSaved(): readonly Value[] {
    return this.#regs.slice(0, 6);
  }

  /** Registers that do not exist stay unwritten. */
  setReg(n: number, value: Value): void {
    if (n >= MAX_BPF_REG) return;
    this.#regs[n] = value;
    this.#unwritten = value.kind === "uninit" ? this.#unwritten | (1 << n) : this.#unwritten & ~(1 << n);
  }

  /** Registers 1 to 5 hold nothing after a call. */
  forgetArguments(): void {
    for (let n = 1; n <= 5; n++) this.setReg(n, UNINIT);
  }

  /** Whether the register is written on every path. */
  isWritten(n: number): boolean {
    return ((this.#unwritten >> n) & 1) === 0;
  }

  slot(frame: number, off: number): Value {
    return this.frames[frame]?.stack.get(off) ?? UNINIT;
  }

  setSlot(frame: number, off: number, value: Value): void {
    const old = this.frames[frame];
    if (old === undefined || same(old.stack.get(off) ?? UNINIT, value)) return;
    this.frames[frame] = { owner: old.owner, stack: new Map(old.stack).set(off, value) };
  }

  /** This state met by another of the same function; undefined where the other adds nothing. */
  meet(other: State): State | undefined {
    let changes = 0;
    const meetOne = (a: Value, b: Value): Value => {
      const both = join(a, b);
      if (!same(both, a)) changes++;
      return both;
    };
    const regs = Array.from({ length: MAX_BPF_REG }, (_, n) => meetOne(this.reg(n), other.reg(n)));
    const frames = this.frames.map((frame, i): Frame => {
      const theirs = other.frames[i]?.stack;
      if (theirs === undefined || theirs === frame.stack) return frame;
      const stack = new Map(frame.stack);
      for (const off of new Set([...frame.stack.keys(), ...theirs.keys()]))
        stack.set(off, meetOne(frame.stack.get(off) ?? UNINIT, theirs.get(off) ?? UNINIT));
      return { owner: frame.owner, stack };
    });
    const unwritten = this.#unwritten | other.#unwritten;
    if (unwritten !== this.#unwritten) changes++;
    const locks = meetLocks(this.locks, other.locks);
    if (!sameLocks(locks, this.locks)) changes++;
    return changes > 0 ? new State(regs, frames, unwritten, locks) : undefined;
  }

  /** Text that is the same exactly for states that are the same. */
  key(): string {
    const frames = this.frames.map(({ owner, stack }) => {
      const slots = [...stack].sort(([a], [b]) => a - b).map(([off, v]) => `${off}${keyOf(v)}`);
      return `${owner}[${slots.join()}]`;
    });
    const held = sameLocks(this.locks, NO_LOCKS) ? "" : `;${this.locks.rcu},${this.locks.preempt}`;
    return `${this.#regs.map(keyOf).join()};${frames.join()}${held}`;
  }
}
