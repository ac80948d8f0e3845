// BPF_ST | BPF_NOSPEC: no load behind it gets the value of a store before it by speculation. Only the core makes it, for
// programs of the unprivileged. [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c; arch/powerpc/kernel/security.c setup_stf_barrier]
import { load64 } from "../immediates.ts";
import type { Pass } from "../pass.ts";
import { bctrl, eieio, ld, mtctr, ori, sync } from "../ppc.ts";
import { CALL_TARGET, FRAME_POINTER, PACA, TMP1 } from "../registers.ts";

/** Bit 6, reserved in eieio, makes it this barrier on POWER9. */
const STF_HINT = 0x0200_0000;

/** As the target's processor has it; nothing where it needs none. */
export function nospec(pass: Pass): void {
  const { stfBarrier } = pass.compilation.target;
  switch (stfBarrier.kind) {
    case "none":
      return;
    case "eieio":
      pass.emit([(eieio() | STF_HINT) >>> 0]);
      return;
    case "sync-ori":
      pass.emit([sync(), ld(TMP1, 0, PACA), ori(FRAME_POINTER, FRAME_POINTER, 0)]);
      return;
    case "fallback":
      pass.emit([...load64(CALL_TARGET, stfBarrier.address), mtctr(CALL_TARGET), bctrl()]);
  }
}
