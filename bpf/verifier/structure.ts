// The program as a whole before any value is looked at: functions, jumps, reachability, call chains.
import { isLdImm64, isPseudoCall, jumpTarget, slotsOf } from "../insn.ts";
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_PSEUDO_FUNC,
  isJumpClass,
  operationOf,
  MAX_BPF_STACK,
} from "../opcodes.ts";
import type { LinkedProgram } from "../elf/types.ts";
import { opcodeFault } from "./fields.ts";
import { VerifierError } from "./error.ts";

/** Functions in one chain of calls [Linux MAX_CALL_FRAMES]. */
export const MAX_CALL_FRAMES = 8;
const MAX_FUNCTIONS = 256;

/** A function, `start` and `end` (behind it) in slots, and the indexes of those that it calls or hands on. */
export interface Subprogram {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly callees: readonly number[];
}

const refuse = (message: string, insn?: number, errno = "EINVAL"): VerifierError =>
  new VerifierError({ errno, message, insn });

/** Slot that a call or a function's address leads to; undefined for other instructions. */
export function calleeSlot(program: LinkedProgram, slot: number): number | undefined {
  const insn = program.insns[slot];
  if (insn === undefined) return undefined;
  return isPseudoCall(insn) || (isLdImm64(insn) && insn.src === BPF_PSEUDO_FUNC)
    ? slot + 1 + insn.imm
    : undefined;
}

/** Whether the instruction is a jump inside a function, not a call or exit. */
export function isJump(code: number): boolean {
  if (!isJumpClass(code)) return false;
  return operationOf(code) !== BPF_CALL && operationOf(code) !== BPF_EXIT;
}

/** Whether nothing behind the instruction is reached by falling through it. */
export function endsBlock(code: number): boolean {
  return code === (BPF_JMP | BPF_JA) || code === (BPF_JMP32 | BPF_JA) || code === (BPF_JMP | BPF_EXIT);
}

/**
 * Functions in order, with everything checked that needs no values. Faults come in the kernel's order: calls, jumps,
 * opcodes, reachability.
 * @throws VerifierError
 */
export function checkStructure(program: LinkedProgram): readonly Subprogram[] {
  if (program.insns.length === 0) throw refuse("0 instructions", undefined, "E2BIG");
  const functions = findFunctions(program);
  for (const f of functions) checkJumps(program, f);
  checkOpcodes(program);
  checkReachability(program);
  return functions;
}

function findFunctions(program: LinkedProgram): readonly Subprogram[] {
  const { insns } = program;
  const starts = new Set([0, ...program.functions.map((f) => f.start)]);
  for (let slot = 0; slot < insns.length; slot++) {
    const target = calleeSlot(program, slot);
    if (target === undefined) continue;
    if (target < 0 || target >= insns.length) throw refuse("call to invalid destination", slot);
    starts.add(target);
  }
  if (starts.size > MAX_FUNCTIONS) throw refuse("too many subprograms", undefined, "E2BIG");
  const sorted = [...starts].filter((s) => s < insns.length).sort((a, b) => a - b);
  const indexes = new Map(sorted.map((start, index) => [start, index]));
  return sorted.map((start, index) => {
    const end = sorted[index + 1] ?? insns.length;
    const callees = new Set<number>();
    for (let slot = start; slot < end; slot++) {
      const callee = indexes.get(calleeSlot(program, slot) ?? -1);
      if (callee !== undefined) callees.add(callee);
    }
    const name =
      program.functions.find((f) => f.start === start)?.name ??
      (index === 0 ? program.name : `func_${start}`);
    return { name, start, end, callees: [...callees] };
  });
}

