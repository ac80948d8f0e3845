// The check that a program passes before it is loaded: its structure, where its context and stack go, how deep it calls.
// Ranges of numbers, types of other pointers and what helpers take are not checked.
import type { LinkedProgram } from "../elf/types.ts";
import { BPF_PSEUDO_KFUNC_CALL } from "../opcodes.ts";
import { printXlated, type XlatedNames } from "../print/xlated.ts";
import type { Checked, CheckOptions } from "./checked.ts";
import { VerifierError } from "./error.ts";
import { checkKfuncCalls } from "./kfunc.ts";
import { checkFrames, checkStack, checkStructure } from "./structure.ts";
import { track } from "./track.ts";

export type { Checked, CheckedFunction, CheckOptions } from "./checked.ts";
export { VerifierError } from "./error.ts";

/**
 * Checks a linked program.
 * @throws VerifierError with the errno that bpf(2) would give, the decisive line in `message`, the instruction's slot, and
 *   a log that ends as the kernel's does.
 */
export function check(program: LinkedProgram, options: CheckOptions = {}): Checked {
  try {
    checkKfuncCalls(program, options);
    const functions = checkStructure(program);
    checkFrames(functions);
    const { contextAccesses, reached, stackDepths, tailCalls, processedInsns } = track(
      program,
      functions,
      options,
    );
    checkStack(functions, stackDepths);
    return {
      functions: functions.map(({ name, start, end }, index) => ({
        name,
        start,
        length: end - start,
        stackDepth: stackDepths[index] ?? 0,
        usesTailCall: tailCalls.has(index),
      })),
      contextAccesses,
      reached,
      processedInsns,
    };
  } catch (error) {
    throw error instanceof VerifierError ? withLog(program, error, options) : error;
  }
}

/** The last line of a log, as the kernel writes it; states are not counted. */
export function summary(processedInsns: number): string {
  const states = "max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0";
  return `processed ${processedInsns} insns (limit 1000000) ${states}\n`;
}

function withLog(program: LinkedProgram, error: VerifierError, options: CheckOptions): VerifierError {
  const { errno, message, insn, processedInsns } = error;
  const call: XlatedNames["call"] = (i) =>
    i.src === BPF_PSEUDO_KFUNC_CALL
      ? (options.kernelFunction?.(i)?.prototype.name ?? "<invalid>")
      : undefined;
  const at = insn === undefined ? "" : `${insn}: ${printXlated(program.insns, insn, { call })}\n`;
  const log = `${at}${message}\n${summary(processedInsns)}`;
  return new VerifierError({ errno, message, insn, processedInsns, log });
}
