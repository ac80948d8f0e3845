// `aux-func`: `off` is the callee's place in the list of the program's functions, which every function's `aux` points to; how
// many there are bounds it. `imm` is kept as it was before, for JITs that look no further.
// [Linux kernel/bpf/verifier.c jit_subprogs, kernel/bpf/core.c bpf_jit_get_func_addr; since 4.18]
import { u64 } from "../../../word/long.ts";
import type { BpfFunction } from "../prog.ts";
import type { CallEncoding } from "./encoding.ts";
import { cutDistance } from "./imm32.ts";

/** The function at a place of the list; undefined outside of it. */
export function functionAt({ aux: { func, funcCnt } }: BpfFunction, off: number): BpfFunction | undefined {
  return off >= 0 && off < funcCnt ? func[off] : undefined;
}

export const auxFunc: CallEncoding = {
  name: "aux-func",
  summary: "off is an index into the list of the program's functions",
  encode: (site) => ({ off: site.callee.index, imm: cutDistance(site) }),
  target: ({ off }, fn) => functionAt(fn, off)?.bpfFunc,
  shown: ({ distance, callee }) => ({ off: distance, imm: callee.index }),
  concealed: ({ off }) => ({ off, imm: 0 }),
  read: ({ off, imm }, { ksyms, bpfCallBase }) => ({
    distance: off,
    address: ksyms[imm] ?? bpfCallBase.add(u64(imm)),
    name: undefined,
  }),
};
