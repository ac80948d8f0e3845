// The BPF interpreter: runs the functions of a loaded program over guest memory, without any CPU.
// Trusts nothing but the decoded form: what it cannot decode is refused when it is made, not while it runs.
import type { U64 } from "../word/long.ts";
import { isLdImm64, jumpTarget, type Insn } from "./insn.ts";
import * as alu from "./interpreter-alu.ts";
import { Register } from "./interpreter-alu.ts";
import { atomicStep, loadStep, storeStep, type Access } from "./interpreter-memory.ts";
import { BpfLoadError } from "./load-error.ts";
import { MemoryFault, type KernelMemory } from "./memory.ts";
import * as op from "./opcodes.ts";

/** How a run ended; `instructions` counts executed BPF instructions, BPF_LD_IMM64 as one. */
export type Outcome =
  | { readonly kind: "return"; readonly value: U64; readonly instructions: number }
  | {
      readonly kind: "fault";
      readonly fault: MemoryFault;
      /** Name of the function and slot in it of the instruction whose access, or whose helper's, failed. */
      readonly function: string;
      readonly insn: number;
      readonly instructions: number;
    }
  | { readonly kind: "max-insns"; readonly instructions: number };

/** A helper or the like, as `call` sees it: r1..r5 in, r0 out. */
export type HelperCall = (r1: U64, r2: U64, r3: U64, r4: U64, r5: U64) => U64 | MemoryFault;

/** What a function must have to be interpreted; BpfFunction has it. */
export interface InterpretedFunction {
  readonly name: string;
  readonly insns: readonly Insn[];
}

export interface InterpreterOptions {
  readonly memory: KernelMemory;
  /** Main first; CALL with src 1 names its callee by `off`, the index in this list. */
  readonly functions: readonly InterpretedFunction[];
  /** The helper that a CALL with src 0 and this `imm` reaches. */
  readonly helper: (imm: number) => HelperCall | undefined;
}

/** Executes one instruction, returns the slot of the next one or STOP. */
type Step = () => number;

interface Frame {
  readonly returnTo: number;
  /** r6..r9. */
  readonly saved: readonly U64[];
}

const STOP = -1;
/** @linux include/linux/bpf_verifier.h MAX_CALL_FRAMES */
const MAX_CALL_FRAMES = 8;
/** r0..r10, and the register that only the core's own rewriting uses (BPF_REG_AX). */
const REGISTERS = 12;

/** One program ready to run; not reentrant. */
export class Interpreter {
  readonly #memory: KernelMemory;
  readonly #functions: readonly InterpretedFunction[];
  readonly #helper: InterpreterOptions["helper"];
  readonly #r: readonly Register[] = Array.from({ length: REGISTERS }, () => new Register());
  readonly #starts: readonly number[];
  readonly #steps: readonly Step[];
  /** Lowest address of MAX_CALL_FRAMES stacks of 512 bytes. */
  readonly #stack: U64;
  #frames: Frame[] = [];
  #fault: { readonly fault: MemoryFault; readonly slot: number } | undefined;

  /** @throws BpfLoadError for what cannot be decoded: opcode, register, jump or call target, helper. */
  constructor({ memory, functions, helper }: InterpreterOptions) {
    this.#memory = memory;
    this.#functions = functions;
    this.#helper = helper;
    let start = 0;
    this.#starts = functions.map(({ insns }) => (start += insns.length) - insns.length);
    this.#stack = memory.allocate(MAX_CALL_FRAMES * op.MAX_BPF_STACK, 16);
    this.#steps = functions.flatMap((f, index) => this.#decodeFunction(f, this.#starts[index] ?? 0));
  }

  /** Gives the stack back; the interpreter must not run afterwards. */
  free(): void {
    this.#memory.free(this.#stack);
  }

