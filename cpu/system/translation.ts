// System operations on the SLB and the TLB. The SLB itself and translation are cpu/mmu's; the processor has no other TLB than
// the engines' software TLB, which every one of these flushes.
import type { U64 } from "../../word/long.ts";
import { ZERO } from "../../word/long.ts";
import type { SystemOperation } from "../isa/machine.ts";
import { refused, type Operations, type Outcome, type SystemContext } from "./context.ts";

/** Does `change` in supervisor (or hypervisor) state, then forgets all translations. */
function changing(
  context: SystemContext,
  level: "supervisor" | "hypervisor",
  what: string,
  change?: () => void,
): Outcome {
  const fault = refused(context, level, what);
  if (fault !== undefined) return fault;
  change?.();
  context.state.flushTlb();
  return undefined;
}

function reading(context: SystemContext, RT: number, what: string, value: () => U64): Outcome {
  const fault = refused(context, "supervisor", what);
  if (fault === undefined) context.state.setGpr(RT, value());
  return fault;
}

type Name = Extract<SystemOperation, `slb${string}` | `tlb${string}`>;

export const translation: Operations<Name> = Object.freeze({
  slbmte: (context, s, b) => changing(context, "supervisor", "slbmte", () => context.slb.slbmte(s, b)),
  slbie: (context, b) => changing(context, "supervisor", "slbie", () => context.slb.slbie(b)),
  slbieg: (context, _s, b) => changing(context, "supervisor", "slbieg", () => context.slb.slbie(b)),
  slbia: (context, IH) => changing(context, "supervisor", "slbia", () => context.slb.slbia(IH)),
  slbiag: (context) => changing(context, "supervisor", "slbiag", () => context.slb.slbia(0)),
  slbmfee: (context, RT, b) => reading(context, RT, "slbmfee", () => context.slb.slbmfee(b)),
  slbmfev: (context, RT, b) => reading(context, RT, "slbmfev", () => context.slb.slbmfev(b)),
  slbfee: (context, RT, b) => {
    const { state, slb } = context;
    return reading(context, RT, "slbfee.", () => {
      const found = slb.slbfee(b);
      state.setCrField(0, (found === undefined ? 0 : 2) | (state.flag("SO") ? 1 : 0));
      return found ?? ZERO;
    });
  },
  slbsync: (context) => refused(context, "supervisor", "slbsync"),
  tlbie: (context) => changing(context, "hypervisor", "tlbie"),
  tlbiel: (context) => changing(context, "supervisor", "tlbiel"),
  tlbsync: (context) => refused(context, "hypervisor", "tlbsync"),
});
