// Loads, stores, and the 64-bit immediate. Atomics are in atomic.ts. [RFC 9669 5]
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c]
import { auxFunc } from "../../bpf/core/encoding/aux-func.ts";
import type { Insn } from "../../bpf/insn.ts";
import { BPF_MEM, BPF_MEMSX, BPF_PSEUDO_FUNC, bytesOf, modeOf } from "../../bpf/opcodes.ts";
import { JitError, unsupported } from "../error.ts";
import { imm64, load32, load64, MAX_LOAD64_WORDS, padded } from "../immediates.ts";
import type { Pass } from "../pass.ts";
import {
  extsb,
  lbz,
  ld,
  ldx,
  lha,
  lhz,
  li,
  lwa,
  lwax,
  lwz,
  stb,
  std,
  stdx,
  sth,
  stw,
  type Words,
} from "../ppc.ts";
import { type Gpr, gprOf, TMP1, TMP2 } from "../registers.ts";
import { imageOf } from "./call.ts";

/** The offset field of ld, std and lwa counts words: others go through an index register. */
const fitsDs = (off: number): boolean => off % 4 === 0;

type Load = (d: Gpr, off: number, base: Gpr) => Words;

const zeroExtending: Readonly<Record<1 | 2 | 4 | 8, Load>> = {
  1: (d, off, base) => [lbz(d, off, base)],
  2: (d, off, base) => [lhz(d, off, base)],
  4: (d, off, base) => [lwz(d, off, base)],
  8: (d, off, base) => (fitsDs(off) ? [ld(d, off, base)] : [li(TMP1, off), ldx(d, base, TMP1)]),
};

const signExtending: Readonly<Record<1 | 2 | 4, Load>> = {
  1: (d, off, base) => [lbz(d, off, base), extsb(d, d)],
  2: (d, off, base) => [lha(d, off, base)],
  4: (d, off, base) => (fitsDs(off) ? [lwa(d, off, base)] : [li(TMP1, off), lwax(d, base, TMP1)]),
};

/** @param index a register that may be lost, where the offset needs one */
function storeWords(bytes: 1 | 2 | 4 | 8, value: Gpr, at: { off: number; base: Gpr; index: Gpr }): Words {
  const { off, base, index } = at;
  switch (bytes) {
    case 1:
      return [stb(value, off, base)];
    case 2:
      return [sth(value, off, base)];
    case 4:
      return [stw(value, off, base)];
    case 8:
      return fitsDs(off) ? [std(value, off, base)] : [li(index, off), stdx(value, base, index)];
  }
}

/** BPF_LDX: memory at src + off into dst. */
export function load(pass: Pass, insn: Insn): void {
  const bytes = bytesOf(insn.code);
  const mode = modeOf(insn.code);
  const how = mode === BPF_MEM ? zeroExtending[bytes] : bytes === 8 ? undefined : signExtending[bytes];
  if (how === undefined || (mode !== BPF_MEM && mode !== BPF_MEMSX)) throw unsupported(insn);
  pass.emit(how(gprOf(insn.dst), insn.off, gprOf(insn.src)));
}

/** BPF_STX: src to memory at dst + off. */
export function storeRegister(pass: Pass, insn: Insn): void {
  pass.emit(
    storeWords(bytesOf(insn.code), gprOf(insn.src), { off: insn.off, base: gprOf(insn.dst), index: TMP1 }),
  );
}

/** BPF_ST: the constant, sign-extended, to memory at dst + off. */
export function storeConstant(pass: Pass, insn: Insn): void {
  const bytes = bytesOf(insn.code);
  // The low bits are all that counts where fewer than 32 are stored.
  pass.emit(bytes <= 2 ? [li(TMP1, (insn.imm << 16) >> 16)] : load32(TMP1, insn.imm));
  pass.emit(storeWords(bytes, TMP1, { off: insn.off, base: gprOf(insn.dst), index: TMP2 }));
}

/**
 * BPF_LD_IMM64. Of a function, `off` is its place in the program's list; its address is known only when it has an image, so
 * it is sized at its most.
 */
export function loadImm64(pass: Pass, insn: Insn, second: Insn | undefined): void {
  if (second === undefined) throw new JitError("EINVAL", "the second half of a 64-bit immediate is missing");
  const d = gprOf(insn.dst);
  if (insn.src !== BPF_PSEUDO_FUNC) {
    pass.emit(load64(d, imm64(insn.imm, second.imm)));
    return;
  }
  const { fn, target } = pass.compilation;
  const image = imageOf(fn, insn, auxFunc, target.bpfCallBase);
  const sizing = pass.codeAddress === undefined;
  pass.emit(sizing ? padded([], MAX_LOAD64_WORDS) : load64(d, image));
}
