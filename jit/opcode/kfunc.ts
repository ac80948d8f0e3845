// What a call of a function of the kernel by the number of its type does before it: arguments as the callee's ABI wants them.
// The call itself is call.ts's. [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c prepare_for_kfunc_call]
import type { CalledFunction } from "../../bpf/core/kfuncs.ts";
import type { ArgumentModel } from "../../bpf/kfunc.ts";
import { JitError } from "../error.ts";
import { extsb, extsh, extsw, rldicl, type Words } from "../ppc.ts";
import { type Gpr, gprOf } from "../registers.ts";

/** The arguments as the callee's ABI wants them, in their registers. Throws JitError EINVAL for one that has no register. */
export const argumentWords = ({ name, args }: CalledFunction): Words =>
  args.flatMap((argument, i) => extension(gprOf(1 + i), argument, name));

/** BPF leaves the upper halves of narrow arguments open; the ABI has them extended by the caller [ELFv2 2.2.3, ELFv1 3.2.3]. */
function extension(gpr: Gpr, { bytes, isSigned }: ArgumentModel, callee: string): Words {
  switch (bytes) {
    case 1:
      return [isSigned ? extsb(gpr, gpr) : rldicl(gpr, gpr, 0, 56)];
    case 2:
      return [isSigned ? extsh(gpr, gpr) : rldicl(gpr, gpr, 0, 48)];
    case 4:
      return [isSigned ? extsw(gpr, gpr) : rldicl(gpr, gpr, 0, 32)];
    case 8:
      return [];
    default:
      throw new JitError("EINVAL", `${callee} has an argument of ${bytes} bytes`);
  }
}
