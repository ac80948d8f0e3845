// Constants into a register, in as few words as Linux's JIT takes.
// [Linux 6.12 arch/powerpc/net/bpf_jit.h PPC_LI32, PPC_LI64]
import { fromHalves, type U64 } from "../word/long.ts";
import type { Gpr } from "./registers.ts";
import { li, lis, nop, ori, oris, sldi, type Words } from "./ppc.ts";

/** The most words that `load64` takes. */
export const MAX_LOAD64_WORDS = 5;

export const fitsS16 = (n: number): boolean => n >= -0x8000 && n < 0x8000;
export const fitsS32 = (value: U64): boolean => value.high === value.low >> 31;

const lowHalf = (n: number): number => n & 0xffff;
/** The upper 16 of 32 bits, as the signed immediate of lis. */
const highHalf = (n: number): number => n >> 16;

/** @param imm signed 32 bits; the register gets it sign-extended to 64. 1 or 2 words. */
export function load32(gpr: Gpr, imm: number): Words {
  if (fitsS16(imm)) return [li(gpr, imm)];
  const low = lowHalf(imm);
  return [lis(gpr, highHalf(imm)), ...(low === 0 ? [] : [ori(gpr, gpr, low)])];
}

/** Any 64-bit value. 1 to 5 words. */
export function load64(gpr: Gpr, value: U64): Words {
  const { high, low } = value;
  if (fitsS32(value)) return load32(gpr, low);
  const upper =
    (high & 0xffff_8000) === 0
      ? [li(gpr, high)]
      : [lis(gpr, highHalf(high)), ...(lowHalf(high) === 0 ? [] : [ori(gpr, gpr, lowHalf(high))])];
  return [
    ...upper,
    sldi(gpr, gpr, 32),
    ...(low >>> 16 === 0 ? [] : [oris(gpr, gpr, low >>> 16)]),
    ...(lowHalf(low) === 0 ? [] : [ori(gpr, gpr, lowHalf(low))]),
  ];
}

/** `words`, filled up with nops to `length`. */
export function padded(words: Words, length: number): Words {
  return [...words, ...Array.from({ length: Math.max(0, length - words.length) }, nop)];
}

/** The value that the two slots of an LD_IMM64 hold. */
export const imm64 = (low: number, high: number): U64 => fromHalves(high, low);
