// Jumps at the edges of what branches reach, in functions that no test wants to compile: a pass is told how far things are apart.
// Expected words are written by hand; what jumps do is run in other tests.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../../bpf/insn.ts";
import { BPF_EXIT, BPF_JA, BPF_JEQ, BPF_JMP, BPF_JMP32, BPF_K } from "../../bpf/opcodes.ts";
import { createHelperSequence } from "../call/helper-sequences.ts";
import { createCallSequence } from "../call/sequences.ts";
import { CallTable } from "../call/shared-parts.ts";
import { JitError } from "../error.ts";
import { planFrame } from "../frame.ts";
import { type Compilation, Pass } from "../pass.ts";
import { asm } from "../test/asm.ts";
import { functionsOf, seenTarget } from "../test/fixtures.ts";
import { conditionalJump, exit, jump } from "./jump.ts";

const ja = insn(BPF_JMP | BPF_JA);
const jeq = insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 1 });
const leave = insn(BPF_JMP | BPF_EXIT);

/** Byte offsets of slots in the pass before. */
type Offsets = readonly number[];

/** A pass over as many instructions as there are offsets, the last of which is the epilogue's. */
function passOver(offsets: Offsets): Pass {
  const [fn] = functionsOf([Array.from({ length: offsets.length - 1 }, () => leave)]);
  if (fn === undefined) throw new Error("no function");
  const compilation: Compilation = {
    fn,
    target: seenTarget,
    frame: planFrame(fn, seenTarget.abi),
    calls: createCallSequence("far", seenTarget),
    helperCalls: createHelperSequence("far", seenTarget),
    table: new CallTable(0, () => undefined),
    jumpTargets: new Set(),
    unboundedShifts: new Set(),
  };
  return new Pass(compilation, undefined, offsets);
}

/** What `emit` makes of the instruction at `slot`, when code before it lies as the pass before had it. */
function wordsAt(pass: Pass, slot: number, emit: (pass: Pass, slot: number) => void): readonly number[] {
  while (pass.offsets.length <= slot) pass.offsets.push(pass.here);
  const start = pass.words.length;
  emit(pass, slot);
  return pass.words.slice(start);
}

const one = (offsets: Offsets, slot: number, emit: (pass: Pass, slot: number) => void): readonly number[] =>
  wordsAt(passOver(offsets), slot, emit);

const jumpTo =
  (target: number, how: Insn = ja) =>
  (pass: Pass, at: number): void => {
    jump(pass, { ...how, off: target - at - 1, imm: target - at - 1 }, at);
  };
const jeqTo =
  (target: number) =>
  (pass: Pass, at: number): void => {
    conditionalJump(pass, { ...jeq, off: target - at - 1 }, at);
  };

const MIB32 = 0x200_0000;

describe("b reaches from -32 MiB to one word less than 32 MiB", () => {
  test("forward", () => {
    expect(one([0, MIB32 - 4, MIB32], 0, jumpTo(1))).toEqual(asm("b .+0x1fffffc"));
    expect(() => one([0, MIB32, MIB32 + 4], 0, jumpTo(1))).toThrow(
      expect.objectContaining({ name: "JitError", errno: "ERANGE" }),
    );
  });
  test("backward", () => {
    expect(one([0, MIB32, MIB32 + 4], 1, jumpTo(0))).toEqual(asm("b .-0x2000000"));
    expect(() => one([0, MIB32 + 4, MIB32 + 8], 1, jumpTo(0))).toThrow(JitError);
  });
  test("also a jump of 32 bits", () => {
    const long = insn(BPF_JMP32 | BPF_JA);
    expect(one([0, MIB32 - 4, MIB32], 0, jumpTo(1, long))).toEqual(asm("b .+0x1fffffc"));
    expect(() => one([0, MIB32, MIB32 + 4], 0, jumpTo(1, long))).toThrow(JitError);
  });
});

describe("a conditional jump", () => {
  // One word, the comparison, is before the branch: that reaches 0x7ffc forward, 0x8000 back.
  test.each([
    [0x7ffc, "cmpldi r3,0; .long 0x41827ffc; nop"],
    [0x8000, "cmpldi r3,0; bne .+8; b .+0x7ffc"],
    [MIB32, "cmpldi r3,0; bne .+8; b .+0x1fffffc"],
  ])("forward, %i bytes from the branch", (bytes, text) => {
    // The inverted branch stands before b, which is a word nearer to the target.
    expect(one([0, bytes + 4, bytes + 8], 0, jeqTo(1))).toEqual(asm(text));
  });
  test.each([
    [0x8000, "cmpldi r3,0; .long 0x41828000; nop"],
    [0x8004, "cmpldi r3,0; bne .+8; b .-0x8008"],
    [MIB32 - 4, "cmpldi r3,0; bne .+8; b .-0x2000000"],
  ])("backward, %i bytes from the branch", (bytes, text) => {
    expect(one([0, bytes - 4, bytes], 1, jeqTo(0))).toEqual(asm(text));
  });
  test("out of reach of b too: refused", () => {
    expect(() => one([0, MIB32 + 8, MIB32 + 12], 0, jeqTo(1))).toThrow(JitError);
    expect(() => one([0, MIB32 - 4, MIB32], 1, jeqTo(0))).toThrow(JitError);
  });
});

describe("an exit", () => {
  test("goes on into the epilogue where it is the last, branches to it where not", () => {
    expect(one([0, 4, 8], 1, exit)).toEqual([]);
    expect(one([0, 4, MIB32 - 4], 0, exit)).toEqual(asm("b .+0x1fffffc"));
  });
  test("out of reach has an epilogue of its own; later ones go back to that, or on to the last", () => {
    const pass = passOver([0, 8, 16, 28, MIB32 + 20, MIB32 + 24]);
    expect(wordsAt(pass, 0, exit)).toEqual(asm("mr r3,r8; blr"));
    expect(wordsAt(pass, 1, exit)).toEqual(asm("b .-8"));
    expect(wordsAt(pass, 2, exit)).toEqual(asm("b .-12"));
    // As near to the end as the pass before had it, whatever became shorter since.
    expect(wordsAt(pass, 3, exit)).toEqual(asm("b .+0x1fffffc"));
  });
  test("out of reach of the first epilogue as well makes a second", () => {
    const pass = passOver([0, MIB32 + 8, 3 * MIB32, 3 * MIB32 + 4]);
    expect(wordsAt(pass, 0, exit)).toEqual(asm("mr r3,r8; blr"));
    expect(pass.inlineEpilogue).toBe(0);
    // 32 MiB and 8 bytes of code between them.
    for (let words = 2; words < (MIB32 + 8) / 4; words++) pass.words.push(0);
    expect(wordsAt(pass, 1, exit)).toEqual(asm("mr r3,r8; blr"));
    expect(pass.inlineEpilogue).toBe(MIB32 + 8);
  });
});
