// BPF_END: byte swaps, to an order (BPF_ALU) or always (BPF_ALU64). [RFC 9669 4.2]
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c]
import type { Insn } from "../../bpf/insn.ts";
import { BPF_ALU64, BPF_TO_BE, BPF_TO_LE, classOf, sourceOf } from "../../bpf/opcodes.ts";
import { JitError } from "../error.ts";
import type { Frame } from "../frame.ts";
import type { Pass } from "../pass.ts";
import { addi, ldbrx, mr, rldicl, rlwimi, rlwinm, std, type Words, zext32 } from "../ppc.ts";
import { type Gpr, gprOf, STACK_POINTER, TMP1 } from "../registers.ts";

/** The bytes of `d` the other way round, the rest of it cleared. */
function swapped(d: Gpr, bits: number, frame: Frame): Words | undefined {
  switch (bits) {
    case 16:
      return [rlwinm(TMP1, d, 24, 24, 31), rlwimi(TMP1, d, 8, 16, 23), mr(d, TMP1)];
    case 32:
      // Rotated by 8, bytes 1 and 3 are where they belong; bytes 0 and 2 come rotated by 24.
      return [rlwinm(TMP1, d, 8, 0, 31), rlwimi(TMP1, d, 24, 0, 7), rlwimi(TMP1, d, 24, 16, 23), mr(d, TMP1)];
    case 64:
      return [
        std(d, frame.localTmp, STACK_POINTER),
        addi(TMP1, STACK_POINTER, frame.localTmp),
        ldbrx(d, 0, TMP1),
      ];
    default:
      return undefined;
  }
}

/** The value in the order it has already: only what is above its bits is cleared. */
function inOrder(d: Gpr, bits: number, zext: boolean): Words | undefined {
  switch (bits) {
    case 16:
      return [rldicl(d, d, 0, 48)];
    case 32:
      return zext ? [zext32(d, d)] : [];
    case 64:
      return [];
    default:
      return undefined;
  }
}

export function swap(pass: Pass, insn: Insn): void {
  const { target, frame, fn } = pass.compilation;
  const own = target.endian === "le" ? BPF_TO_LE : BPF_TO_BE;
  const always = classOf(insn.code) === BPF_ALU64;
  const d = gprOf(insn.dst);
  const words =
    always || sourceOf(insn.code) !== own
      ? swapped(d, insn.imm, frame)
      : inOrder(d, insn.imm, !fn.verifierZext);
  if (words === undefined) throw new JitError("EINVAL", `byte swap of ${insn.imm} bits is none`);
  pass.emit(words);
}
