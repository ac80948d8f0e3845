// What arithmetic makes of values: pointers that move, numbers that stay known.
import type { Endian, Insn } from "../insn.ts";
import {
  BPF_ADD,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_DIV,
  BPF_END,
  BPF_LSH,
  BPF_MOD,
  BPF_MOV,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RSH,
  BPF_SUB,
  BPF_TO_BE,
  BPF_X,
  BPF_XOR,
  classOf,
  operationOf,
  sourceOf,
} from "../opcodes.ts";
import { aluSymbols } from "../print/symbols.ts";
import {
  ANY,
  bounded,
  FRAME_BYTES,
  maxOf,
  NUMBER,
  numberUpTo,
  POSITIVE,
  scalar,
  stackPlace,
  UNKNOWN,
  WORD,
  type Value,
} from "./values.ts";

type Pointer = Value & { readonly kind: "ctx" | "stack" };
const isPointer = (v: Value): v is Pointer => v.kind === "ctx" || v.kind === "stack";

/** The result, or what the kernel's log says of an operation that pointers do not have. */
export type AluResult = { readonly value: Value } | { readonly fault: string };

/** Result of an arithmetic instruction on `dst` and, for BPF_X, `src`; both must be written. */
export function arithmetic(insn: Insn, dst: Value, src: Value, endian: Endian): AluResult {
  const isWide = classOf(insn.code) === BPF_ALU64;
  const operation = operationOf(insn.code);
  const right = sourceOf(insn.code) === BPF_X ? src : scalar(insn.imm);
  if (operation === BPF_MOV) return move(insn, isWide, right);
  if (operation === BPF_NEG) return { value: negative(dst, isWide) };
  if (operation === BPF_END) return { value: swapped(insn, dst, endian) };
  if (isPointer(dst) || isPointer(right)) return pointerArithmetic(insn, isWide, dst, right);
  // Where a pointer that may be of the stack goes is not followed.
  const blurred = [dst, right].find((v) => v.kind === "blurred");
  if (blurred?.kind === "blurred" && isWide && (operation === BPF_ADD || operation === BPF_SUB))
    return { value: { ...blurred, min: -FRAME_BYTES } };
  const known = fold(insn, dst, right);
  if (known !== undefined) return { value: known };
  // Of the sign of a signed quotient or remainder nothing is said.
  if (insn.off === 1) return { value: isWide ? NUMBER : WORD };
  if (isWide) return { value: numbers(operation, dst, right, 64) };
  const value = numbers(operation, low(dst), low(right), 32);
  return { value: maxOf(value) <= 0xffff_ffff && value.kind === "scalar" ? value : WORD };
}

function negative(v: Value, isWide: boolean): Value {
  if (v.kind !== "scalar" || v.value === undefined) return isWide ? NUMBER : WORD;
  return isWide ? scalar(-v.value) : scalar(-v.value >>> 0);
}

function swapped({ code, imm }: Insn, v: Value, endian: Endian): Value {
  if (v.kind !== "scalar" || v.value === undefined) return imm === 64 ? NUMBER : numberUpTo(2 ** imm - 1);
  const isKept = classOf(code) !== BPF_ALU64 && (sourceOf(code) === BPF_TO_BE) === (endian === "be");
  const digits = BigInt.asUintN(imm, BigInt(v.value))
    .toString(16)
    .padStart(imm / 4, "0");
  const bytes = digits.match(/../g) ?? [];
  const result = BigInt(`0x${(isKept ? bytes : bytes.reverse()).join("")}`);
  return scalar(Number(BigInt.asIntN(64, result)));
}

/** The lower 32 bits as a number. */
function low(v: Value): Value {
  if (v.kind !== "scalar" || v.value === undefined)
    return maxOf(v) <= 0xffff_ffff ? numberUpTo(maxOf(v)) : WORD;
  return v.value > 0xffff_ffff || v.value < -0x8000_0000 ? WORD : scalar(v.value >>> 0);
}

function move(insn: Insn, isWide: boolean, right: Value): AluResult {
  const isExtended = sourceOf(insn.code) === BPF_X && insn.off !== 0;
  if (isExtended) {
    // A number that is positive in its narrow form stays what it is.
    const isSmall = maxOf(right) < 2 ** (insn.off - 1);
    return { value: isSmall ? numberUpTo(maxOf(right)) : isWide ? NUMBER : WORD };
  }
  return { value: isWide ? right : low(right) };
}

function pointerArithmetic(insn: Insn, isWide: boolean, dst: Value, right: Value): AluResult {
  const operation = operationOf(insn.code);
  const symbol = aluSymbols.get(operation) ?? "";
  const at = isPointer(dst) ? insn.dst : insn.src;
  if (isPointer(dst) && isPointer(right))
    return operation === BPF_SUB
      ? { value: NUMBER }
      : { fault: `R${insn.dst} pointer ${symbol} pointer prohibited` };
  if (!isWide)
    return operation === BPF_SUB
      ? { value: WORD }
      : { fault: `R${insn.dst} 32-bit pointer arithmetic prohibited` };
  if (operation === BPF_AND || operation === BPF_OR || operation === BPF_XOR)
    return { fault: `R${insn.dst} bitwise operator ${symbol} on pointer prohibited` };
  if (operation !== BPF_ADD && operation !== BPF_SUB)
    return { fault: `R${insn.dst} pointer arithmetic with ${symbol} operator prohibited` };
  // A number minus a pointer is refused; the pointer may be either operand of an addition.
  if (operation === BPF_SUB && at === insn.src && !isPointer(dst))
    return { fault: `R${insn.dst} tried to subtract pointer from scalar` };
  if (operation === BPF_SUB && dst.kind === "stack")
    return { fault: `R${insn.dst} subtraction from stack pointer prohibited` };
  const [pointer, number] = isPointer(dst) ? [dst, right] : [right as Pointer, dst];
  return { value: moved(pointer, number, operation === BPF_SUB) };
}

