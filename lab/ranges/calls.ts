// The calls between the functions of a program: which there are, and from where to where they go in memory.
import type { LinkedFunction, LinkedProgram } from "../../bpf/elf/types.ts";
import { isPseudoCall, slotsOf, type Insn } from "../../bpf/insn.ts";
import type { Program } from "../../kernel/program.ts";
import type { U64 } from "../../word/long.ts";

/** One call instruction. */
export interface Call {
  /** Places in the program's list of functions. */
  readonly caller: number;
  readonly callee: number;
  /** Slot of the instruction in its program. */
  readonly slot: number;
}

/** A call in memory. */
export interface PlacedCall extends Call {
  /** Address of its first word. */
  readonly from: U64;
  /** Where a function pointer to the callee points: its code, or with ELFv1 its descriptor. */
  readonly image: U64;
  /** The callee's first word. */
  readonly to: U64;
}

/** Every call of a function in a program as it was linked, in the order of the instructions. */
export function callsOf({ insns, functions }: Pick<LinkedProgram, "insns" | "functions">): readonly Call[] {
  return slots(insns).flatMap((slot) => {
    const insn = insns[slot];
    if (insn === undefined || !isPseudoCall(insn)) return [];
    const callee = functions.findIndex(({ start }) => start === slot + 1 + insn.imm);
    return [{ caller: holding(functions, slot), callee, slot }];
  });
}

/** The calls of a loaded program, whatever they are encoded as; none where it was not compiled. */
export function placedCalls({ loaded, images }: Program): readonly PlacedCall[] {
  const checked = { insns: loaded.linked.insns, functions: loaded.checked.functions };
  const linked = new Map(callsOf(checked).map((call) => [call.slot, call]));
  const { insns, origin, functions } = loaded.xlated;
  return slots(insns).flatMap((slot) => {
    const call = linked.get(origin[slot] ?? -1);
    const insn = insns[slot];
    if (call === undefined || insn === undefined || !isPseudoCall(insn)) return [];
    const [caller, callee] = [images[call.caller], images[call.callee]];
    const start = functions[call.caller]?.start;
    if (caller === undefined || callee === undefined || start === undefined) return [];
    const from = caller.code.add(caller.insnOffsets[slot - start] ?? 0);
    return [{ ...call, slot, from, image: callee.image, to: callee.code }];
  });
}

/** The slots where instructions start. */
function slots(insns: readonly Insn[]): readonly number[] {
  const found: number[] = [];
  for (let slot = 0; slot < insns.length;) {
    found.push(slot);
    const insn = insns[slot];
    slot += insn === undefined ? 1 : slotsOf(insn);
  }
  return found;
}

function holding(functions: readonly LinkedFunction[], slot: number): number {
  return functions.findIndex(({ start, length }) => slot >= start && slot < start + length);
}
