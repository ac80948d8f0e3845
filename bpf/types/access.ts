// How a program's access to its context becomes accesses to the kernel's own structures: the parts all types share.
// Says nothing of which fields there are.
import { insn, type Insn } from "../insn.ts";
import * as op from "../opcodes.ts";
import { VerifierError } from "../verifier/error.ts";

/** One load from or store to the context, as the program has it. */
export interface ContextAccess {
  readonly insn: Insn;
  /** Slot in the program, for errors. */
  readonly at: number;
  readonly kind: "read" | "write";
  /** Byte offset in the context as user space knows it. */
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8;
}

/** Whether a field may be read or written by an access of this size at this offset in it. */
export type Permission = (access: ContextAccess, offsetInField: number) => boolean;

/** A field of a context structure as user space knows it. */
export interface ContextField {
  readonly name: string;
  /** Byte offset and length in user space's structure. */
  readonly offset: number;
  readonly bytes: number;
  readonly permission: Permission;
  /** Loads the whole field into dst; `offsetInField` is 0 unless the field lets itself be read in parts. */
  readonly load: (access: Registers, offsetInField: number, bytes: number) => readonly Insn[];
  /** Bytes that `load` reads in the kernel's structure: a narrower access takes its part of those. */
  readonly targetBytes: number;
  /** Stores; only called where `permission` lets a write pass. */
  readonly store?: (insn: Insn, offsetInField: number, bytes: number) => readonly Insn[];
  /** Read and written in parts directly, so that no shift follows a narrow load. */
  readonly raw?: boolean;
}

export interface Registers {
  readonly dst: number;
  /** Holds the address of the context. */
  readonly src: number;
}

const sizeCodes = { 1: op.BPF_B, 2: op.BPF_H, 4: op.BPF_W, 8: op.BPF_DW } as const;

/** BPF_LDX | BPF_MEM of 1, 2, 4 or 8 bytes. */
export function loadInsn(bytes: number, dst: number, src: number, off: number): Insn {
  return insn(op.BPF_LDX | op.BPF_MEM | sizeCode(bytes), { dst, src, off });
}

/** The same store, register or immediate, of `bytes` bytes at `off`. */
export function storeInsn(original: Insn, bytes: number, off: number): Insn {
  return { ...original, code: op.classOf(original.code) | op.BPF_MEM | sizeCode(bytes), off };
}

function sizeCode(bytes: number): number {
  if (bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8) return sizeCodes[bytes];
  throw new Error(`no access has ${bytes} bytes`);
}

/** Reads of 1, 2, 4 bytes of a 4-byte field, aligned to their size; writes of all 4. */
export const narrow: Permission = ({ kind, bytes }) => (kind === "read" ? bytes <= 4 : bytes === 4);
/** Reads only, of 1, 2 or 4 bytes. */
export const readNarrow: Permission = ({ kind, bytes }) => kind === "read" && bytes <= 4;
/** Reads of exactly the field's 4 bytes. */
export const readWord: Permission = ({ kind, bytes, insn: i }) =>
  kind === "read" && bytes === 4 && op.modeOf(i.code) === op.BPF_MEM;
/** Reads or writes of exactly 8 bytes. */
export const doubleword: Permission = ({ bytes }) => bytes === 8;
/** Reads of exactly 8 bytes. */
export const readDoubleword: Permission = ({ kind, bytes }) => kind === "read" && bytes === 8;

/** What a load or store at slot `at` accesses. Throws VerifierError EACCES for an atomic operation. */
export function contextAccess(i: Insn, at: number): ContextAccess {
  const isLoad = op.classOf(i.code) === op.BPF_LDX;
  if (op.modeOf(i.code) === op.BPF_ATOMIC)
    throw new VerifierError({
      errno: "EACCES",
      message: `BPF_ATOMIC stores into R${i.dst} ctx is not allowed`,
      insn: at,
    });
  return { insn: i, at, kind: isLoad ? "read" : "write", offset: i.off, bytes: op.bytesOf(i.code) };
}

/** The kernel's refusal of an access. */
export function invalidAccess({ offset, bytes, at }: ContextAccess): VerifierError {
  const message = `invalid bpf_context access off=${offset} size=${bytes}`;
  return new VerifierError({ errno: "EACCES", message, insn: at });
}

/**
 * The instructions that take the place of an access.
 * @param bigEndian byte order of the guest: a narrow load's part lies elsewhere
 * @throws VerifierError EACCES where no field or not this access is permitted
 * @linux kernel/bpf/verifier.c convert_ctx_accesses
 */
export function convertAccess(
  fields: readonly ContextField[],
  access: ContextAccess,
  bigEndian: boolean,
): readonly Insn[] {
  const { insn: i, offset, bytes, kind } = access;
  const field = fields.find((f) => offset >= f.offset && offset + bytes <= f.offset + f.bytes);
  if (field === undefined || offset % bytes !== 0) throw invalidAccess(access);
  const within = offset - field.offset;
  if (!field.permission(access, within)) throw invalidAccess(access);
  if (kind === "write") {
    if (field.store === undefined) throw invalidAccess(access);
    return field.store(i, within, bytes);
  }
  const loads = [...field.load({ dst: i.dst, src: i.src }, within, bytes)];
  if (field.raw !== true && bytes < field.bytes && bytes < field.targetBytes)
    loads.push(...takePart(i.dst, within, bytes, { fieldBytes: field.bytes, bigEndian }));
  if (op.modeOf(i.code) === op.BPF_MEMSX)
    loads.push(insn(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, { dst: i.dst, src: i.dst, off: bytes * 8 }));
  return loads;
}

/** Shifts and masks so that the part of the field that was asked for is left. */
function takePart(
  dst: number,
  within: number,
  bytes: number,
  { fieldBytes, bigEndian }: { readonly fieldBytes: number; readonly bigEndian: boolean },
): readonly Insn[] {
  const shift = (bigEndian ? fieldBytes - within - bytes : within) * 8;
  const mask = insn(op.BPF_ALU | op.BPF_AND, { dst, imm: bytes === 4 ? -1 : 2 ** (bytes * 8) - 1 });
  const aluClass = fieldBytes <= 4 ? op.BPF_ALU : op.BPF_ALU64;
  return shift === 0 ? [mask] : [insn(aluClass | op.BPF_RSH, { dst, imm: shift }), mask];
}