function moved(pointer: Pointer, number: Value, isBack: boolean): Value {
  const known = number.kind === "scalar" ? number.value : undefined;
  const distance = known === undefined ? undefined : isBack ? -known : known;
  const off = distance === undefined || pointer.off === undefined ? undefined : pointer.off + distance;
  if (pointer.kind === "ctx") return { kind: "ctx", off };
  if (distance !== undefined) return stackPlace(pointer.frame, off, pointer.min + distance);
  const isForward = !isBack && maxOf(number) < ANY;
  return stackPlace(pointer.frame, undefined, isForward ? pointer.min : -FRAME_BYTES);
}

/** Result on two known numbers; undefined where one is not known. */
function fold({ code, off }: Insn, dst: Value, right: Value): Value | undefined {
  if (dst.kind !== "scalar" || right.kind !== "scalar") return undefined;
  if (dst.value === undefined || right.value === undefined) return undefined;
  const bits = classOf(code) === BPF_ALU64 ? 64 : 32;
  const unsigned = (n: number): bigint => BigInt.asUintN(bits, BigInt(n));
  const signed = (n: number): bigint => BigInt.asIntN(bits, BigInt(n));
  const result = calculate(
    operationOf(code),
    bits,
    off === 1 ? signed : unsigned,
    signed,
    dst.value,
    right.value,
  );
  if (result === undefined) return undefined;
  return scalar(Number(bits === 64 ? BigInt.asIntN(64, result) : BigInt.asUintN(32, result)));
}

function calculate(
  operation: number,
  bits: number,
  read: (n: number) => bigint,
  signed: (n: number) => bigint,
  dst: number,
  right: number,
): bigint | undefined {
  const [a, b] = [read(dst), read(right)];
  const count = BigInt.asUintN(bits === 64 ? 6 : 5, b);
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << count;
    case BPF_RSH:
      return a >> count;
    case BPF_ARSH:
      return signed(dst) >> count;
    // Division by zero gives 0, and leaves the dividend as the remainder [RFC 9669 4.1].
    case BPF_DIV:
      return b === 0n ? 0n : a / b;
    case BPF_MOD:
      return b === 0n ? a : a % b;
    default:
      return undefined;
  }
}

/** A bound that was computed; at 2^63, which rounding may hide, it says nothing of bit 63 any more. */
const computed = (max: number): Value => (max >= POSITIVE ? NUMBER : numberUpTo(max));

const isShift = (operation: number): boolean => [BPF_LSH, BPF_RSH, BPF_ARSH].includes(operation);

/** Numbers, or what may be numbers; shift counts and divisors that are not known, or too large, say nothing. */
function numbers(operation: number, dst: Value, right: Value, bits: number): Value {
  const isNumber = dst.kind === "scalar" && right.kind === "scalar";
  const known = right.kind === "scalar" ? right.value : undefined;
  const [x, y] = [maxOf(dst), maxOf(right)];
  const b = known !== undefined && isShift(operation) && (known < 0 || known >= bits) ? undefined : known;
  switch (operation) {
    case BPF_ADD:
      // Another pointer, moved, may be what comes out.
      return isNumber ? (y === 0 ? numberUpTo(x) : computed(x + y)) : UNKNOWN;
    case BPF_SUB:
      return isNumber ? NUMBER : UNKNOWN;
    case BPF_MUL:
      return x === 0 || y === 0 ? scalar(0) : y === 1 ? numberUpTo(x) : computed(x * y);
    case BPF_AND:
      return numberUpTo(Math.min(x, y));
    case BPF_OR:
    case BPF_XOR:
      return Math.max(x, y) === ANY ? NUMBER : numberUpTo(2 ** Math.ceil(Math.log2(Math.max(x, y) + 1)) - 1);
    case BPF_LSH:
      // A bit that leaves at the top makes the bound void.
      return b === undefined ? NUMBER : b === 0 ? numberUpTo(x) : computed(x * 2 ** b);
    case BPF_RSH:
      if (b === undefined) return numberUpTo(x);
      return numberUpTo(Math.min(Math.floor(x / 2 ** b), 2 ** (bits - b) - 1));
    case BPF_ARSH:
      if (x >= 2 ** (bits - 1) && x !== POSITIVE) return NUMBER;
      return numberUpTo(b === undefined ? x : Math.floor(x / 2 ** b));
    case BPF_DIV:
      return bounded(numberUpTo(x), b !== undefined && b > 0 ? Math.floor(Math.min(x, 2 ** bits) / b) : ANY);
    case BPF_MOD:
      return b !== undefined && b > 0 ? numberUpTo(Math.min(x, b - 1)) : numberUpTo(x);
    default:
      return NUMBER;
  }
}
