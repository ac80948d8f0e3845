// What a conditional jump says of its operands, and which way it goes where they are known.
import type { Insn } from "../insn.ts";
import {
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_X,
  classOf,
  operationOf,
  sourceOf,
} from "../opcodes.ts";
import { bounded, POSITIVE, scalar, type Value } from "./values.ts";

/** Whether the jump is taken, where both operands are known numbers; else undefined. */
export function decide(insn: Insn, dst: Value, src: Value): boolean | undefined {
  const right = sourceOf(insn.code) === BPF_X ? src : scalar(insn.imm);
  if (dst.kind !== "scalar" || right.kind !== "scalar") return undefined;
  const isWide = classOf(insn.code) === BPF_JMP;
  if (right.value === undefined) return undefined;
  if (dst.value === undefined) return decideByBound(insn, dst.max, right.value, isWide);
  const bits = isWide ? 64 : 32;
  const [sa, sb] = [BigInt.asIntN(bits, BigInt(dst.value)), BigInt.asIntN(bits, BigInt(right.value))];
  const [ua, ub] = [BigInt.asUintN(bits, sa), BigInt.asUintN(bits, sb)];
  switch (operationOf(insn.code)) {
    case BPF_JEQ:
      return ua === ub;
    case BPF_JNE:
      return ua !== ub;
    case BPF_JSET:
      return (ua & ub) !== 0n;
    case BPF_JGT:
      return ua > ub;
    case BPF_JGE:
      return ua >= ub;
    case BPF_JLT:
      return ua < ub;
    case BPF_JLE:
      return ua <= ub;
    case BPF_JSGT:
      return sa > sb;
    case BPF_JSGE:
      return sa >= sb;
    case BPF_JSLT:
      return sa < sb;
    case BPF_JSLE:
      return sa <= sb;
    default:
      return undefined;
  }
}

/** As `decide` for a number of which only the bound is known. */
function decideByBound(insn: Insn, max: number, right: number, isWide: boolean): boolean | undefined {
  // -1 is the largest of all unsigned numbers.
  if ((isWide ? right : right | 0) === -1 && operationOf(insn.code) === BPF_JLE) return true;
  if ((isWide ? right : right | 0) === -1 && operationOf(insn.code) === BPF_JGT) return false;
  if (right === 0 && operationOf(insn.code) === BPF_JGE) return true;
  if (right === 0 && operationOf(insn.code) === BPF_JLT) return false;
  if (max >= (isWide ? POSITIVE : 2 ** 31)) return undefined;
  // Neither operand's sign bit is set, so signed and unsigned comparisons are one; a negative right side is the largest
  // of all numbers for the one and less than any for the other.
  const operation = operationOf(insn.code);
  const isSigned = [BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE].includes(operation);
  const low = isWide ? right : right | 0;
  const b = low < 0 ? (isSigned ? -1 : Infinity) : low;
  switch (operation) {
    case BPF_JEQ:
      return b > max ? false : undefined;
    case BPF_JNE:
      return b > max ? true : undefined;
    case BPF_JGT:
    case BPF_JSGT:
      return b >= max ? false : b < 0 ? true : undefined;
    case BPF_JGE:
    case BPF_JSGE:
      return b > max ? false : b <= 0 ? true : undefined;
    case BPF_JLT:
    case BPF_JSLT:
      return b > max ? true : b <= 0 ? false : undefined;
    case BPF_JLE:
    case BPF_JSLE:
      return b >= max ? true : b < 0 ? false : undefined;
    default:
      return undefined;
  }
}

/** The left operand where the jump, against an immediate, was taken or was not. */
export function refine(insn: Insn, dst: Value, isTaken: boolean): Value {
  if (sourceOf(insn.code) === BPF_X || classOf(insn.code) !== BPF_JMP) return dst;
  if (dst.kind !== "scalar" && dst.kind !== "unknown") return dst;
  const { imm } = insn;
  const operation = operationOf(insn.code);
  if (operation === (isTaken ? BPF_JEQ : BPF_JNE)) return scalar(imm);
  // At most imm, or less than it, as unsigned numbers.
  if (imm >= 0 && operation === (isTaken ? BPF_JLE : BPF_JGT)) return bounded(dst, imm);
  if (imm > 0 && operation === (isTaken ? BPF_JLT : BPF_JGE)) return bounded(dst, imm - 1);
  // At least imm, or more than it, as signed numbers.
  const least = isTaken ? BPF_JSGE : BPF_JSLT;
  const more = isTaken ? BPF_JSGT : BPF_JSLE;
  const isPositive = (operation === least && imm >= 0) || (operation === more && imm >= -1);
  if (isPositive) return bounded(dst, POSITIVE);
  // Less than imm as a signed number, of what is no negative one.
  if (dst.max === Infinity || imm < 0) return dst;
  if (operation === (isTaken ? BPF_JSLE : BPF_JSGT)) return bounded(dst, imm);
  return imm > 0 && operation === (isTaken ? BPF_JSLT : BPF_JSGE) ? bounded(dst, imm - 1) : dst;
}
