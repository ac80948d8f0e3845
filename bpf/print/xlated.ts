// Instructions as the kernel's verifier log and `bpftool prog dump xlated` spell them.
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
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  BPF_ST,
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

/** Names that the instructions alone do not hold. Each may leave a question open with undefined. */
export interface XlatedNames {
  /**
   * What stands after `call pc` of a call within the program (`+12#name`, `+12`), or before `#imm` of another call
   * (`bpf_map_lookup_elem`, then printed `call bpf_map_lookup_elem#1`).
   */
  readonly call?: (insn: Insn, index: number) => string | undefined;
  /** What stands after `=` of BPF_LD_IMM64: `map[id:5]`, `map[id:5][0]+8`, `0x1`. `upper` is the second slot's imm. */
  readonly immediate?: (insn: Insn, upper: number, index: number) => string | undefined;
}

const signed = (n: number): string => (n < 0 ? `${n}` : `+${n}`);

/** Text of the instruction in slot `index`: `(b7) r0 = 0`. What is no instruction is `BUG_…` as in the kernel. */
export function printXlated(insns: readonly Insn[], index: number, names: XlatedNames = {}): string {
  const insn = insns[index];
  if (insn === undefined) return "BUG_00";
  const code = insn.code.toString(16).padStart(2, "0");
  const text = body(insn, insns[index + 1], index, names);
  return text === undefined ? `BUG_${bugClass(insn)}${code}` : `(${code}) ${text}`;
}

function bugClass({ code }: Insn): string {
  switch (classOf(code)) {
    case BPF_LD:
      return "ld_";
    case BPF_LDX:
      return "ldx_";
    case BPF_ST:
      return "st_";
    default:
      return "";
  }
}

function body(insn: Insn, next: Insn | undefined, index: number, names: XlatedNames): string | undefined {
  if (isAluClass(insn.code)) return arithmetic(insn);
  if (isJumpClass(insn.code)) return jump(insn, index, names);
  switch (classOf(insn.code)) {
    case BPF_LD:
      return load(insn, next, index, names);
    case BPF_LDX:
      return loadIndexed(insn);
    default:
      return store(insn);
  }
}

function arithmetic({ code, dst, src, off, imm }: Insn): string | undefined {
  const wide = classOf(code) === BPF_ALU64;
  const prefix = wide ? "r" : "w";
  const operation = operationOf(code);
  if (operation === BPF_NEG) return `${prefix}${dst} = -${prefix}${dst}`;
  if (operation === BPF_END) {
    const order = wide ? "bswap" : sourceOf(code) === BPF_X ? "be" : "le";
    return `r${dst} = ${order}${imm} r${dst}`;
  }
  const symbol = (off === 1 ? signedSymbols.get(operation) : undefined) ?? aluSymbols.get(operation);
  if (symbol === undefined) return undefined;
  if (sourceOf(code) !== BPF_X) return `${prefix}${dst} ${symbol} ${imm}`;
  const extend = operation === BPF_MOV && (off === 8 || off === 16 || off === 32) ? `(s${off})` : "";
  return `${prefix}${dst} ${symbol} ${extend}${prefix}${src}`;
}

function jump(insn: Insn, index: number, names: XlatedNames): string | undefined {
  const { code, dst, src, off, imm } = insn;
  const wide = classOf(code) === BPF_JMP;
  switch (code) {
    case BPF_JMP | BPF_JA:
      return `goto pc${signed(off)}`;
    case BPF_JMP32 | BPF_JA:
      return `gotol pc${signed(imm)}`;
    case BPF_JMP | BPF_EXIT:
      return "exit";
    case BPF_JMP | BPF_CALL: {
      const name = names.call?.(insn, index);
      return src === BPF_PSEUDO_CALL ? `call pc${name ?? signed(imm)}` : `call ${name ?? "unknown"}#${imm}`;
    }
  }
  const symbol = jumpSymbols.get(operationOf(code));
  if (symbol === undefined) return undefined;
  const prefix = wide ? "r" : "w";
  const right = sourceOf(code) === BPF_X ? `${prefix}${src}` : `0x${(imm >>> 0).toString(16)}`;
  return `if ${prefix}${dst} ${symbol} ${right} goto pc${signed(off)}`;
}

function load(insn: Insn, next: Insn | undefined, index: number, names: XlatedNames): string | undefined {
  const { code, dst, src, imm } = insn;
  const bits = sizeBits.get(sizeOf(code)) ?? 0;
  switch (modeOf(code)) {
    case BPF_ABS:
      return `r0 = *(u${bits} *)skb[${imm}]`;
    case BPF_IND:
      return `r0 = *(u${bits} *)skb[r${src} + ${imm}]`;
    case BPF_IMM: {
      if (sizeOf(code) !== BPF_DW) return undefined;
      const upper = next?.imm ?? 0;
      return `r${dst} = ${names.immediate?.(insn, upper, index) ?? immediate64(insn, upper)}`;
    }
    default:
      return undefined;
  }
}

function immediate64({ src, imm }: Insn, upper: number): string {
  const id = imm >>> 0;
  switch (src) {
    case BPF_PSEUDO_MAP_FD:
      return `map[id:${id}]`;
    case BPF_PSEUDO_MAP_VALUE:
      return `map[id:${id}][0]+${upper >>> 0}`;
    case BPF_PSEUDO_MAP_IDX:
    case BPF_PSEUDO_MAP_IDX_VALUE:
      return `map[idx:${id}]+${upper >>> 0}`;
    case BPF_PSEUDO_FUNC:
      return `subprog[${signed(imm)}]`;
    default:
      return `0x${Long.fromBits(imm, upper, true).toString(16)}`;
  }
}

function loadIndexed({ code, dst, src, off }: Insn): string | undefined {
  const mode = modeOf(code);
  if (mode !== BPF_MEM && mode !== BPF_MEMSX) return undefined;
  const type = `${mode === BPF_MEM ? "u" : "s"}${sizeBits.get(sizeOf(code)) ?? 0}`;
  return `r${dst} = *(${type} *)(r${src} ${signed(off)})`;
}

function store(insn: Insn): string | undefined {
  const { code, dst, src, off, imm } = insn;
  const place = `*(u${sizeBits.get(sizeOf(code)) ?? 0} *)(r${dst} ${signed(off)})`;
  const mode = modeOf(code);
  if (classOf(code) === BPF_ST)
    return mode === BPF_MEM ? `${place} = ${imm}` : mode === BPF_ATOMIC ? "nospec" : undefined;
  if (mode === BPF_MEM) return `${place} = r${src}`;
  return mode === BPF_ATOMIC ? atomic(insn) : undefined;
}

function atomic({ code, dst, src, off, imm }: Insn): string | undefined {
  const wide = sizeOf(code) === BPF_DW;
  const name = wide ? "atomic64" : "atomic";
  const place = `(u${sizeBits.get(sizeOf(code)) ?? 0} *)(r${dst} ${signed(off)})`;
  if (imm === BPF_XCHG) return `r${src} = ${name}_xchg(${place}, r${src})`;
  if (imm === BPF_CMPXCHG) return `r0 = ${name}_cmpxchg(${place}, r0, r${src})`;
  const fetch = fetchNames.get(imm & ~BPF_FETCH);
  if (fetch === undefined) return undefined;
  if ((imm & BPF_FETCH) !== 0) return `r${src} = ${name}_fetch_${fetch}(${place}, r${src})`;
  return `lock *${place} ${aluSymbols.get(imm) ?? ""} r${src}`;
}
