// What happens at a word that no row describes: illegal, or one of the floating-point and vector instructions, whose facility is
// off (an interrupt) or on (the machine has none: the run ends).
import { hex32, hex64, type U64 } from "../../word/long.ts";
import { illegal } from "../interrupt.ts";
import type { CpuState, MsrBit } from "../state.ts";
import type { Outcome } from "./context.ts";

interface Facility {
  readonly name: string;
  readonly enable: MsrBit;
  /** Interrupt while it is off. [Power ISA v3.1B III 7.5.10, 7.5.19, 7.5.20] */
  readonly vector: number;
}

const floatingPoint: Facility = { name: "floating-point", enable: "FP", vector: 0x800 };
const vector: Facility = { name: "vector", enable: "VEC", vector: 0xf20 };
const vectorScalar: Facility = { name: "vector-scalar", enable: "VSX", vector: 0xf40 };

const byPrimary: ReadonlyMap<number, Facility> = new Map([
  ...[48, 49, 50, 51, 52, 53, 54, 55, 59, 63].map((n) => [n, floatingPoint] as const),
  [4, vector],
  ...[60, 61, 57].map((n) => [n, vectorScalar] as const),
]);

/** Extended opcodes (bits 21:30) under primary opcode 31. */
const byExtended: ReadonlyMap<number, Facility> = new Map([
  ...[535, 567, 599, 631, 663, 695, 727, 759, 983, 855, 887].map((n) => [n, floatingPoint] as const),
  ...[6, 38, 7, 39, 71, 103, 359, 135, 167, 199, 231, 487].map((n) => [n, vector] as const),
  ...[12, 76, 140, 332, 524, 588, 780, 844, 652, 716, 908, 972, 51, 115, 179, 211, 243].map(
    (n) => [n, vectorScalar] as const,
  ),
]);

/** Bits 6:7 of the prefix, bits 8:11 as far as they count, primary opcodes of the suffix. [Power ISA v3.1B I 1.6.3] */
// prettier-ignore
const prefixed: readonly (readonly [type: number, mask: number, subtype: number, opcodes: readonly number[], Facility])[] = [
  [0, 8, 0, [42, 43, 46, 47, 50, 51, 54, 55, 58, 62], vectorScalar], // plxsd plxssp pstxsd pstxssp plxv pstxv plxvp pstxvp
  [1, 15, 0, [32, 33, 34], vectorScalar],                            // xxsplti… xxblendv… xxpermx xxeval
  [2, 8, 0, [48, 50, 52, 54], floatingPoint],                        // plfs plfd pstfs pstfd
  [3, 15, 9, [59], vectorScalar],                                    // pmxv…
];

/** The outcome of a word without a row at `cia`. */
export function missing(state: CpuState, cia: U64, word: number): Outcome {
  const primary = word >>> 26;
  const facility = primary === 31 ? byExtended.get((word >>> 1) & 0x3ff) : byPrimary.get(primary);
  return facility === undefined ? illegal(word) : unavailable(state, cia, facility, hex32(word));
}

/** The outcome of a prefix and a suffix without a row at `cia`. */
export function missingPrefixed(state: CpuState, cia: U64, prefix: number, suffix: number): Outcome {
  const found = prefixed.find(
    ([type, mask, subtype, opcodes]) =>
      type === ((prefix >>> 24) & 3) &&
      subtype === ((prefix >>> 20) & mask) &&
      opcodes.includes(suffix >>> 26),
  );
  if (found === undefined) return illegal(suffix);
  return unavailable(state, cia, found[4], `${hex32(prefix)} ${hex32(suffix)}`);
}

/** An instruction of a facility that the machine does not have. */
function unavailable(state: CpuState, cia: U64, facility: Facility, words: string): Outcome {
  const what = `${words}: ${facility.name} instruction`;
  if (!state.msrBit(facility.enable))
    return { kind: "interrupt", vector: facility.vector, srr1: 0, detail: `${what}, facility unavailable` };
  const detail = `${what} at ${hex64(cia)}: not modelled`;
  return { kind: "halt", stop: { reason: "unhandled", cia, detail } };
}
