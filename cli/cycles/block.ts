// The text that `farcall cycles` is given, as instructions: data among them is an error. Times nothing.
import { assemble } from "../../cpu/isa/assemble.ts";
import { allFields, decode, decodePrefixed } from "../../cpu/isa/decode.ts";
import { disassembleAll } from "../../cpu/isa/disassemble-all.ts";
import { schedulingClass, type SchedulingClass } from "../../cpu/timing/classes.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import { ZERO } from "../../word/long.ts";
import { UsageError } from "../errors.ts";

export interface BlockInstruction {
  /** As disassembled, with single spaces. */
  readonly text: string;
  readonly schedulingClass: SchedulingClass;
}

export interface Block {
  /** Of a prefixed instruction two. */
  readonly words: readonly number[];
  readonly instructions: readonly BlockInstruction[];
}

/** @throws AssembleError, UsageError with the line */
export function assembleBlock(text: string, cpu: CpuModel): Block {
  const { words, lines } = assemble(text, { cpu });
  const data = lines.find(({ directive = "" }) => directive !== "" && !directive.endsWith("align"));
  if (data !== undefined)
    throw new UsageError(`line ${data.line}: ${data.directive ?? ""} is data, not an instruction`);
  const instructions = [...disassembleAll(words, ZERO, { cpu })].map((insn) => {
    const [first, suffix] = insn.words;
    const word = suffix ?? first;
    const prefix = suffix === undefined ? undefined : first;
    const row = prefix === undefined ? decode(word, cpu) : decodePrefixed(prefix, word, cpu);
    if (row === undefined) throw new Error(`the assembler made ${insn.text}, which is no instruction`);
    return {
      text: insn.text.replaceAll(/\s+/g, " "),
      schedulingClass: schedulingClass(row, allFields(row, word, prefix)),
    };
  });
  return { words, instructions };
}
