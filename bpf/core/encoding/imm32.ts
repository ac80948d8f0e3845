// `imm32`: `imm` is the distance of the callee's image from __bpf_call_base, cut to 32 bits. Where the distance is larger the
// call goes astray. [Linux 4.16 kernel/bpf/verifier.c jit_subprogs]
import { u64 } from "../../../word/long.ts";
import type { CallEncoding, CallSite } from "./encoding.ts";

/** The low 32 bits of the distance, as a signed number. */
export const cutDistance = ({ callee, bpfCallBase }: Pick<CallSite, "callee" | "bpfCallBase">): number =>
  callee.bpfFunc.sub(bpfCallBase).low;

export const imm32: CallEncoding = {
  name: "imm32",
  summary: "imm is the distance from __bpf_call_base, cut to 32 bits",
  encode: (site) => ({ off: 0, imm: cutDistance(site) }),
  target: ({ imm }, _fn, bpfCallBase) => bpfCallBase.add(u64(imm)),
  shown: (site) => ({ off: site.distance, imm: cutDistance(site) }),
  concealed: ({ off }) => ({ off, imm: 0 }),
  read: ({ off, imm }, { bpfCallBase }) => ({
    distance: off,
    address: bpfCallBase.add(u64(imm)),
    name: undefined,
  }),
};
