// Functions of more than 32 MiB, where an exit may be out of reach of the epilogue: really sized, not run.
// Long: only with FARCALL_NIGHTLY=1.
import { describe, expect, test } from "vitest";
import { insn } from "../bpf/insn.ts";
import { BPF_ALU64, BPF_CALL, BPF_EXIT, BPF_JMP, BPF_K, BPF_MOV, BPF_PSEUDO_CALL } from "../bpf/opcodes.ts";
import { CallTable } from "./call/shared-parts.ts";
import { FunctionJit } from "./compile.ts";
import { functionsOf, seenTarget } from "./test/fixtures.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const filler = insn(BPF_ALU64 | BPF_MOV | BPF_K);
const call = insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off: 1 });

/** Bytes of a far call with the copy of its result, and calls so that an exit before them nearly reaches the epilogue. */
const CALL_BYTES = 32;
const CALLS = 2 ** 25 / CALL_BYTES - 1;
/** TOC, count, LR, frame before the first instruction; frame, LR, result, return behind the last: words. */
const PROLOGUE = 6;
const EPILOGUE = 5;

describe.skipIf(process.env["FARCALL_NIGHTLY"] !== "1")("32 MiB between an exit and the epilogue", () => {
  test.each([
    // b, the calls, and 6 words make 0x1fffffc bytes.
    { fillers: 6, exits: 1 },
    { fillers: 7, exits: EPILOGUE },
  ])(
    "$fillers words beside calls: the exit takes $exits words",
    { timeout: 600_000 },
    ({ fillers, exits }) => {
      const main = [
        exit,
        ...new Array<typeof call>(CALLS).fill(call),
        ...new Array<typeof call>(fillers).fill(filler),
        exit,
      ];
      const [fn] = functionsOf([main, [exit]]);
      if (fn === undefined) throw new Error("no function");
      const jit = new FunctionJit(
        fn,
        { ...seenTarget, callSequence: "far" },
        new CallTable(2, () => undefined),
      );
      const words = PROLOGUE + exits + CALLS * (CALL_BYTES / 4) + fillers + EPILOGUE;
      expect(jit.size()).toBe(4 * words);
      expect(jit.log.at(-1)?.moved).toEqual([]);
    },
  );
});
