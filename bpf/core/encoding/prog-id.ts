// `prog-id`: every function has a number of its own among the kernel's programs, and `imm` is the callee's. Who may ask for
// programs by number learns its name without kallsyms. [proposed in February 2018 for dumps, never landed]
import type { CallEncoding } from "./encoding.ts";

export const progId: CallEncoding = {
  name: "prog-id",
  summary: "imm is the callee's number among the kernel's programs",
  encode: ({ callee }) => ({ off: 0, imm: callee.id }),
  target: ({ imm }, fn) => fn.aux.functionById(imm)?.bpfFunc,
  shown: ({ distance, callee }) => ({ off: distance, imm: callee.id }),
  // A number is no address.
  concealed: (shown) => shown,
  read: ({ off, imm }, { nameOfId }) => ({ distance: off, address: undefined, name: nameOfId(imm) }),
};
