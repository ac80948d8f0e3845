// A whole program as `bpftool prog dump xlated` lists it: prototypes, source lines and instructions.
import type { SourceInfo } from "../elf/types.ts";
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
  readonly source: string | undefined;
}

/**
 * @param origin for every slot the one that `source` knows it by: a rewritten instruction's first slot carries its line.
 */
export function dumpXlated(
  insns: readonly Insn[],
  options: {
    readonly names?: XlatedNames;
    readonly source?: SourceInfo | undefined;
    readonly origin?: readonly number[];
  } = {},
): readonly DumpLine[] {
  const { names, source, origin } = options;
  const lines: DumpLine[] = [];
  let before = -1;
  for (let slot = 0; slot < insns.length;) {
    const from = origin?.[slot] ?? slot;
    const isFirst = from !== before;
    lines.push({
      slot,
      text: printXlated(insns, slot, names),
      prototype: isFirst ? source?.prototypes.get(from) : undefined,
      source: isFirst ? source?.lines.get(from)?.text : undefined,
    });
    before = from;
    const insn = insns[slot];
    slot += insn === undefined ? 1 : slotsOf(insn);
  }
  return lines;
}

/** The lines as bpftool writes them for people. */
export function plainDump(lines: readonly DumpLine[]): readonly string[] {
  return lines.flatMap(({ slot, text, prototype, source }) => [
    ...(prototype === undefined ? [] : [`${prototype}:`]),
    ...(source === undefined ? [] : [`; ${source}`]),
    `${String(slot).padStart(4)}: ${text}`,
  ]);
}
