// What one instruction may hold, whatever stands around it: known opcodes, reserved fields, immediates that fault. In the
// words of the kernel's log [Linux 6.12 kernel/bpf/verifier.c].
import { isLdImm64, type Insn } from "../insn.ts";
import {
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ARSH,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_DIV,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_HELPER_CALL,
  BPF_IMM,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_JSLE,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LSH,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOD,
  BPF_MOV,
  BPF_NEG,
  BPF_OR,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  MAX_BPF_REG,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  BPF_RSH,
  BPF_ST,
  BPF_STX,
  BPF_TO_LE,
  BPF_W,
  BPF_X,
  BPF_XCHG,
  BPF_XOR,
  bytesOf,
  classOf,
  isAluClass,
  isJumpClass,
  modeOf,
  operationOf,
  sizeOf,
  sourceOf,
} from "../opcodes.ts";

const hex = (n: number): string => n.toString(16).padStart(2, "0");

/** Whether an opcode byte is one of BPF's, the second slot of BPF_LD_IMM64 not counted. */
export function isKnownOpcode(code: number): boolean {
  const operation = operationOf(code);
  const isX = sourceOf(code) === BPF_X;
  if (isAluClass(code)) {
    if (operation === BPF_NEG) return !isX;
    if (operation === BPF_END) return classOf(code) === BPF_ALU || !isX;
    return operation <= BPF_ARSH;
  }
  if (isJumpClass(code)) {
    const isWide = classOf(code) === BPF_JMP;
    if (operation === BPF_JA) return !isX;
    if (operation === BPF_CALL || operation === BPF_EXIT) return isWide && !isX;
    return operation <= BPF_JSLE;
  }
  const [mode, size] = [modeOf(code), sizeOf(code)];
  switch (classOf(code)) {
    case BPF_LD:
      return mode === BPF_IMM ? size === BPF_DW : (mode === BPF_ABS || mode === BPF_IND) && size !== BPF_DW;
    case BPF_LDX:
      return mode === BPF_MEM || (mode === BPF_MEMSX && size !== BPF_DW);
    case BPF_ST:
      return mode === BPF_MEM;
    default:
      return mode === BPF_MEM || (mode === BPF_ATOMIC && (size === BPF_W || size === BPF_DW));
  }
}

/** What is wrong with an opcode, or with BPF_LD_IMM64 and its second slot; undefined where nothing is. */
export function opcodeFault(insn: Insn, next: Insn | undefined, maps: number): string | undefined {
  if (
    classOf(insn.code) === BPF_LDX &&
    (insn.imm !== 0 || (modeOf(insn.code) !== BPF_MEM && modeOf(insn.code) !== BPF_MEMSX))
  )
    return "BPF_LDX uses reserved fields";
  if (!isLdImm64(insn)) return isKnownOpcode(insn.code) ? undefined : `unknown opcode ${hex(insn.code)}`;
  if (next === undefined || next.code !== 0 || next.dst !== 0 || next.src !== 0 || next.off !== 0)
    return "invalid bpf_ld_imm64 insn";
  switch (insn.src) {
    case 0:
    case BPF_PSEUDO_BTF_ID:
    case BPF_PSEUDO_FUNC:
      return undefined;
    case BPF_PSEUDO_MAP_FD:
      if (next.imm !== 0) return "unrecognized bpf_ld_imm64 insn";
      return insn.imm >= 0 && insn.imm < maps ? undefined : `fd ${insn.imm} is not pointing to valid bpf_map`;
    case BPF_PSEUDO_MAP_VALUE:
      return insn.imm >= 0 && insn.imm < maps ? undefined : `fd ${insn.imm} is not pointing to valid bpf_map`;
    default:
      return "unrecognized bpf_ld_imm64 insn";
  }
}

/** Which reserved field of a known instruction is used; undefined where none is. */
export function fieldFault(insn: Insn): string | undefined {
  if (isAluClass(insn.code)) return aluFault(insn);
  if (isJumpClass(insn.code)) return jumpFault(insn);
  const { code, dst, src, off, imm } = insn;
  const mode = modeOf(code);
  switch (classOf(code)) {
    case BPF_LD:
      if (mode === BPF_IMM) return off === 0 ? undefined : "BPF_LD_IMM64 uses reserved fields";
      return dst !== 0 || off !== 0 || (mode === BPF_ABS && src !== 0)
        ? "BPF_LD_[ABS|IND] uses reserved fields"
        : undefined;
    case BPF_ST:
      return src === 0 ? undefined : "BPF_ST uses reserved fields";
    case BPF_STX:
      if (mode === BPF_MEM) return imm === 0 ? undefined : "BPF_STX uses reserved fields";
      return isAtomicOperation(imm) ? undefined : `BPF_ATOMIC uses invalid atomic opcode ${hex(imm >>> 0)}`;
    default:
      return undefined;
  }
}

function isAtomicOperation(imm: number): boolean {
  if (imm === BPF_XCHG || imm === BPF_CMPXCHG) return true;
  return [BPF_ADD, BPF_OR, BPF_AND, BPF_XOR].includes(imm & ~BPF_FETCH);
}