function checkJumps({ insns }: LinkedProgram, { start, end }: Subprogram): void {
  for (let slot = start; slot < end; slot++) {
    const insn = insns[slot];
    if (insn === undefined || !isJump(insn.code)) continue;
    const target = jumpTarget(insn, slot);
    if (target < start || target >= end)
      throw refuse(`jump out of range from insn ${slot} to ${target}`, slot);
  }
  const last = insns[end - 1]?.code ?? 0;
  if (!endsBlock(last)) throw refuse("last insn is not an exit or jmp", end - 1);
}

function checkOpcodes({ insns, maps }: LinkedProgram): void {
  for (let slot = 0; slot < insns.length;) {
    const insn = insns[slot];
    if (insn === undefined) return;
    const fault = opcodeFault(insn, insns[slot + 1], maps.length);
    if (fault !== undefined) throw refuse(fault, slot);
    slot += slotsOf(insn);
  }
}

function checkReachability(program: LinkedProgram): void {
  const { insns } = program;
  const reached = new Uint8Array(insns.length);
  const pending = [0];
  const visit = (slot: number, from: number): void => {
    if (slot >= insns.length) throw refuse(`jump out of range from insn ${from} to ${slot}`, from);
    if (reached[slot] === 0) pending.push(slot);
  };
  for (let slot = pending.pop(); slot !== undefined; slot = pending.pop()) {
    const insn = insns[slot];
    if (insn === undefined || reached[slot] === 1) continue;
    reached[slot] = 1;
    if (isJump(insn.code)) visit(jumpTarget(insn, slot), slot);
    const callee = calleeSlot(program, slot);
    if (callee !== undefined) visit(callee, slot);
    if (!endsBlock(insn.code)) visit(slot + slotsOf(insn), slot);
  }
  for (let slot = 0; slot < insns.length; slot++) {
    if (reached[slot] !== 1) throw refuse(`unreachable insn ${slot}`, slot);
    const insn = insns[slot];
    if (insn === undefined || !isLdImm64(insn)) continue;
    if (reached[slot + 1] === 1) throw refuse(`jump into the middle of ldimm64 insn ${slot}`, slot);
    slot++;
  }
}

/**
 * Frames of the longest chain of calls from the main function.
 * @throws VerifierError where there are more than 8, which every recursion has.
 */
export function checkFrames(functions: readonly Subprogram[]): void {
  const frames = new Map<number, number>();
  const count = (index: number, above: number): number => {
    if (above >= MAX_CALL_FRAMES)
      throw refuse(`the call stack of ${above + 1} frames is too deep`, undefined, "E2BIG");
    const known = frames.get(index);
    if (known !== undefined && above + known <= MAX_CALL_FRAMES) return known;
    let longest = 1;
    for (const callee of functions[index]?.callees ?? [])
      longest = Math.max(longest, 1 + count(callee, above + 1));
    frames.set(index, longest);
    return longest;
  };
  count(0, 0);
}

/**
 * Stack of the deepest chain of calls, each frame rounded up as for JITed programs.
 * @param depths bytes of each function's own stack.
 * @throws VerifierError where a chain needs more than 512 bytes. Call only after `checkFrames`.
 */
export function checkStack(functions: readonly Subprogram[], depths: readonly number[]): void {
  interface Chain {
    readonly bytes: number;
    readonly frames: number;
  }
  const chains = new Map<number, Chain>();
  const deepest = (index: number): Chain => {
    const known = chains.get(index);
    if (known !== undefined) return known;
    let below: Chain = { bytes: 0, frames: 0 };
    for (const callee of functions[index]?.callees ?? []) {
      const chain = deepest(callee);
      if (chain.bytes > below.bytes) below = chain;
    }
    const own = Math.ceil((depths[index] ?? 0) / 16) * 16;
    const chain = { bytes: own + below.bytes, frames: below.frames + 1 };
    chains.set(index, chain);
    return chain;
  };
  const { bytes, frames } = deepest(0);
  if (bytes > MAX_BPF_STACK)
    throw refuse(`combined stack size of ${frames} calls is ${bytes}. Too large`, undefined, "EACCES");
}
