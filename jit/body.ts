// The code of a whole function in one pass: each instruction to the file of its family.
// How often passes run, and where the code goes, is compile.ts's.
import { type Insn, isLdImm64 } from "../bpf/insn.ts";
import {
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_END,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_K,
  BPF_LDX,
  BPF_LSH,
  BPF_MEM,
  BPF_MOV,
  BPF_NOSPEC,
  BPF_RSH,
  BPF_ST,
  BPF_STX,
  BPF_W,
  bytesOf,
  classOf,
  modeOf,
  operationOf,
  sourceOf,
} from "../bpf/opcodes.ts";
import { EncodeError } from "../cpu/isa/encode.ts";
import { JitBug, JitError, unsupported } from "./error.ts";
import { instructions } from "./flow.ts";
import { BPF_TAIL_CALL } from "./frame.ts";
import { alu, isZext } from "./opcode/alu.ts";
import { atomic } from "./opcode/atomic.ts";
import { call } from "./opcode/call.ts";
import { conditionalJump, exit, jump } from "./opcode/jump.ts";
import { load, loadImm64, storeConstant, storeRegister } from "./opcode/load-store.ts";
import { nospec } from "./opcode/nospec.ts";
import { swap } from "./opcode/swap.ts";
import { tailCall } from "./opcode/tail-call.ts";
import type { Pass } from "./pass.ts";
import { WORD_BYTES } from "./ppc.ts";
import { epilogue, prologue } from "./prologue.ts";

/** The code of one instruction at slot `at`. Throws JitError. */
function instruction(pass: Pass, insn: Insn, at: number): void {
  const mode = modeOf(insn.code);
  switch (classOf(insn.code)) {
    case BPF_ALU:
    case BPF_ALU64:
      if (operationOf(insn.code) === BPF_END) swap(pass, insn);
      else alu(pass, insn, at);
      return;
    case BPF_LDX:
      load(pass, insn);
      return;
    case BPF_ST:
      if (mode === BPF_MEM) {
        storeConstant(pass, insn);
        return;
      }
      if (insn.code === (BPF_ST | BPF_NOSPEC)) {
        nospec(pass);
        return;
      }
      break;
    case BPF_STX:
      if (mode === BPF_MEM) {
        storeRegister(pass, insn);
        return;
      }
      if (mode === BPF_ATOMIC) {
        atomic(pass, insn);
        return;
      }
      break;
    case BPF_JMP:
    case BPF_JMP32:
      jumpOrCall(pass, insn, at);
      return;
    default:
      if (!isLdImm64(insn)) break;
      loadImm64(pass, insn, pass.compilation.fn.insns[at + 1]);
      return;
  }
  throw unsupported(insn);
}

function jumpOrCall(pass: Pass, insn: Insn, at: number): void {
  if (operationOf(insn.code) === BPF_JA) jump(pass, insn, at);
  else if (insn.code === (BPF_JMP | BPF_CALL)) {
    const start = pass.words.length;
    call(pass, insn, at);
    pass.calls.push({
      slot: at,
      callee: pass.callee,
      offset: start * WORD_BYTES,
      words: pass.words.slice(start),
    });
  } else if (insn.code === (BPF_JMP | BPF_EXIT)) exit(pass, at);
  else if (insn.code === (BPF_JMP | BPF_TAIL_CALL)) tailCall(pass, at);
  else conditionalJump(pass, insn, at);
}

/** Whether the code of an instruction leaves the upper half of its register clear, without the truncation of 32-bit operations. */
function clearsUpperHalf(insn: Insn): boolean {
  switch (classOf(insn.code)) {
    case BPF_ALU:
      switch (operationOf(insn.code)) {
        case BPF_LSH:
        case BPF_RSH:
          return true;
        case BPF_MOV:
          return sourceOf(insn.code) === BPF_K && insn.imm >= 0;
        case BPF_END:
          return insn.imm === 16;
        default:
          return false;
      }
    case BPF_LDX:
      return modeOf(insn.code) === BPF_MEM && bytesOf(insn.code) < 8;
    case BPF_STX:
      return insn.code === (BPF_STX | BPF_ATOMIC | BPF_W) && insn.imm === BPF_CMPXCHG;
    default:
      return false;
  }
}

/** Where the result of an instruction is: R0 after a compare and exchange. */
const resultOf = (insn: Insn): number => (classOf(insn.code) === BPF_STX ? 0 : insn.dst);

/** Whether the zero extension at `at` has nothing to do after `before`. */
function isIdle(pass: Pass, before: Insn, at: number): boolean {
  const { fn, jumpTargets } = pass.compilation;
  const zext = fn.insns[at];
  if (zext === undefined || !isZext(zext) || jumpTargets.has(at)) return false;
  return clearsUpperHalf(before) && resultOf(before) === zext.dst;
}

/** Prologue, every instruction, epilogue, stubs; `pass.offsets` is complete afterwards. Throws JitError or JitBug with the instruction's slot. */
export function generate(pass: Pass): void {
  const { fn, frame, target } = pass.compilation;
  pass.emit(prologue(frame, target));
  let before: Insn | undefined;
  for (const [at, insn] of instructions(fn.insns)) {
    pass.offsets[at] = pass.here;
    if (before === undefined || !isIdle(pass, before, at)) inContext(pass, insn, at);
    if (isLdImm64(insn)) pass.offsets[at + 1] = pass.here;
    before = insn;
  }
  pass.offsets[fn.insns.length] = pass.here;
  pass.emit(epilogue(frame));
  pass.stubsOffset = pass.here;
  pass.emit(pass.stubs.words);
}

function inContext(pass: Pass, insn: Insn, at: number): void {
  try {
    instruction(pass, insn, at);
  } catch (error) {
    const where = `${pass.compilation.fn.name}: instruction ${at}`;
    if (error instanceof EncodeError) throw new JitBug(`${where}: ${error.message}`, { cause: error });
    if (!(error instanceof JitError)) throw error;
    throw new JitError(error.errno, `${where}: ${error.message}`);
  }
}