function aluFault({ code, src, off, imm }: Insn): string | undefined {
  const isWide = classOf(code) === BPF_ALU64;
  const isX = sourceOf(code) === BPF_X;
  const operation = operationOf(code);
  switch (operation) {
    case BPF_NEG:
      return src !== 0 || off !== 0 || imm !== 0 ? "BPF_NEG uses reserved fields" : undefined;
    case BPF_END: {
      const isSize = imm === 16 || imm === 32 || imm === 64;
      const direction = isWide && sourceOf(code) !== BPF_TO_LE;
      return src !== 0 || off !== 0 || !isSize || direction ? "BPF_END uses reserved fields" : undefined;
    }
    case BPF_MOV: {
      const isExtension = isX && (off === 8 || off === 16 || (isWide && off === 32));
      const unused = isX ? imm : src;
      return unused !== 0 || (off !== 0 && !isExtension) ? "BPF_MOV uses reserved fields" : undefined;
    }
  }
  const isDivision = operation === BPF_DIV || operation === BPF_MOD;
  if ((isX ? imm : src) !== 0 || (off !== 0 && !(off === 1 && isDivision)))
    return "BPF_ALU uses reserved fields";
  return undefined;
}

/** What is wrong with an immediate that divides or shifts: looked at after the registers are. */
export function immediateFault({ code, imm }: Insn): string | undefined {
  if (!isAluClass(code) || sourceOf(code) === BPF_X) return undefined;
  const operation = operationOf(code);
  if ((operation === BPF_DIV || operation === BPF_MOD) && imm === 0) return "div by zero";
  const isShift = operation === BPF_LSH || operation === BPF_RSH || operation === BPF_ARSH;
  return isShift && (imm < 0 || imm >= (classOf(code) === BPF_ALU64 ? 64 : 32))
    ? `invalid shift ${imm}`
    : undefined;
}

function jumpFault({ code, dst, src, off, imm }: Insn): string | undefined {
  const isWide = classOf(code) === BPF_JMP;
  switch (operationOf(code)) {
    case BPF_CALL: {
      const isKind = src === BPF_HELPER_CALL || src === BPF_PSEUDO_CALL || src === BPF_PSEUDO_KFUNC_CALL;
      return dst !== 0 || !isKind || (off !== 0 && src !== BPF_PSEUDO_KFUNC_CALL)
        ? "BPF_CALL uses reserved fields"
        : undefined;
    }
    case BPF_EXIT:
      return imm !== 0 || src !== 0 || dst !== 0 ? "BPF_EXIT uses reserved fields" : undefined;
    case BPF_JA:
      return dst !== 0 || src !== 0 || (isWide ? imm : off) !== 0 ? "BPF_JA uses reserved fields" : undefined;
    default:
      return (sourceOf(code) === BPF_K ? src : imm) !== 0 ? "BPF_JMP/JMP32 uses reserved fields" : undefined;
  }
}

/** Registers that an instruction reads, in the order in which they are checked, and the one that it writes. */
export interface Operands {
  readonly reads: readonly number[];
  readonly write: number | undefined;
}

/** Operands of a known instruction; a call's are in registers that its kind decides, and not here. */
export function operandsOf({ code, dst, src, imm }: Insn): Operands {
  const isX = sourceOf(code) === BPF_X;
  if (isAluClass(code)) {
    const operation = operationOf(code);
    if (operation === BPF_MOV) return { reads: isX ? [src] : [], write: dst };
    const unary = operation === BPF_NEG || operation === BPF_END;
    return { reads: isX && !unary ? [src, dst] : [dst], write: dst };
  }
  if (isJumpClass(code)) {
    switch (operationOf(code)) {
      case BPF_JA:
      case BPF_CALL:
        return { reads: [], write: undefined };
      case BPF_EXIT:
        return { reads: [0], write: undefined };
      default:
        return { reads: isX ? [src, dst] : [dst], write: undefined };
    }
  }
  switch (classOf(code)) {
    case BPF_LD:
      if (modeOf(code) === BPF_IMM) return { reads: [], write: dst };
      return { reads: modeOf(code) === BPF_IND ? [6, src] : [6], write: 0 };
    case BPF_LDX:
      return { reads: [src], write: dst };
    case BPF_ST:
      return { reads: [dst], write: undefined };
    default: {
      if (modeOf(code) !== BPF_ATOMIC) return { reads: [src, dst], write: undefined };
      if (imm === BPF_CMPXCHG) return { reads: [src, dst, 0], write: 0 };
      return { reads: [src, dst], write: (imm & BPF_FETCH) !== 0 ? src : undefined };
    }
  }
}

/** Whether the instruction means nothing that could be followed. */
export function isBroken(insn: Insn): boolean {
  if (fieldFault(insn) !== undefined || immediateFault(insn) !== undefined) return true;
  const { reads, write } = operandsOf(insn);
  return [...reads, write ?? 0].some((n) => n >= MAX_BPF_REG);
}

/** Bytes that the instruction loads or stores, with the register and offset of the place; undefined where it does neither. */
export function memoryAccess(insn: Insn):
  | {
      readonly base: number;
      readonly off: number;
      readonly bytes: number;
      readonly kind: "load" | "store" | "atomic";
    }
  | undefined {
  const { code, dst, src, off } = insn;
  switch (classOf(code)) {
    case BPF_LDX:
      return { base: src, off, bytes: bytesOf(code), kind: "load" };
    case BPF_ST:
      return { base: dst, off, bytes: bytesOf(code), kind: "store" };
    case BPF_STX:
      return { base: dst, off, bytes: bytesOf(code), kind: modeOf(code) === BPF_ATOMIC ? "atomic" : "store" };
    default:
      return undefined;
  }
}
