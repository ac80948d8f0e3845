// BPF_CALL: helpers of the kernel, and functions of the same program. Tail calls are in tail-call.ts.
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c bpf_jit_emit_func_call_hlp; kernel/bpf/core.c bpf_jit_get_func_addr]
import type { CallEncoding } from "../../bpf/core/encoding/encoding.ts";
import type { BpfFunction } from "../../bpf/core/prog.ts";
import type { Insn } from "../../bpf/insn.ts";
import { BPF_HELPER_CALL, BPF_PSEUDO_CALL } from "../../bpf/opcodes.ts";
import { hex64, type U64, u64 } from "../../word/long.ts";
import { JitError } from "../error.ts";
import { fitsS32 } from "../immediates.ts";
import type { Pass } from "../pass.ts";
import { addi, addis, bctrl, mr, mtctr, nop, type Words } from "../ppc.ts";
import { BPF_R0, CALL_TARGET, RESULT, TOC } from "../registers.ts";
import { codeOffset, type JitTarget } from "../target.ts";

/** Address of a kernel function from the kernel's TOC, which r2 holds: four words. */
function helperCall(insn: Insn, target: JitTarget): Words {
  const helper = target.bpfCallBase.add(u64(insn.imm));
  const entry = target.localEntry(helper);
  if (!target.isCoreText(entry))
    throw new JitError("EINVAL", `helper at ${hex64(helper)} is not in the kernel's text`);
  const offset = entry.subtract(target.kernelToc);
  const low = (offset.low << 16) >> 16;
  const high = offset.subtract(u64(low)).toSigned().shiftRight(16);
  if (!fitsS32(offset) || high.toNumber() > 0x7fff)
    throw new JitError(
      "ERANGE",
      `helper at ${hex64(helper)} is more than 2 GiB from the TOC at ${hex64(target.kernelToc)}`,
    );
  return [
    addis(CALL_TARGET, TOC, high.toNumber()),
    addi(CALL_TARGET, CALL_TARGET, low),
    mtctr(CALL_TARGET),
    bctrl(),
  ];
}

/**
 * Address of the image that an instruction with a function's name in `off` and `imm` means.
 * @throws JitError EINVAL where it names none
 * @linux kernel/bpf/core.c bpf_jit_get_func_addr
 */
export function imageOf(fn: BpfFunction, insn: Insn, encoding: CallEncoding, bpfCallBase: U64): U64 {
  const image = encoding.target(insn, fn, bpfCallBase);
  if (image === undefined)
    throw new JitError(
      "EINVAL",
      `${fn.name}: off ${insn.off}, imm ${insn.imm} is none of ${fn.aux.funcCnt} functions (${encoding.name})`,
    );
  return image;
}

function functionCall(pass: Pass, insn: Insn, at: number): Words {
  const { fn, target, calls } = pass.compilation;
  if (pass.codeAddress === undefined) return Array.from({ length: calls.maxWords }, nop);
  const image = imageOf(fn, insn, fn.aux.callEncoding, target.bpfCallBase);
  const callee = fn.aux.func.find(({ bpfFunc }) => bpfFunc.eq(image));
  return calls.words({
    from: pass.codeAddress.add(u64(pass.here)),
    // Behind the descriptor, where an image has one.
    to: image.add(u64(codeOffset(target))),
    callee: callee?.name ?? "what is no function of the program",
    site: at,
  });
}

/** The call, and the result to where BPF's R0 is; `at`: slot of the instruction. */
export function call(pass: Pass, insn: Insn, at: number): void {
  if (insn.src === BPF_PSEUDO_CALL) pass.emit(functionCall(pass, insn, at));
  else if (insn.src === BPF_HELPER_CALL) pass.emit(helperCall(insn, pass.compilation.target));
  else throw new JitError("EINVAL", `call of kind ${insn.src} is unsupported`);
  pass.emit([mr(BPF_R0, RESULT)]);
}
