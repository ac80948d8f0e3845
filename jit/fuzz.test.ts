// Random programs: compiled code on the emulated processor comes to what the BPF interpreter comes to.
// FARCALL_FUZZ_RUNS is the number of programs for each combination.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Insn } from "../bpf/insn.ts";
import { printInsn } from "../bpf/print.ts";
import { u64 } from "../word/long.ts";
import { helperSequences } from "./call/helper-sequences.ts";
import { callSequences } from "./call/sequences.ts";
import { BareMachine, type Helper } from "./test/bare-machine.ts";
import { interpreted, jitFunctions, resultOf } from "./test/compare.ts";
import { DATA_BYTES, randomProgram } from "./test/random-program.ts";
import type { JitTarget } from "./target.ts";

/** Something of every argument, so that a lost one is seen; and another number for each helper. */
const helpers: readonly Helper[] = [
  (...r) => r.reduce((sum, value) => sum.mul(31).add(value), u64(1)),
  (first = u64(0)) => first.not(),
];
const helperImms = helpers.map((_, n) => BareMachine.helperImm(n));

const listing = (program: readonly (readonly Insn[])[]): string =>
  program
    .map((insns) => insns.map((_, i) => printInsn(insns, i, { kind: "llvm" })).join("\n"))
    .join("\n--\n");

/** Every call sequence on two machines, each with another helper sequence. */
const targets = (
  [
    { cpu: "power10", endian: "le", abi: "elfv2" },
    { cpu: "power10", endian: "be", abi: "elfv1" },
  ] as const
).flatMap((machine, m) =>
  callSequences.map(({ name: callSequence }, i) => {
    const helper = helperSequences[(i + 2 * m) % helperSequences.length];
    return { ...machine, callSequence, helperSequence: helper?.name ?? "toc-relative" };
  }),
) satisfies readonly Partial<JitTarget>[];

const runs = Number(process.env["FARCALL_FUZZ_RUNS"] ?? 30);
const data = fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES });

describe.each(targets)(
  "$callSequence, helpers $helperSequence, $endian: compiled and interpreted programs agree",
  (target) => {
    test.each([false, true])("with zero extensions by the verifier: %s", (verifierZext) => {
      const machines = (["reference", "auto"] as const).map(
        (engine) => new BareMachine({ target, engine, helpers }),
      );
      fc.assert(
        fc.property(randomProgram({ helpers: helperImms, verifierZext }), data, (program, bytes) => {
          const expected = interpreted(program, bytes, target.endian, helpers);
          for (const machine of machines)
            expect(resultOf(machine, jitFunctions(program, verifierZext), bytes), listing(program)).toEqual(
              expected,
            );
        }),
        { numRuns: runs, interruptAfterTimeLimit: 50_000 },
      );
    });
  },
);
