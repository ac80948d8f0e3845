// System operations on MSR and on the processor as a whole: pnop, mfmsr, mtmsr(d), rfid, hrfid, attn, power saving, messages.
import { fromHalves, type U64 } from "../../word/long.ts";
import { facilityUnavailable, illegal, systemCallVectored } from "../interrupt.ts";
import { allFields, decode, type CpuModel } from "../isa/decode.ts";
import type { SystemOperation } from "../isa/machine.ts";
import { FSCR, msrBits } from "../state.ts";
import { refused, type Operations, type Outcome, type SystemContext } from "./context.ts";

const problem = msrBits("PR");
const setByProblemState = msrBits("EE", "IR", "DR");
const interruptsOnly = msrBits("EE", "RI");
const keptByMtmsrd = msrBits("HV", "ME", "LE");
const keptByRfid = msrBits("HV", "ME");
const keptByRfscv = msrBits("HV", "ME", "LE");
const hypervisor = msrBits("HV");

/** What MSR has: other bits read as 0 whatever is written. FE0 SE BE FE1 and PMM are there without effect. [III 4.2.1] */
const existing = msrBits("SF", "HV", "VEC", "VSX", "EE", "PR", "FP", "ME", "IR", "DR", "RI", "LE").or(0xf04);

/** Bits of `value` where `mask` is 1, of `old` elsewhere. */
function merge(old: U64, value: U64, mask: U64): U64 {
  return old.and(mask.not()).or(value.and(mask));
}

/** PR = 1 sets EE, IR and DR too. [Power ISA v3.1B III 5.4.5] */
function completed(value: U64): U64 {
  const msr = value.and(existing);
  return msr.and(problem).isZero() ? msr : msr.or(setByProblemState);
}

function moveToMsr(context: SystemContext, value: U64, L: 0 | 1, mask: U64): Outcome {
  const { state } = context;
  const fault = refused(context, "supervisor", "mtmsr");
  if (fault !== undefined) return fault;
  state.msr = L === 1 ? merge(state.msr, value, interruptsOnly) : merge(state.msr, completed(value), mask);
  return undefined;
}

function returnTo(context: SystemContext, nia: U64, msr: U64): void {
  context.state.msr = completed(msr);
  context.jump(fromHalves(nia.high, nia.low & ~3));
}

function unhandled(context: SystemContext, detail: string): Outcome {
  return { kind: "halt", stop: { reason: "unhandled", cia: context.cia(), detail } };
}

function sleep(context: SystemContext): Outcome {
  return (
    refused(context, "supervisor", "power saving") ??
    unhandled(context, "power saving: nothing would ever wake it")
  );
}

function message(context: SystemContext): Outcome {
  return refused(context, "supervisor", "processor control");
}

/** Branches, interrupts and what returns from them, and attn are not to be prefixed [I, pnop]. */
const notPrefixed: ReadonlySet<string> = new Set(
  "b bc bclr bcctr bctar sc scv rfscv rfid hrfid stop attn".split(" "),
);

/** Makes this suffix a pnop invalid? So do mtmsr and mtmsrd where L is 0, which synchronize. */
function isNoSuffix(suffix: number, model: CpuModel): boolean {
  const row = decode(suffix, model);
  if (row === undefined) return false;
  if (/^mtmsrd?$/.test(row.mnemonic)) return allFields(row, suffix)["L"] === 0;
  return notPrefixed.has(row.mnemonic);
}

type Name = "pnop" | "mfmsr" | "mtmsr" | "mtmsrd" | "rfid" | "hrfid" | "rfscv" | "scv" | "attn" | "wait";
type Message = "msgsnd" | "msgclr" | "msgsndp" | "msgclrp" | "msgsync";
type Sleep = "stop" | "nap" | "doze" | "sleep";

export const control: Operations<Extract<SystemOperation, Name | Message | Sleep>> = Object.freeze({
  mfmsr: (context, RT) => {
    const fault = refused(context, "supervisor", "mfmsr");
    if (fault === undefined) context.state.setGpr(RT, context.state.msr);
    return fault;
  },
  // bits 0:31 are not mtmsr's
  mtmsr: (context, s, L) => moveToMsr(context, s, L, fromHalves(0, keptByMtmsrd.not().low)),
  mtmsrd: (context, s, L) => moveToMsr(context, s, L, keptByMtmsrd.not()),
  rfid: (context) => {
    const { state } = context;
    const fault = refused(context, "supervisor", "rfid");
    if (fault !== undefined) return fault;
    const kept = state.msr.and(hypervisor).isZero() ? keptByRfid : fromHalves(0, 0);
    returnTo(context, state.spr("SRR0"), merge(state.spr("SRR1"), state.msr, kept));
    return undefined;
  },
  hrfid: (context) => {
    const fault = refused(context, "hypervisor", "hrfid");
    if (fault === undefined) returnTo(context, context.state.spr("HSRR0"), context.state.spr("HSRR1"));
    return fault;
  },
  rfscv: (context) => {
    const { state } = context;
    const fault = refused(context, "supervisor", "rfscv");
    if (fault !== undefined) return fault;
    returnTo(context, state.lr, merge(state.ctr, state.msr, keptByRfscv));
    return undefined;
  },
  scv: ({ state }, LEV) =>
    (state.spr("FSCR").low & FSCR.SCV) === 0 ? facilityUnavailable(12, "scv") : systemCallVectored(LEV),
  attn: (context) =>
    context.state.msrBit("PR")
      ? illegal(context.word, "attn in problem state")
      : { kind: "halt", stop: { reason: "attn", cia: context.cia() } },
  pnop: ({ state, word }) =>
    isNoSuffix(word, state.model) ? illegal(word, "not to be prefixed") : undefined,
  // waiting may end at once [Power ISA v3.1B II 4.6.4]
  wait: () => undefined,
  stop: sleep,
  nap: sleep,
  doze: sleep,
  sleep,
  msgsnd: message,
  msgclr: message,
  msgsndp: message,
  msgclrp: message,
  msgsync: message,
});
