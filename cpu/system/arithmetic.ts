// System operations that only compute: rare ones whose meaning does not fit the verbs of rows.
import Long from "long";
import { ZERO, fromHalves, u64, type U64 } from "../../word/long.ts";
import type { SystemOperation } from "../isa/machine.ts";
import type { CpuState } from "../state.ts";
import type { Operations, Outcome } from "./context.ts";

function big(value: U64): bigint {
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

function small(value: bigint): U64 {
  return fromHalves(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
}

/** RT, and XER and CR0 where OE and Rc ask for them; `value` undefined is an overflow: UNDEF(I 3.3.9): 0. */
function setQuotient(state: CpuState, RT: number, value: bigint | undefined, OE: 0 | 1, Rc: 0 | 1): Outcome {
  const result = value === undefined ? ZERO : small(value);
  state.setGpr(RT, result);
  if (OE === 1) {
    state.setFlag("OV", value === undefined);
    state.setFlag("OV32", value === undefined);
    if (value === undefined) state.setFlag("SO", true);
  }
  if (Rc === 1) {
    const compared = state.sixtyFour ? result.toSigned() : u64(result.low).toSigned();
    const order = compared.isNegative() ? 8 : compared.isZero() ? 2 : 4;
    state.setCrField(0, order | (state.flag("SO") ? 1 : 0));
  }
  return undefined;
}

const everyPlace = Array.from({ length: 64 }, (_, place) => place);

/** Places of the bits that are 1, from the right (0) on. */
function placesOf(mask: U64): readonly number[] {
  return everyPlace.filter((place) => hasBit(mask, place));
}

function hasBit(value: U64, place: number): boolean {
  return (value.shru(place).low & 1) === 1;
}

/** The bits of `value` at `from` moved to `to`, one for one; 0 elsewhere. */
function moved(value: U64, from: readonly number[], to: readonly number[]): U64 {
  return to.reduce((bits, place, i) => {
    const source = from[i];
    return source !== undefined && hasBit(value, source) ? bits.or(Long.UONE.shl(place)) : bits;
  }, ZERO);
}

/** Places in this order until one where `value` has a 1. */
function zerosBefore(value: U64, places: readonly number[]): U64 {
  const found = places.findIndex((place) => hasBit(value, place));
  return u64(found < 0 ? places.length : found);
}

type Name = "addex" | "mcrxrx" | "divde" | "divdeu" | "bpermd" | Masked;
type Masked = "cntlzdm" | "cnttzdm" | "pdepd" | "pextd" | "cfuged";

export const arithmetic: Operations<Extract<SystemOperation, Name>> = Object.freeze({
  addex: ({ state }, RT, a, b) => {
    const carry = state.flag("OV") ? 1n : 0n;
    state.setGpr(RT, a.add(b).add(Number(carry)));
    state.setFlag("OV", (big(a) + big(b) + carry) >> 64n !== 0n);
    state.setFlag("OV32", (BigInt(a.low >>> 0) + BigInt(b.low >>> 0) + carry) >> 32n !== 0n);
    return undefined;
  },
  mcrxrx: ({ state }, BF) => {
    const bit = (name: "OV" | "OV32" | "CA" | "CA32", place: number): number =>
      state.flag(name) ? place : 0;
    state.setCrField(BF, bit("OV", 8) | bit("OV32", 4) | bit("CA", 2) | bit("CA32", 1));
    return undefined;
  },
  divde: ({ state }, RT, a, b, OE, Rc) => {
    const divisor = BigInt.asIntN(64, big(b));
    const quotient = divisor === 0n ? undefined : (BigInt.asIntN(64, big(a)) << 64n) / divisor;
    const fits = quotient !== undefined && BigInt.asIntN(64, quotient) === quotient;
    return setQuotient(state, RT, fits ? quotient : undefined, OE, Rc);
  },
  divdeu: ({ state }, RT, a, b, OE, Rc) => {
    const quotient = b.isZero() ? undefined : (big(a) << 64n) / big(b);
    const fits = quotient !== undefined && quotient >> 64n === 0n;
    return setQuotient(state, RT, fits ? quotient : undefined, OE, Rc);
  },
  bpermd: ({ state }, RA, s, b) => {
    let bits = 0;
    for (let i = 0; i < 8; i++) {
      const index = s.shru(56 - 8 * i).low & 0xff;
      const bit = index < 64 ? b.shru(63 - index).low & 1 : 0;
      bits = (bits << 1) | bit;
    }
    state.setGpr(RA, u64(bits));
    return undefined;
  },
  cntlzdm: ({ state }, RA, s, mask) => {
    state.setGpr(RA, zerosBefore(s, [...placesOf(mask)].reverse()));
    return undefined;
  },
  cnttzdm: ({ state }, RA, s, mask) => {
    state.setGpr(RA, zerosBefore(s, placesOf(mask)));
    return undefined;
  },
  pdepd: ({ state }, RA, s, mask) => {
    state.setGpr(RA, moved(s, everyPlace, placesOf(mask)));
    return undefined;
  },
  pextd: ({ state }, RA, s, mask) => {
    state.setGpr(RA, moved(s, placesOf(mask), everyPlace));
    return undefined;
  },
  cfuged: ({ state }, RA, s, mask) => {
    state.setGpr(RA, moved(s, [...placesOf(mask), ...placesOf(mask.not())], everyPlace));
    return undefined;
  },
});
