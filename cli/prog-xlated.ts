// `farcall prog dump xlated`: the instructions that the kernel holds after loading, in bpftool's form.
import { bpfHelperName } from "../bpf/helpers/table.ts";
import { decodeInsns, INSN_BYTES, isKfuncCall, isLdImm64, isPseudoCall, type Insn } from "../bpf/insn.ts";
import { remark, resolveCalls } from "../bpf/print/calls.ts";
import { drawControlFlow } from "../bpf/print/cfg.ts";
import { dumpXlated, plainDump } from "../bpf/print/dump.ts";
import type { XlatedNames } from "../bpf/print/xlated.ts";
import { u64 } from "../word/long.ts";
import { Refused } from "./errors.ts";
import type { Printed } from "./prog.ts";
import { linesOf, sourceJson, type ProgramView } from "./prog-view.ts";

export function xlatedDump(view: ProgramView): Printed {
  const { info, symbols, encoding, endian, nameOfId, detail, prototypes } = view;
  const bytes = info.xlated_prog_insns;
  if (bytes === undefined) throw new Refused("error retrieving insn dump: kernel.kptr_restrict set?");
  const insns = decodeInsns(bytes, endian);
  const resolved = resolveCalls({
    insns,
    ksymCount: info.nr_jited_ksyms,
    ksyms: info.jited_ksyms,
    encoding,
    symbols,
    nameOfId,
  });
  const calls = new Map(resolved.map((call) => [call.slot, call]));
  const names: XlatedNames = {
    call: (insn, slot) => (isPseudoCall(insn) ? calls.get(slot)?.text : helperName(insn, view)),
  };
  if (detail === "visual") {
    const starts = resolved.flatMap(({ target }) => (target === undefined ? [] : [target]));
    if (starts.length < resolved.length)
      throw new Refused(`with ${encoding.name} calls do not say where functions start`);
    const call: XlatedNames["call"] = (insn) =>
      isPseudoCall(insn) ? `${insn.off < 0 ? "" : "+"}${insn.off}` : helperName(insn, view);
    return { lines: drawControlFlow(insns, starts, { call }), json: undefined };
  }
  const lines = dumpXlated(insns, { names, prototypes, lines: linesOf(info) });
  const raw = (slot: number): Uint8Array => bytesAt(bytes, insns, slot);
  const linum = detail === "linum";
  const kfuncAt = (slot: number): string | undefined => {
    const insn = insns[slot];
    return insn !== undefined && isKfuncCall(insn) ? view.kfuncName(insn) : undefined;
  };
  return {
    lines: plainDump(lines, {
      linum,
      ...(detail === "opcodes" ? { bytes: (slot) => [...raw(slot)].map(hex).join(" ") } : {}),
      remark: (slot) => {
        const kfunc = kfuncAt(slot);
        return kfunc === undefined ? remark(calls.get(slot) ?? { instead: undefined }) : ` ; ${kfunc}`;
      },
    }),
    json: lines.map(({ slot, text, prototype, source }) => ({
      ...(prototype === undefined ? {} : { proto: prototype }),
      ...(source === undefined ? {} : sourceJson(source, linum)),
      disasm: text,
      ...(detail === "opcodes" ? { opcodes: opcodes(raw(slot), endian) } : {}),
      ...(calls.has(slot) && encoding.name !== "aux-func" ? { call: calls.get(slot)?.kind } : {}),
      ...(kfuncAt(slot) === undefined ? {} : { kfunc: kfuncAt(slot) }),
    })),
  };
}

/**
 * The function at that distance from __bpf_call_base. Where no symbol is there, the helper of that number: who may not see
 * addresses finds 0 in every call.
 * @linux kernel/bpf/disasm.c __func_get_name, tools/bpf/bpftool/xlated_dumper.c print_call_helper
 */
function helperName(insn: Insn, { symbols }: ProgramView): string {
  const address = symbols.bpfCallBase.add(u64(insn.imm));
  // The number of another function's type is no distance, but bpftool takes it for one.
  const helper = isKfuncCall(insn) ? undefined : bpfHelperName(insn.imm);
  return symbols.at(address) ?? helper ?? `0x${address.toString(16)}`;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

function bytesAt(bytes: Uint8Array, insns: readonly Insn[], slot: number): Uint8Array {
  const insn = insns[slot];
  const slots = insn !== undefined && isLdImm64(insn) ? 2 : 1;
  return bytes.subarray(slot * INSN_BYTES, (slot + slots) * INSN_BYTES);
}

/** The fields in memory order; `imm` of a 64-bit load goes on through the second slot. */
function opcodes(bytes: Uint8Array, endian: "le" | "be"): object {
  const list = (from: number, to: number): readonly string[] =>
    [...bytes.subarray(from, to)].map((byte) => `0x${hex(byte)}`);
  const registers = bytes[1] ?? 0;
  const nibbles = [registers & 0xf, registers >> 4].map((n) => `0x${n.toString(16)}`);
  const [dst, src] = endian === "le" ? nibbles : nibbles.reverse();
  return { code: list(0, 1)[0], src_reg: src, dst_reg: dst, off: list(2, 4), imm: list(4, bytes.length) };
}
