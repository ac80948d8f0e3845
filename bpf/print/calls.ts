// What a dump tool makes of the calls in a translated program, from what the kernel gave it alone: names, bare addresses,
// nothing, or something else than what is called.
import { hex64, ZERO, type U64 } from "../../word/long.ts";
import type { CallEncoding, CallView, ReadCall } from "../core/encoding/encoding.ts";
import { isPseudoCall, slotsOf, type Insn } from "../insn.ts";
import type { SymbolTable } from "./symbol-table.ts";

/**
 * - resolved: the callee's name
 * - address: the callee's address, which no symbol has
 * - nothing: neither, at most how many instructions away the callee is
 * - wrong: the address or the name of something else
 */
export type Resolution = "resolved" | "address" | "nothing" | "wrong";

/** A call of a function of the same program. */
export interface ResolvedCall {
  readonly slot: number;
  readonly kind: Resolution;
  /** Slot of the callee; undefined where the call does not say it. */
  readonly target: number | undefined;
  /** What stands behind `call pc`: `+5#bpf_prog_TAG_NAME`, `+5#0xd000000000041028`, `+5`. */
  readonly text: string;
  /** Where the callee is, for a call that is wrong. */
  readonly instead: U64 | undefined;
}

/** What the kernel gave. */
export interface DumpedCalls {
  readonly insns: readonly Insn[];
  /** `nr_jited_ksyms`: 0 of an interpreted program. */
  readonly ksymCount: number;
  /** `jited_ksyms`; undefined for who may not see addresses. */
  readonly ksyms: readonly U64[] | undefined;
  readonly encoding: CallEncoding;
  readonly symbols: SymbolTable;
  readonly nameOfId: CallView["nameOfId"];
}

/**
 * Every call of a function, in order.
 * @linux tools/bpf/bpftool/xlated_dumper.c print_call, print_call_pcrel
 */
export function resolveCalls(dumped: DumpedCalls): readonly ResolvedCall[] {
  const { insns, encoding, symbols, nameOfId, ksymCount } = dumped;
  const calls = callSlots(insns);
  // The call of an interpreted program has a distance, whatever the encoding.
  if (ksymCount === 0)
    return calls.map(({ slot, insn }) => ({
      slot,
      kind: "nothing",
      target: slot + 1 + insn.off,
      text: signed(insn.off),
      instead: undefined,
    }));
  const ksyms = dumped.ksyms ?? Array.from({ length: ksymCount }, () => ZERO);
  const view = { ksyms, bpfCallBase: symbols.bpfCallBase, nameOfId };
  const read = calls.map(({ slot, insn }) => ({ slot, ...encoding.read(insn, view) }));
  const callees = insns.length > MAX_TRUE_DISTANCE ? [] : calleesOf(read, ksyms);
  return read.map((call, i) => {
    const found = resolution(call, callees[i], symbols);
    // Zeros are no addresses.
    const kind = dumped.ksyms === undefined && call.name === undefined ? "nothing" : found.kind;
    return { slot: call.slot, target: targetOf(call), ...found, kind };
  });
}

/** In longer programs `off` may not hold a distance whole. */
const MAX_TRUE_DISTANCE = 0x7fff;

type Call = ReadCall & { readonly slot: number };

/** @param callee where it really is, where that can be told */
function resolution(
  { distance, address, name }: Call,
  callee: U64 | undefined,
  symbols: SymbolTable,
): Omit<ResolvedCall, "slot" | "target"> {
  const away = distance === undefined ? "" : signed(distance);
  if (address === undefined)
    return name === undefined
      ? { kind: "nothing", text: away, instead: undefined }
      : { kind: "resolved", text: `${away}#${name}`, instead: undefined };
  const symbol = symbols.at(address);
  const text = `${away}#${symbol ?? `0x${address.toString(16)}`}`;
  if (callee !== undefined && !callee.eq(address)) return { kind: "wrong", text, instead: callee };
  return { kind: symbol === undefined ? "address" : "resolved", text, instead: undefined };
}

/**
 * Where each callee is, as far as distances tell: functions start at slot 0 and where calls go, in the order of `jited_ksyms`.
 * Without distances an address is the callee's if it is in the list.
 */
function calleesOf(calls: readonly Call[], ksyms: readonly U64[]): readonly (U64 | undefined)[] {
  const starts = [...new Set([0, ...calls.map((call) => targetOf(call) ?? 0)])].sort((a, b) => a - b);
  return calls.map((call) => {
    const start = targetOf(call);
    if (start === undefined) return ksyms.find((ksym) => call.address?.eq(ksym) === true);
    const callee = starts.length === ksyms.length ? ksyms[starts.indexOf(start)] : undefined;
    return callee?.isZero() === true ? undefined : callee;
  });
}

const targetOf = ({ slot, distance }: Call): number | undefined =>
  distance === undefined ? undefined : slot + 1 + distance;

function callSlots(insns: readonly Insn[]): readonly { readonly slot: number; readonly insn: Insn }[] {
  const found: { slot: number; insn: Insn }[] = [];
  for (let slot = 0; slot < insns.length;) {
    const insn = insns[slot];
    if (insn === undefined) break;
    if (isPseudoCall(insn)) found.push({ slot, insn });
    slot += slotsOf(insn);
  }
  return found;
}

const signed = (n: number): string => (n < 0 ? `${n}` : `+${n}`);

/** What is said of a wrong call: ` ; wrong: 0x…`, the address of the callee. */
export const remark = ({ instead }: Pick<ResolvedCall, "instead">): string =>
  instead === undefined ? "" : ` ; wrong: ${hex64(instead)}`;
