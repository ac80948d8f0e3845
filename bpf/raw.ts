// Raw instructions as a program: where its functions begin is read off its calls.
// Nothing is checked but what makes that impossible.
import type { LinkedFunction, LinkedProgram, ProgType } from "./elf/types.ts";
import { isLdImm64, isPseudoCall, slotsOf, type Endian, type Insn } from "./insn.ts";
import { BpfLoadError } from "./load-error.ts";
import { BPF_PSEUDO_FUNC } from "./opcodes.ts";

/**
 * A program of the instructions alone, without maps; a function starts at slot 0 and wherever a call goes.
 * @throws BpfLoadError for a call that goes out of the program, and for none or too many instructions
 */
export function rawProgram(
  insns: readonly Insn[],
  program: { readonly name: string; readonly type: ProgType; readonly endian: Endian },
): LinkedProgram {
  if (insns.length === 0) throw new BpfLoadError(`program ${program.name}: no instructions`);
  return { ...program, insns, functions: functionsOf(insns, program.name), maps: [], license: "GPL" };
}

function functionsOf(insns: readonly Insn[], name: string): readonly LinkedFunction[] {
  const starts = new Set([0]);
  for (let slot = 0; slot < insns.length;) {
    const insn = insns[slot];
    if (insn === undefined) break;
    if (isPseudoCall(insn) || (isLdImm64(insn) && insn.src === BPF_PSEUDO_FUNC)) {
      const target = slot + 1 + insn.imm;
      if (target < 0 || target >= insns.length)
        throw new BpfLoadError(`call out of range from insn ${slot} to ${target}`);
      starts.add(target);
    }
    slot += slotsOf(insn);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((start, i) => ({
    name: i === 0 ? name : `func_${start}`,
    start,
    length: (sorted[i + 1] ?? insns.length) - start,
  }));
}
