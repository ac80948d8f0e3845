// Instructions as `llvm-objdump -d` spells them; what the assembler reads.
import Long from "long";
import type { Insn } from "../insn.ts";
import {
  BPF_ABS,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IMM,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOV,
  BPF_NEG,
  BPF_PSEUDO_CALL,
  BPF_ST,
  BPF_STX,
  BPF_W,
  BPF_X,
  BPF_XCHG,
  classOf,
  isAluClass,
  isJumpClass,
  modeOf,
  operationOf,
  sizeOf,
  sourceOf,
} from "../opcodes.ts";
import { aluSymbols, fetchNames, jumpSymbols, signedSymbols, sizeBits } from "./symbols.ts";

/** Name of the slot a jump or call goes to, or undefined where it stays a distance. */
export type LabelOf = (slot: number) => string | undefined;

const UNKNOWN = "<unknown>";
const signed = (n: number): string => (n < 0 ? `${n}` : `+${n}`);
const address = (base: number, off: number): string => `r${base} ${off < 0 ? "-" : "+"} ${Math.abs(off)}`;

/**
 * Text of the instruction in slot `index`, without address and bytes. Distances of jumps and calls are in slots, and are
 * replaced by a label's name where `label` knows one. What is no instruction is `<unknown>`.
 */
export function printLlvm(insns: readonly Insn[], index: number, label: LabelOf = () => undefined): string {
  const insn = insns[index];
  if (insn === undefined) return UNKNOWN;
  const target = (distance: number): string => label(index + 1 + distance) ?? signed(distance);
  if (isAluClass(insn.code)) return arithmetic(insn);
  if (isJumpClass(insn.code)) return jump(insn, target);
  switch (classOf(insn.code)) {
    case BPF_LD:
      return load(insn, insns[index + 1]);
    case BPF_LDX:
      return loadIndexed(insn);
    default:
      return store(insn);
  }
}

function arithmetic(insn: Insn): string {
  const { code, dst, src, off, imm } = insn;
  const wide = classOf(code) === BPF_ALU64;
  const prefix = wide ? "r" : "w";
  const operation = operationOf(code);
  if (operation === BPF_NEG) return sourceOf(code) === BPF_X ? UNKNOWN : `${prefix}${dst} = -${prefix}${dst}`;
  if (operation === BPF_END) {
    if (imm !== 16 && imm !== 32 && imm !== 64) return UNKNOWN;
    if (wide && sourceOf(code) === BPF_X) return UNKNOWN;
    const order = wide ? "bswap" : sourceOf(code) === BPF_X ? "be" : "le";
    return `r${dst} = ${order}${imm} r${dst}`;
  }
  const symbol = (off === 1 ? signedSymbols.get(operation) : undefined) ?? aluSymbols.get(operation);
  if (symbol === undefined) return UNKNOWN;
  if (sourceOf(code) !== BPF_X) return `${prefix}${dst} ${symbol} ${imm}`;
  const extend = operation === BPF_MOV && (off === 8 || off === 16 || off === 32) ? `(s${off})` : "";
  return `${prefix}${dst} ${symbol} ${extend}${prefix}${src}`;
}

function jump(insn: Insn, target: (distance: number) => string): string {
  const { code, dst, src, off, imm } = insn;
  const wide = classOf(code) === BPF_JMP;
  const operation = operationOf(code);
  switch (code) {
    case BPF_JMP | BPF_JA:
      return `goto ${target(off)}`;
    case BPF_JMP32 | BPF_JA:
      return `gotol ${target(imm)}`;
    case BPF_JMP | BPF_EXIT:
      return imm === 0 ? "exit" : UNKNOWN;
    case BPF_JMP | BPF_CALL: {
      const name = src === BPF_PSEUDO_CALL ? target(imm) : "";
      return /^[+-]?\d*$/.test(name) ? `call ${imm}` : `call ${name}`;
    }
    case BPF_JMP | BPF_CALL | BPF_X:
      // LLVM had the register in imm before version 19, and has it in dst since.
      return imm < 0 || imm > 10 ? UNKNOWN : `callx r${dst === 0 ? imm : dst}`;
  }
  const symbol = jumpSymbols.get(operation);
  if (symbol === undefined) return UNKNOWN;
  const prefix = wide ? "r" : "w";
  const right = sourceOf(code) === BPF_X ? `${prefix}${src}` : `${imm}`;
  return `if ${prefix}${dst} ${symbol} ${right} goto ${target(off)}`;
}

function load(insn: Insn, next: Insn | undefined): string {
  const { code, dst, src, imm } = insn;
  const bits = sizeBits.get(sizeOf(code)) ?? 0;
  switch (modeOf(code)) {
    case BPF_IMM: {
      if (sizeOf(code) !== BPF_DW || next === undefined) return UNKNOWN;
      const value = Long.fromBits(imm, next.imm).toString();
      return src === 0 ? `r${dst} = ${value} ll` : `ld_pseudo\tr${dst}, ${src}, ${value}`;
    }
    case BPF_ABS:
      return sizeOf(code) === BPF_DW ? UNKNOWN : `r0 = *(u${bits} *)skb[${imm}]`;
    case BPF_IND:
      return sizeOf(code) === BPF_DW ? UNKNOWN : `r0 = *(u${bits} *)skb[r${src}]`;
    default:
      return UNKNOWN;
  }
}

function loadIndexed({ code, dst, src, off }: Insn): string {
  const bits = sizeBits.get(sizeOf(code)) ?? 0;
  switch (modeOf(code)) {
    case BPF_MEM:
      return `r${dst} = *(u${bits} *)(${address(src, off)})`;
    case BPF_MEMSX:
      return sizeOf(code) === BPF_DW ? UNKNOWN : `r${dst} = *(s${bits} *)(${address(src, off)})`;
    default:
      return UNKNOWN;
  }
}

function store(insn: Insn): string {
  const { code, dst, src, off, imm } = insn;
  const place = `*(u${sizeBits.get(sizeOf(code)) ?? 0} *)(${address(dst, off)})`;
  if (modeOf(code) === BPF_MEM) return `${place} = ${classOf(code) === BPF_ST ? imm : `r${src}`}`;
  const size = sizeOf(code);
  const sized = size === BPF_W || size === BPF_DW;
  return classOf(code) === BPF_STX && modeOf(code) === BPF_ATOMIC && sized ? atomic(insn) : UNKNOWN;
}

function atomic({ code, dst, src, off, imm }: Insn): string {
  const wide = sizeOf(code) === BPF_DW;
  const [prefix, bits] = wide ? (["r", 64] as const) : (["w", 32] as const);
  const value = `${prefix}${src}`;
  const at = address(dst, off);
  const exchange = wide ? "xchg_64" : "xchg32_32";
  if (imm === BPF_XCHG) return `${value} = ${exchange}(${at}, ${value})`;
  if (imm === BPF_CMPXCHG) return `${prefix}0 = cmp${exchange}(${at}, ${prefix}0, ${value})`;
  const operation = imm & ~BPF_FETCH;
  const fetch = fetchNames.get(operation);
  if (fetch === undefined) return UNKNOWN;
  if ((imm & BPF_FETCH) !== 0) return `${value} = atomic_fetch_${fetch}((u${bits} *)(${at}), ${value})`;
  return `lock *(u${bits} *)(${at}) ${aluSymbols.get(operation) ?? ""} ${value}`;
}
