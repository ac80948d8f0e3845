// Loads, stores and atomic operations of the BPF interpreter, one closure an instruction [RFC 9669 5].
// Addresses are the guest's: every access goes through KernelMemory, the stack's too.
import Long from "long";
import type { U64 } from "../word/long.ts";
import type { Insn } from "./insn.ts";
import { alu64, Register, signExtend } from "./interpreter-alu.ts";
import { MemoryFault, type AccessBytes, type KernelMemory } from "./memory.ts";
import * as op from "./opcodes.ts";

/** Does one access; returns the fault if there was one. */
export type Access = () => MemoryFault | undefined;

interface Operands {
  readonly memory: KernelMemory;
  readonly dst: Register;
  readonly src: Register;
}

/** r + off, off being a signed 16-bit number. */
function address(r: Register, off: number): U64 {
  const low = (r.low >>> 0) + off;
  const carry = low < 0 ? -1 : low > 0xffff_ffff ? 1 : 0;
  return Long.fromBits(low | 0, (r.high + carry) | 0, true);
}

/** BPF_LDX of modes BPF_MEM and BPF_MEMSX. */
export function loadStep(insn: Insn, { memory, dst, src }: Operands): Access | undefined {
  const bytes = op.bytesOf(insn.code);
  const { off } = insn;
  const load = (): Long | MemoryFault => memory.load(address(src, off), bytes);
  switch (op.modeOf(insn.code)) {
    case op.BPF_MEM:
      return () => {
        const value = load();
        if (value instanceof MemoryFault) return value;
        dst.low = value.low;
        dst.high = value.high;
        return undefined;
      };
    case op.BPF_MEMSX:
      if (bytes === 8) return undefined;
      return () => {
        const value = load();
        if (value instanceof MemoryFault) return value;
        dst.low = signExtend(value.low, bytes * 8);
        dst.high = dst.low >> 31;
        return undefined;
      };
    default:
      return undefined;
  }
}

/** BPF_ST and BPF_STX of mode BPF_MEM; `src` is the value to store. */
export function storeStep(insn: Insn, { memory, dst, src }: Operands): Access {
  const bytes = op.bytesOf(insn.code);
  const { off } = insn;
  return () => memory.store(address(dst, off), bytes, src.value);
}

/**
 * BPF_STX of mode BPF_ATOMIC. `r0` is what BPF_CMPXCHG compares with.
 * @returns undefined where the size or the operation is not one of RFC 9669's
 */
export function atomicStep(insn: Insn, operands: Operands, r0: Register): Access | undefined {
  const bytes = op.bytesOf(insn.code);
  if (bytes !== 4 && bytes !== 8) return undefined;
  switch (insn.imm) {
    case op.BPF_XCHG:
      return modify(insn.off, bytes, operands, (_, s) => s, operands.src);
    case op.BPF_CMPXCHG:
      return compareAndExchange(insn.off, bytes, operands, r0);
    case op.BPF_ADD:
    case op.BPF_OR:
    case op.BPF_AND:
    case op.BPF_XOR:
    case op.BPF_ADD | op.BPF_FETCH:
    case op.BPF_OR | op.BPF_FETCH:
    case op.BPF_AND | op.BPF_FETCH:
    case op.BPF_XOR | op.BPF_FETCH: {
      const operation = alu64.get(insn.imm & ~op.BPF_FETCH);
      if (operation === undefined) return undefined;
      const old = new Register();
      const fetched = (insn.imm & op.BPF_FETCH) === 0 ? undefined : operands.src;
      const change = (value: Long, s: Long): Long => {
        old.value = value;
        operation(old, Register.of(s));
        return old.value;
      };
      return modify(insn.off, bytes, operands, change, fetched);
    }
    default:
      return undefined;
  }
}

/** Replaces memory by what `change` makes of it and of src; the old value, zero-extended, goes to `fetched`. */
function modify(
  off: number,
  bytes: AccessBytes,
  { memory, dst, src }: Operands,
  change: (old: Long, src: Long) => Long,
  fetched: Register | undefined,
): Access {
  return () => {
    const at = address(dst, off);
    const old = memory.load(at, bytes);
    if (old instanceof MemoryFault) return old;
    const fault = memory.store(at, bytes, change(old, src.value));
    if (fault === undefined && fetched !== undefined) fetched.value = old;
    return fault;
  };
}

function compareAndExchange(off: number, bytes: 4 | 8, { memory, dst, src }: Operands, r0: Register): Access {
  return () => {
    const at = address(dst, off);
    const old = memory.load(at, bytes);
    if (old instanceof MemoryFault) return old;
    const same = old.low === r0.low && (bytes === 4 || old.high === r0.high);
    const fault = same ? memory.store(at, bytes, src.value) : undefined;
    if (fault === undefined) r0.value = old;
    return fault;
  };
}
