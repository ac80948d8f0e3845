// Whatever slots hold, a program that nobody has checked is compiled or refused with an errno: never an error of another kind.
import fc from "fast-check";
import { expect, test } from "vitest";
import { callEncodings } from "../bpf/core/encoding/table.ts";
import { insn, type Insn } from "../bpf/insn.ts";
import { BPF_EXIT, BPF_JMP } from "../bpf/opcodes.ts";
import { callSequences } from "./call/sequences.ts";
import { helperSequences } from "./call/helper-sequences.ts";
import { JitError } from "./error.ts";
import { jitProgram } from "./program.ts";
import { bigEndianTarget, functionsOf, jitOne, RecordingMemory, seenTarget } from "./test/fixtures.ts";

/** Codes that are compiled with some operands: so that not every program ends at its first slot. */
const known = Array.from({ length: 0x100 }, (_, code) => code).filter((code) => {
  try {
    jitOne([{ code, dst: 0, src: 0, off: 0, imm: 16 }, insn(0), insn(BPF_JMP | BPF_EXIT)]);
    return true;
  } catch (error) {
    if (!(error instanceof JitError)) throw error;
    return !error.message.includes("is unsupported");
  }
});

const slot: fc.Arbitrary<Insn> = fc.record({
  code: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known) }, fc.integer({ min: 0, max: 0xff })),
  dst: fc.integer({ min: 0, max: 11 }),
  src: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 15 })),
  off: fc.oneof(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -0x8000, max: 0x7fff })),
  imm: fc.oneof(fc.constantFrom(0, 1, -1, 16, 32, 64), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })),
});

test("random slots, random machines", () => {
  const machine = fc.record({
    base: fc.constantFrom(seenTarget, bigEndianTarget),
    callSequence: fc.constantFrom(...callSequences.map(({ name }) => name)),
    helperSequence: fc.constantFrom(...helperSequences.map(({ name }) => name)),
    cpu: fc.constantFrom("power8", "power9", "power10"),
    callEncoding: fc.constantFrom(...callEncodings),
  });
  const program = fc.array(fc.array(slot, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 });
  let compiled = 0;
  fc.assert(
    fc.property(program, machine, fc.boolean(), (bodies, { base, callEncoding, ...rest }, verifierZext) => {
      try {
        const functions = functionsOf(bodies, { callEncoding, verifierZext, stackDepth: 512 });
        jitProgram(functions, { ...base, ...rest }, new RecordingMemory());
        compiled++;
      } catch (error) {
        if (!(error instanceof JitError)) throw error;
      }
    }),
    { numRuns: Number(process.env["FARCALL_FUZZ_RUNS"] ?? 3000) },
  );
  expect(compiled).toBeGreaterThan(100);
});
