// `callee-list`: each function has a list of the addresses of those it calls; `off` is an index into its own. User space sees
// what it saw before, a distance that is cut. [first version of the series of February 2018]
import type { CallEncoding } from "./encoding.ts";
import { cutDistance, imm32 } from "./imm32.ts";

export const calleeList: CallEncoding = {
  name: "callee-list",
  summary: "off is an index into the calling function's own list of addresses",
  encode(site) {
    const { callees } = site.fn;
    const known = callees.findIndex((image) => image.eq(site.callee.bpfFunc));
    const off = known < 0 ? callees.push(site.callee.bpfFunc) - 1 : known;
    return { off, imm: cutDistance(site) };
  },
  target: ({ off }, { callees }) => callees[off],
  shown: (site) => imm32.shown(site),
  concealed: (shown) => imm32.concealed(shown),
  read: (call, view) => imm32.read(call, view),
};
