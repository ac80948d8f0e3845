// One BPF instruction slot, and slots from and to bytes in either byte order [RFC 9669 3].
// Says nothing of what an opcode means or whether it is valid.
import { BpfLoadError } from "./load-error.ts";
import {
  BPF_CALL,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD_IMM64,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
} from "./opcodes.ts";

export type Endian = "le" | "be";

/** One 8-byte slot. BPF_LD_IMM64 takes two: the second has code 0 and in `imm` the upper half, as in the kernel. */
export interface Insn {
  /** Opcode byte. */
  readonly code: number;
  /** Destination register, 0..15. */
  readonly dst: number;
  /** Source register or pseudo kind, 0..15. */
  readonly src: number;
  /** Signed 16 bits. */
  readonly off: number;
  /** Signed 32 bits. */
  readonly imm: number;
}

/** Bytes of one slot. */
export const INSN_BYTES = 8;

/** An instruction of the fields given; the others are 0. `off` and `imm` are taken modulo 2^16 and 2^32. */
export function insn(code: number, fields: Partial<Omit<Insn, "code">> = {}): Insn {
  const { dst = 0, src = 0, off = 0, imm = 0 } = fields;
  return { code, dst, src, off: (off << 16) >> 16, imm: imm | 0 };
}

/**
 * Slots of a program image. The two register nibbles are swapped in big-endian order, since the kernel's structure
 * declares them as bit fields.
 * @throws BpfLoadError where the length is no multiple of 8.
 */
export function decodeInsns(bytes: Uint8Array, endian: Endian): readonly Insn[] {
  if (bytes.length % INSN_BYTES !== 0)
    throw new BpfLoadError(`${bytes.length} bytes of instructions: not a multiple of ${INSN_BYTES}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = endian === "le";
  return Array.from({ length: bytes.length / INSN_BYTES }, (_, i) => {
    const at = i * INSN_BYTES;
    const registers = view.getUint8(at + 1);
    const [low, high] = [registers & 0xf, registers >> 4];
    return {
      code: view.getUint8(at),
      dst: little ? low : high,
      src: little ? high : low,
      off: view.getInt16(at + 2, little),
      imm: view.getInt32(at + 4, little),
    };
  });
}

/** Bytes of slots: the inverse of `decodeInsns`. */
export function encodeInsns(insns: readonly Insn[], endian: Endian): Uint8Array {
  const bytes = new Uint8Array(insns.length * INSN_BYTES);
  const view = new DataView(bytes.buffer);
  const little = endian === "le";
  insns.forEach(({ code, dst, src, off, imm }, i) => {
    const at = i * INSN_BYTES;
    view.setUint8(at, code);
    view.setUint8(at + 1, little ? dst | (src << 4) : (dst << 4) | src);
    view.setInt16(at + 2, off, little);
    view.setInt32(at + 4, imm, little);
  });
  return bytes;
}

/** Whether this slot is the first of the two of BPF_LD_IMM64. */
export const isLdImm64 = (insn: Insn): boolean => insn.code === BPF_LD_IMM64;

/** Slots the instruction that starts here takes: 2 for BPF_LD_IMM64, else 1. */
export const slotsOf = (insn: Insn): 1 | 2 => (isLdImm64(insn) ? 2 : 1);

/** Whether this is a call of another function of the same program. */
export const isPseudoCall = (insn: Insn): boolean =>
  insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_CALL;

/** Whether the instruction calls a function of the kernel by the number of its type. */
export const isKfuncCall = (insn: Insn): boolean =>
  insn.code === (BPF_JMP | BPF_CALL) && insn.src === BPF_PSEUDO_KFUNC_CALL;

/** Whether the instruction's offset in slots is in `imm`: only `gotol`, BPF_JA of class BPF_JMP32. */
export const isLongJump = (insn: Insn): boolean => insn.code === (BPF_JMP32 | BPF_JA);

/** Slot a jump at slot `at` goes to when taken. Meaningless for what is no jump. */
export function jumpTarget(insn: Insn, at: number): number {
  return at + 1 + (isLongJump(insn) ? insn.imm : insn.off);
}
