// A whole program as `bpftool prog dump xlated` lists it: prototypes, source lines and instructions.
import type { SourceLine } from "../elf/btf-ext.ts";
import { slotsOf, type Insn } from "../insn.ts";
import { printXlated, type XlatedNames } from "./xlated.ts";

/** An instruction, with what stands above it. */
export interface DumpLine {
  readonly slot: number;
  /** `(b7) r0 = 0` */
  readonly text: string;
  /** Of the function that starts here: `int main_prog(struct xdp_md * ctx)`. */
  readonly prototype: string | undefined;
  /** The line of source that starts here, without the space in front of it. */
  readonly source: SourceLine | undefined;
}

/** What is known by slot. */
export interface DumpNames {
  readonly names?: XlatedNames;
  readonly prototypes?: ReadonlyMap<number, string>;
  readonly lines?: ReadonlyMap<number, SourceLine>;
}

/** Every instruction, in order. */
export function dumpXlated(insns: readonly Insn[], known: DumpNames = {}): readonly DumpLine[] {
  const lines: DumpLine[] = [];
  for (let slot = 0; slot < insns.length;) {
    lines.push({
      slot,
      text: printXlated(insns, slot, known.names),
      prototype: known.prototypes?.get(slot),
      source: known.lines?.get(slot),
    });
    const insn = insns[slot];
    slot += insn === undefined ? 1 : slotsOf(insn);
  }
  return lines;
}

/** More that bpftool writes on demand. */
export interface DumpDetails {
  /** What stands below an instruction: its bytes. */
  readonly bytes?: (slot: number) => string;
  /** File, line and column behind each line of source. */
  readonly linum?: boolean;
  /** What stands behind an instruction. */
  readonly remark?: (slot: number) => string;
}

/** The lines as bpftool writes them for people. */
export function plainDump(lines: readonly DumpLine[], details: DumpDetails = {}): readonly string[] {
  return lines.flatMap(({ slot, text, prototype, source }) => [
    ...(prototype === undefined ? [] : [`${prototype}:`]),
    ...(source === undefined ? [] : [sourceLine(source, details.linum === true)]),
    `${String(slot).padStart(4)}: ${text}${details.remark?.(slot) ?? ""}`,
    ...(details.bytes === undefined ? [] : [`       ${details.bytes(slot)}`]),
  ]);
}

/** `; text`, and with `linum` ` [file:… line_num:… line_col:…]` behind it. */
export function sourceLine({ text, file, line, column }: SourceLine, linum: boolean): string {
  return `; ${text}${linum ? ` [file:${file} line_num:${line} line_col:${column}]` : ""}`;
}
