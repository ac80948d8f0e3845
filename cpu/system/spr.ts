// mfspr and mtspr: who may read and write which SPR, and the few that are not just a stored value.
import { fromHalves, type U64 } from "../../word/long.ts";
import { facilityUnavailable, illegal, privileged, type Interrupt } from "../interrupt.ts";
import { SPR, type SprName } from "../spr.ts";
import { FSCR, type CpuState } from "../state.ts";

type Level = "problem" | "supervisor" | "hypervisor" | "never";

/** Least state for reading and for writing. [Power ISA v3.1B III 5.4.4] */
// prettier-ignore
const levels: Readonly<
  Record<Level, { readonly read: readonly SprName[]; readonly write: readonly SprName[] }>
> = {
  problem: {
    read: [
      "XER", "UDSCR", "LR", "CTR", "UAMR", "CTRLR", "VRSAVE", "USPRG3", "TB", "TBU", "TAR", "PPR", "PPR32",
      "BESCR", "EBBHR", "EBBRR",
    ],
    write: [
      "XER", "UDSCR", "LR", "CTR", "UAMR", "VRSAVE", "TAR", "PPR", "PPR32", "BESCR", "EBBHR", "EBBRR",
    ],
  },
  supervisor: {
    read: [
      "DSCR", "DSISR", "DAR", "DEC", "SRR0", "SRR1", "CFAR", "AMR", "PIDR", "IAMR", "FSCR", "UAMOR",
      "PSPB", "DPDES", "SPRG0", "SPRG1", "SPRG2", "SPRG3", "PVR", "SPURR", "PURR", "ASDR", "PSSCR", "PIR",
    ],
    write: [
      "DSCR", "DSISR", "DAR", "DEC", "SRR0", "SRR1", "CFAR", "AMR", "PIDR", "IAMR", "CTRL", "FSCR",
      "UAMOR", "PSPB", "SPRG0", "SPRG1", "SPRG2", "SPRG3", "PSSCR",
    ],
  },
  hypervisor: {
    read: [
      "SDR1", "DAWR0", "DAWRX0", "RPR", "CIABR", "HFSCR", "HSPRG0", "HSPRG1", "HDSISR", "HDAR", "HDEC",
      "HRMOR", "HSRR0", "HSRR1", "LPCR", "LPIDR", "HMER", "HMEER", "PCR", "HEIR", "AMOR", "PTCR",
    ],
    write: [
      "SDR1", "DAWR0", "DAWRX0", "RPR", "CIABR", "HFSCR", "DPDES", "TBL", "TBUW", "TBU40", "SPURR", "PURR",
      "HSPRG0", "HSPRG1", "HDSISR", "HDAR", "HDEC", "HRMOR", "HSRR0", "HSRR1", "LPCR", "LPIDR", "HMER",
      "HMEER", "PCR", "HEIR", "AMOR", "PTCR", "ASDR",
    ],
  },
  never: { read: [], write: [] },
};

/** SPRs of 32 bits. */
const words: ReadonlySet<number> = new Set([
  SPR.DSISR,
  SPR.DEC,
  SPR.CTRL,
  SPR.PSPB,
  SPR.VRSAVE,
  SPR.PVR,
  SPR.HDSISR,
  SPR.HEIR,
  SPR.PIDR,
  SPR.LPIDR,
  SPR.PIR,
]);

/** HEIR has room for a prefix on power10. */
function hasWord(state: CpuState, n: number): boolean {
  return words.has(n) && !(n === SPR.HEIR && state.model === "power10");
}

function levelOf(n: number, access: "read" | "write"): Level {
  for (const level of ["problem", "supervisor", "hypervisor"] as const)
    if (levels[level][access].some((name) => SPR[name] === n)) return level;
  return "never";
}

/** Numbers that are illegal even in supervisor state when no SPR has them; others do nothing there. */
const illegalNumbers = { read: [0, 4, 5, 6], write: [0] } as const;

/** An instruction that does nothing. */
export const NOTHING = "nothing";

/** Whether the access may go on; otherwise its interrupt, or that it does nothing. [Power ISA v3.1B III 5.4.4 mtspr, mfspr] */
function allowed(
  state: CpuState,
  n: number,
  access: "read" | "write",
  word: number,
): Interrupt | typeof NOTHING | undefined {
  const level = levelOf(n, access);
  const problemState = state.msrBit("PR");
  if (n === SPR.TAR && problemState && (state.spr("FSCR").low & FSCR.TAR) === 0)
    return facilityUnavailable(8, "TAR");
  if (level === "problem") return undefined;
  const detail = `SPR ${n} (${access})`;
  if (problemState) return (n & 16) !== 0 ? privileged(detail) : illegal(word, detail);
  if (level === "supervisor") return undefined;
  if (level === "hypervisor")
    return state.msrBit("HV") ? undefined : illegal(word, `${detail} outside hypervisor state`);
  const never: readonly number[] = illegalNumbers[access];
  return never.includes(n) ? illegal(word, detail) : NOTHING;
}

/** SPRs that are another one's second number. */
const aliases: ReadonlyMap<number, SprName> = new Map([
  [SPR.UDSCR, "DSCR"],
  [SPR.UAMR, "AMR"],
  [SPR.CTRLR, "CTRL"],
  [SPR.USPRG3, "SPRG3"],
]);

/** mfspr: the value, or an interrupt, or that the target stays as it is. */
export function readSpr(state: CpuState, n: number, word: number): U64 | Interrupt | typeof NOTHING {
  const fault = allowed(state, n, "read", word);
  if (fault !== undefined) return fault;
  if (n === SPR.TB) return state.timeBase;
  if (n === SPR.TBU) return state.timeBase.shru(32);
  if (n === SPR.PPR32) return state.spr("PPR").shru(32);
  return state.spr(aliases.get(n) ?? n);
}

/** mtspr: an interrupt, or undefined where it is done (or does nothing). */
export function writeSpr(state: CpuState, n: number, value: U64, word: number): Interrupt | undefined {
  const fault = allowed(state, n, "write", word);
  if (fault === NOTHING) return undefined;
  if (fault !== undefined) return fault;
  const low = fromHalves(0, value.low);
  const time = state.timeBase;
  if (n === SPR.TBL) state.timeBase = fromHalves(time.high, value.low);
  else if (n === SPR.TBUW) state.timeBase = fromHalves(value.low, time.low);
  else if (n === SPR.TBU40)
    state.timeBase = fromHalves(value.high, (value.low & ~0xff_ffff) | (time.low & 0xff_ffff));
  else if (n === SPR.PPR32) state.setSpr("PPR", fromHalves(value.low, 0));
  else state.setSpr(aliases.get(n) ?? n, hasWord(state, n) ? low : value);
  return undefined;
}
