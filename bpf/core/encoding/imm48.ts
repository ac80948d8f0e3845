// `imm48`: `off` is the upper half and `imm` the lower one of a signed 48-bit distance of the callee's image from
// __bpf_call_base. Where the distance is larger the program is refused. Nothing of `off` is left for anything else: a dump
// cannot say how many instructions away the callee is. [proposed in February 2018, never landed]
import { fromHalves, hex64, type U64 } from "../../../word/long.ts";
import { BpfLoadError } from "../../load-error.ts";
import type { CallEncoding, CallFields } from "./encoding.ts";

/** The distance that the two fields are. */
const distanceIn = ({ off, imm }: CallFields): U64 => fromHalves(off, imm);

export const imm48: CallEncoding = {
  name: "imm48",
  summary: "off and imm are a 48-bit distance from __bpf_call_base; refused where it does not fit",
  encode({ fn, callee, bpfCallBase }) {
    const distance = callee.bpfFunc.sub(bpfCallBase);
    const off = (distance.high << 16) >> 16;
    if (off !== distance.high)
      throw new BpfLoadError(
        `${fn.name}: ${callee.name} at ${hex64(callee.bpfFunc)} is more than 48 bits from __bpf_call_base at ${hex64(bpfCallBase)}`,
        "ERANGE",
      );
    return { off, imm: distance.low };
  },
  target: (call, _fn, bpfCallBase) => bpfCallBase.add(distanceIn(call)),
  shown(site) {
    return this.encode(site);
  },
  concealed: () => ({ off: 0, imm: 0 }),
  read: (call, { bpfCallBase }) => ({
    distance: undefined,
    address: bpfCallBase.add(distanceIn(call)),
    name: undefined,
  }),
};
