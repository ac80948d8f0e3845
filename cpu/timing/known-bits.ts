// Values while nothing runs: what is known of a value when only the instruction word is: its bits, as far as they are constant, and
// which registers it comes from. It performs no row.
import { type RegisterSet, NONE, REGISTER, only } from "./registers.ts";

/** What is known of a 64-bit value. */
export interface Known {
  /** The registers that it depends on. */
  readonly from: RegisterSet;
  /** Whether it depends on memory. */
  readonly loaded: boolean;
  /** Its value, where the instruction word gives it. */
  readonly constant?: bigint;
  /** Bits that are 0. */
  readonly zeros: bigint;
  /** Bits that are those of CR, in their places. */
  readonly cr: bigint;
}

const WIDTH = 64n;

function ones(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** A constant. */
export function constant(value: bigint): Known {
  const bits = ones(value);
  return { from: NONE, loaded: false, constant: bits, zeros: ones(~bits), cr: 0n };
}

/** A value of which only the registers are known. */
export function from(registers: RegisterSet, loaded = false): Known {
  return { from: registers, loaded, zeros: 0n, cr: 0n };
}

/** CR as it stands. */
export const crValue: Known = Object.freeze({
  from: Array.from({ length: 8 }, (_, n) => only(REGISTER.CR + n)).reduce((a, b) => a | b),
  loaded: false,
  zeros: ones(~0xffff_ffffn),
  cr: 0xffff_ffffn,
});

/** The registers of a value that may have any of these bits only: fields of CR outside of them have no say. */
function narrowed(registers: RegisterSet, cr: bigint, kept: bigint): RegisterSet {
  if (cr === 0n) return registers;
  let result = registers;
  for (let field = 0; field < 8; field++)
    if ((kept & (0xfn << BigInt(28 - 4 * field))) === 0n) result &= ~only(REGISTER.CR + field);
  return result;
}

/** A bitwise and. */
export function and(a: Known, b: Known): Known {
  if (a.constant !== undefined && b.constant !== undefined) return constant(a.constant & b.constant);
  const [value, mask] = a.constant === undefined ? [a, b.constant] : [b, a.constant];
  if (mask === undefined) return { ...either(a, b), zeros: a.zeros | b.zeros };
  const cr = value.cr & mask;
  return {
    from: narrowed(value.from, value.cr, cr),
    loaded: value.loaded,
    zeros: value.zeros | ones(~mask),
    cr,
  };
}

/** A bitwise or. */
export function or(a: Known, b: Known): Known {
  if (a.constant !== undefined && b.constant !== undefined) return constant(a.constant | b.constant);
  return { ...either(a, b), zeros: a.zeros & b.zeros, cr: (a.cr & b.zeros) | (b.cr & a.zeros) };
}

/** Any value that depends on these. */
export function either(...values: readonly Known[]): Known {
  return from(
    values.reduce((set, value) => set | value.from, NONE),
    values.some(({ loaded }) => loaded),
  );
}

/** What `fold` gives where all values are constants, any value that depends on them otherwise. */
export function folded(
  fold: (...constants: readonly bigint[]) => bigint,
  ...values: readonly Known[]
): Known {
  const constants = values.flatMap((value) => (value.constant === undefined ? [] : [value.constant]));
  return constants.length === values.length ? constant(fold(...constants)) : either(...values);
}

/** Leading zeros of the low `bits`. */
export function leadingZeros(bits: number, value: bigint): bigint {
  const low = BigInt.asUintN(bits, value);
  return BigInt(low === 0n ? bits : bits - low.toString(2).length);
}

/** A shift count as shifts take it. */
export function count(value: bigint): bigint {
  return value % WIDTH;
}