  /** Runs main with `args` in r1.. (the rest is 0) for at most `maxInsns` instructions. */
  run(args: readonly U64[], maxInsns = Number.MAX_SAFE_INTEGER): Outcome {
    for (const r of this.#r) r.low = r.high = 0;
    args.forEach((value, i) => (this.#register(1 + i).value = value));
    this.#frames = [];
    this.#fault = undefined;
    this.#enterFrame();
    const steps = this.#steps;
    let instructions = 0;
    // hot: bpf/interpreter.bench.ts
    for (let next = 0; next !== STOP; instructions++) {
      const step = steps[next];
      if (step === undefined) throw new Error(`no BPF instruction at ${next}`);
      if (instructions === maxInsns) return { kind: "max-insns", instructions };
      next = step();
    }
    return this.#outcome(instructions);
  }

  #outcome(instructions: number): Outcome {
    if (this.#fault === undefined) return { kind: "return", value: this.#register(0).value, instructions };
    return { kind: "fault", fault: this.#fault.fault, ...this.#place(this.#fault.slot), instructions };
  }

  #register(n: number): Register {
    const register = this.#r[n];
    if (register === undefined) throw new BpfLoadError(`R${n} is invalid`);
    return register;
  }

  #place(slot: number): { function: string; insn: number } {
    const index = this.#starts.findLastIndex((start) => start <= slot);
    return { function: this.#functions[index]?.name ?? "", insn: slot - (this.#starts[index] ?? 0) };
  }

  /** r10 of the innermost frame. */
  #enterFrame(): void {
    const depth = this.#frames.length + 1;
    this.#register(op.BPF_REG_FP).value = this.#stack.add((MAX_CALL_FRAMES - depth + 1) * op.MAX_BPF_STACK);
  }

  #fail(fault: MemoryFault, slot: number): number {
    this.#fault = { fault, slot };
    return STOP;
  }

  #decodeFunction({ name, insns }: InterpretedFunction, start: number): Step[] {
    const bad = (at: number, what: string): never => {
      throw new BpfLoadError(`${name}: insn ${at}: ${what}`);
    };
    const second = new Set(insns.flatMap((insn, at) => (isLdImm64(insn) ? [at + 1] : [])));
    const inside = (at: number, target: number): number =>
      target < 0 || target >= insns.length || second.has(target)
        ? bad(at, `jump out of range to ${target}`)
        : start + target;
    return insns.map((insn, at) => {
      if (second.has(at)) return () => bad(at, "second slot of a 64-bit load");
      const next = (): number => inside(at, at + (isLdImm64(insn) ? 2 : 1));
      const step = this.#decode(insn, {
        slot: start + at,
        next,
        target: () => inside(at, jumpTarget(insn, at)),
        upper: insns[at + 1]?.imm ?? 0,
      });
      return (
        step ??
        bad(
          at,
          `invalid instruction: code 0x${insn.code.toString(16)} src ${insn.src} off ${insn.off} imm ${insn.imm}`,
        )
      );
    });
  }

  #decode(insn: Insn, place: Place): Step | undefined {
    switch (op.classOf(insn.code)) {
      case op.BPF_ALU:
      case op.BPF_ALU64:
        return sequential(this.#arithmetic(insn), place);
      case op.BPF_JMP:
      case op.BPF_JMP32:
        return this.#jump(insn, place);
      case op.BPF_LD: {
        if (!isLdImm64(insn) || insn.src !== 0) return undefined;
        const value = Register.of({ low: insn.imm, high: place.upper });
        const dst = this.#register(insn.dst);
        return sequential(() => alu64Move(dst, value), place);
      }
      default:
        return this.#access(insn, place);
    }
  }

  #access(insn: Insn, place: Place): Step | undefined {
    // Nothing is done ahead of time here.
    if (insn.code === (op.BPF_ST | op.BPF_NOSPEC)) return sequential(() => undefined, place);
    const { slot, next } = place;
    const immediate = Register.of({ low: insn.imm, high: insn.imm >> 31 });
    const isImmediate = op.classOf(insn.code) === op.BPF_ST;
    const operands = {
      memory: this.#memory,
      dst: this.#register(insn.dst),
      src: isImmediate ? immediate : this.#register(insn.src),
    };
    let access: Access | undefined;
    if (op.classOf(insn.code) === op.BPF_LDX) access = loadStep(insn, operands);
    else if (op.modeOf(insn.code) === op.BPF_MEM) access = storeStep(insn, operands);
    else if (op.modeOf(insn.code) === op.BPF_ATOMIC && !isImmediate)
      access = atomicStep(insn, operands, this.#register(0));
    if (access === undefined) return undefined;
    const following = next();
    const run = access;
    return () => {
      const fault = run();
      return fault === undefined ? following : this.#fail(fault, slot);
    };
  }

  #operand(insn: Insn): Register {
    return op.sourceOf(insn.code) === op.BPF_X
      ? this.#register(insn.src)
      : Register.of({ low: insn.imm, high: insn.imm >> 31 });
  }

  #arithmetic(insn: Insn): (() => void) | undefined {
    const dst = this.#register(insn.dst);
    const wide = op.classOf(insn.code) === op.BPF_ALU64;
    const operation = op.operationOf(insn.code);
    if (operation === op.BPF_END) return this.#byteSwap(insn, dst, wide);
    const src = this.#operand(insn);
    if (operation === op.BPF_MOV && insn.off !== 0 && op.sourceOf(insn.code) === op.BPF_X)
      return moveSigned(insn.off, wide, dst, src);
    if (insn.off !== 0 && insn.off !== 1) return undefined;
    if (wide) {
      const run = (insn.off === 0 ? alu.alu64 : alu.signedAlu64).get(operation);
      return run === undefined ? undefined : () => run(dst, src);
    }
    const run = (insn.off === 0 ? alu.alu32 : alu.signedAlu32).get(operation);
    if (run === undefined) return undefined;
    return () => {
      dst.low = run(dst.low, src.low);
      dst.high = 0;
    };
  }

  #byteSwap({ code, imm }: Insn, dst: Register, always: boolean): (() => void) | undefined {
    if (imm !== 16 && imm !== 32 && imm !== 64) return undefined;
    const own = this.#memory.endian === "le" ? op.BPF_TO_LE : op.BPF_TO_BE;
    if (always && op.sourceOf(code) !== op.BPF_TO_LE) return undefined;
    return always || op.sourceOf(code) !== own ? () => alu.swapBytes(dst, imm) : () => alu.truncate(dst, imm);
  }

  #jump(insn: Insn, place: Place): Step | undefined {
    const wide = op.classOf(insn.code) === op.BPF_JMP;
    switch (op.operationOf(insn.code)) {
      case op.BPF_JA: {
        if (op.sourceOf(insn.code) !== op.BPF_K) return undefined;
        const target = place.target();
        return () => target;
      }
      case op.BPF_CALL:
        return wide && op.sourceOf(insn.code) === op.BPF_K ? this.#call(insn, place) : undefined;
      case op.BPF_EXIT:
        return wide && op.sourceOf(insn.code) === op.BPF_K ? () => this.#exit() : undefined;
      default:
        return this.#conditional(insn, place, wide);
    }
  }

  #conditional(insn: Insn, place: Place, wide: boolean): Step | undefined {
    const operation = op.operationOf(insn.code);
    const condition64 = alu.conditions64.get(operation);
    const condition32 = alu.conditions32.get(operation);
    if (condition64 === undefined || condition32 === undefined) return undefined;
    const dst = this.#register(insn.dst);
    const src = this.#operand(insn);
    const target = place.target();
    const next = place.next();
    return wide
      ? () => (condition64(dst, src) ? target : next)
      : () => (condition32(dst.low, src.low) ? target : next);
  }

  #call(insn: Insn, place: Place): Step | undefined {
    const next = place.next();
    if (insn.src === op.BPF_PSEUDO_CALL) {
      const entry = this.#starts[insn.off];
      return entry === undefined ? undefined : () => this.#callFunction(entry, next, place.slot);
    }
    const helper = insn.src === op.BPF_HELPER_CALL ? this.#helper(insn.imm) : undefined;
    if (helper === undefined) return undefined;
    const [r0, r1, r2, r3, r4, r5] = [0, 1, 2, 3, 4, 5].map((n) => this.#register(n)) as [
      Register,
      Register,
      Register,
      Register,
      Register,
      Register,
    ];
    return () => {
      const result = helper(r1.value, r2.value, r3.value, r4.value, r5.value);
      if (result instanceof MemoryFault) return this.#fail(result, place.slot);
      r0.value = result;
      return next;
    };
  }

  #callFunction(entry: number, returnTo: number, slot: number): number {
    if (this.#frames.length === MAX_CALL_FRAMES - 1)
      return this.#fail(new MemoryFault(this.#stack.sub(8), "store", 8), slot);
    this.#frames.push({ returnTo, saved: [6, 7, 8, 9].map((n) => this.#register(n).value) });
    this.#enterFrame();
    return entry;
  }

  #exit(): number {
    const frame = this.#frames.pop();
    if (frame === undefined) return STOP;
    frame.saved.forEach((value, i) => (this.#register(6 + i).value = value));
    this.#enterFrame();
    return frame.returnTo;
  }
}

/** Where an instruction stands: its slot among all functions', and the slots it can go to. */
interface Place {
  readonly slot: number;
  readonly next: () => number;
  readonly target: () => number;
  /** `imm` of the slot after it. */
  readonly upper: number;
}

function sequential(run: (() => void) | undefined, place: Place): Step | undefined {
  if (run === undefined) return undefined;
  const next = place.next();
  return () => {
    run();
    return next;
  };
}

function alu64Move(dst: Register, src: Register): void {
  dst.low = src.low;
  dst.high = src.high;
}

/** BPF_MOV with an offset: the low `bits` of src with their sign. */
function moveSigned(bits: number, wide: boolean, dst: Register, src: Register): (() => void) | undefined {
  if (bits !== 8 && bits !== 16 && !(bits === 32 && wide)) return undefined;
  return () => {
    dst.low = alu.signExtend(src.low, bits);
    dst.high = wide ? dst.low >> 31 : 0;
  };
}
