// How a callee is entered once its address is in a register, or by a relative branch: descriptors, r12, whose TOC r2 holds.
// Where the address comes from is each sequence's. [ELFv2 2.3.2; ELFv1 3.2; Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c]
import type { U64 } from "../../word/long.ts";
import { bctr, bctrl, blrl, ld, mtctr, mtlr, type Words } from "../ppc.ts";
import { type Gpr, PACA, TMP1, TOC } from "../registers.ts";
import type { Call, Callee, CallMachine } from "./sequence.ts";

/** Byte offsets in a function descriptor. */
const DESCRIPTOR = { code: 0, toc: 8 };

/** Whether a callee is reached through its descriptor: BPF's code lies behind it, and needs nothing of it. */
const hasDescriptor = ({ kind }: Callee, { abi }: CallMachine): boolean => abi === "elfv1" && kind !== "bpf";

/** What a register must hold for `enter`: the descriptor's address, or the global entry point. */
export function calleeValue(callee: Pick<Call, "kind" | "to">, machine: CallMachine): U64 {
  const { global, descriptor } = callee.to;
  return hasDescriptor(callee, machine) ? (descriptor ?? global) : global;
}

/** The kernel's TOC again, behind a call that changed r2. */
export function reloadToc({ kind }: Callee, { pacaKernelToc }: CallMachine): Words {
  return kind === "module" ? [ld(TOC, pacaKernelToc, PACA)] : [];
}

/** `call`: through CTR; `jump`: the same without LR, for stubs, where the TOC comes back at the call; `lr`: a call through LR. */
export type Transfer = "call" | "jump" | "lr";

const transfers: Readonly<
  Record<Transfer, { readonly move: (gpr: Gpr) => number; readonly go: () => number }>
> = { call: { move: mtctr, go: bctrl }, jump: { move: mtctr, go: bctr }, lr: { move: mtlr, go: blrl } };

/** Into the callee whose `calleeValue` is in `gpr`, which is r12 where the callee computes its TOC from it. 2 to 5 words. */
export function enter(gpr: Gpr, callee: Callee, machine: CallMachine, transfer: Transfer = "call"): Words {
  const { move, go } = transfers[transfer];
  const back = transfer === "jump" ? [] : reloadToc(callee, machine);
  if (!hasDescriptor(callee, machine)) return [move(gpr), go(), ...back];
  const toc = callee.kind === "module" ? [ld(TOC, DESCRIPTOR.toc, gpr)] : [];
  return [ld(TMP1, DESCRIPTOR.code, gpr), move(TMP1), ...toc, go(), ...back];
}

/**
 * Where a relative branch may enter: JITed code at its start, the kernel's behind what computes the TOC that r2 holds already.
 * Undefined where the callee needs a TOC of its own: then only `enter` will do.
 */
export function branchEntry({ kind, to }: Call, { abi }: CallMachine): U64 | undefined {
  switch (kind) {
    case "bpf":
      return to.global;
    case "core":
      return to.local;
    case "module":
      return abi === "elfv2" && to.local.eq(to.global) ? to.global : undefined;
  }
}
