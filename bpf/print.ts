// Instructions as text, in the two spellings people know; the spellings are in print/.
import type { Insn } from "./insn.ts";
import { slotsOf } from "./insn.ts";
import { printLlvm, type LabelOf } from "./print/llvm.ts";
import { printXlated, type XlatedNames } from "./print/xlated.ts";

export type PrintStyle =
  | { readonly kind: "llvm"; readonly label?: LabelOf }
  | { readonly kind: "xlated"; readonly resolve?: XlatedNames };

/** Text of the instruction in slot `index`, which must not be the second slot of BPF_LD_IMM64. */
export function printInsn(insns: readonly Insn[], index: number, style: PrintStyle): string {
  return style.kind === "llvm"
    ? printLlvm(insns, index, style.label)
    : printXlated(insns, index, style.resolve);
}

/** Slot and text of every instruction, in order. */
export function printInsns(
  insns: readonly Insn[],
  style: PrintStyle,
): readonly { slot: number; text: string }[] {
  const lines: { slot: number; text: string }[] = [];
  for (let slot = 0; slot < insns.length;) {
    lines.push({ slot, text: printInsn(insns, slot, style) });
    const insn = insns[slot];
    slot += insn === undefined ? 1 : slotsOf(insn);
  }
  return lines;
}
