// JITed code as lines: words, spelling, and which BPF instruction each belongs to. Compiles and runs nothing.
import Long from "long";
import type { Insn } from "../bpf/insn.ts";
import { slotsOf } from "../bpf/insn.ts";
import { disassembleAll } from "../cpu/isa/disassemble-all.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import type { JitedFunction } from "../jit/program.ts";
import { hex64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";

/** One line of code. */
export interface CodeLine {
  readonly address: U64;
  /** Bytes from the function's first instruction. */
  readonly pc: number;
  /** Of a prefixed instruction the prefix. */
  readonly word: number;
  readonly suffix?: number;
  readonly text: string;
}

/** The code of one BPF instruction, or of the prologue, the epilogue, or the stubs that calls share. */
export interface CodeGroup {
  readonly kind: "prologue" | "insn" | "epilogue" | "stubs";
  /** Slot of the BPF instruction; -1 for the others. */
  readonly slot: number;
  readonly code: readonly CodeLine[];
}

/** Name and offset of the symbol an address belongs to: `bpf_map_lookup_elem`, `bpf_prog_…_main+0x8`. */
export type NameOf = (address: U64) => string | undefined;

/** Every instruction of a function, in order. Addresses in the text are followed by their symbol. */
export function codeLines(
  fn: Pick<JitedFunction, "words" | "code">,
  cpu: CpuModel,
  nameOf: NameOf,
): readonly CodeLine[] {
  return [...disassembleAll(fn.words, fn.code, { cpu })].map(({ address, words: [word, suffix], text }) => ({
    address,
    pc: address.sub(fn.code).low,
    word,
    ...(suffix === undefined ? {} : { suffix }),
    text: symbolized(text, nameOf),
  }));
}

/** `bl 0xd00000000004102c` → `bl 0xd00000000004102c <name+0x4>`; an address without a symbol stays as it is. */
function symbolized(text: string, nameOf: NameOf): string {
  const [, digits] = /(?:\b0x|# )([0-9a-f]{9,16})$/.exec(text) ?? [];
  if (digits === undefined) return text;
  const padded = digits.padStart(16, "0");
  const name = nameOf(
    Long.fromBits(parseInt(padded.slice(8), 16) | 0, parseInt(padded.slice(0, 8), 16) | 0, true),
  );
  return name === undefined ? text : `${text} <${name}>`;
}

/** The code beside the BPF instructions it came from. `insns` are those that the JIT was given. */
export function codeGroups(
  fn: JitedFunction,
  insns: readonly Insn[],
  cpu: CpuModel,
  nameOf: NameOf,
): readonly CodeGroup[] {
  const lines = codeLines(fn, cpu, nameOf);
  const lineAt = new Map(lines.map(({ pc }, i) => [pc, i]));
  const between = (from: number, to: number): readonly CodeLine[] =>
    lines.slice(lineAt.get(from) ?? lines.length, lineAt.get(to) ?? lines.length);
  const offset = (slot: number): number => fn.insnOffsets[slot] ?? fn.bytes;
  const groups: CodeGroup[] = [{ kind: "prologue", slot: -1, code: between(0, offset(0)) }];
  for (let slot = 0; slot < insns.length;) {
    const insn = insns[slot];
    const next = slot + (insn === undefined ? 1 : slotsOf(insn));
    groups.push({ kind: "insn", slot, code: between(offset(slot), offset(next)) });
    slot = next;
  }
  groups.push({ kind: "epilogue", slot: -1, code: between(offset(insns.length), fn.stubsOffset) });
  if (fn.stubsOffset < fn.bytes)
    groups.push({ kind: "stubs", slot: -1, code: between(fn.stubsOffset, fn.bytes) });
  return groups;
}

/** The name of a symbol and the offset in it, as an oops prints them but without the size. */
export function nameWithOffset(name: string, offset: number): string {
  return offset === 0 ? name : `${name}+0x${offset.toString(16)}`;
}

/** 16 hex digits without 0x. */
export function bare(address: U64): string {
  return hex64(address).slice(2);
}
