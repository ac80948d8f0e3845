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

/** The outcome of a word without a row at `cia`. */
export function missing(state: CpuState, cia: U64, word: number): Outcome {
  const primary = word >>> 26;
  const facility = primary === 31 ? byExtended.get((word >>> 1) & 0x3ff) : byPrimary.get(primary);
  if (facility === undefined) return illegal(word);
  const what = `${hex32(word)}: ${facility.name} instruction`;
  if (!state.msrBit(facility.enable))
    return { kind: "interrupt", vector: facility.vector, srr1: 0, detail: `${what}, facility unavailable` };
  const detail = `${what} at ${hex64(cia)}: not modelled`;
  return { kind: "halt", stop: { reason: "unhandled", cia, detail } };
}
