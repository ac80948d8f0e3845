// The checks on passes themselves: what they let through and what they catch.
import { describe, expect, test } from "vitest";
import { insn } from "../bpf/insn.ts";
import { BPF_CALL, BPF_EXIT, BPF_JMP, BPF_NOSPEC, BPF_PSEUDO_CALL, BPF_ST } from "../bpf/opcodes.ts";
import { fromHalves, u64 } from "../word/long.ts";
import { checkBranches, checkSized } from "./consistency.ts";
import { JitBug, JitError } from "./error.ts";
import { jitProgram } from "./program.ts";
import { asm } from "./test/asm.ts";
import type { JitTarget } from "./target.ts";
import { functionsOf, jitOne, RecordingMemory, seenTarget } from "./test/fixtures.ts";

const fn = { name: "f" };

describe("relative branches", () => {
  const check = (text: string, starts: readonly number[]) => () => {
    checkBranches(fn, asm(text), starts);
  };
  test("to where something begins, in both directions", () => {
    expect(check("nop; b .+8; nop; bne .-12", [0, 4, 8, 12])).not.toThrow();
    expect(check("beq .+8; nop; bl .-8", [0, 8])).not.toThrow();
  });
  test("inside one piece: a loop, and over an instruction of it", () => {
    expect(check("1: nop; nop; bne 1b; bne .+8; nop; nop", [0])).not.toThrow();
    expect(check("nop; 1: nop; nop; bne 1b", [0, 16])).not.toThrow();
  });
  test("out of the code is another function's business", () => {
    expect(check("bl .-4; b .+0x1000", [0])).not.toThrow();
  });
  test("into the middle of another piece", () => {
    expect(check("b .+8; nop; nop; nop", [0, 4])).toThrow(JitBug);
    expect(check("b .+8; nop; nop; nop", [0, 4])).toThrow("f: the branch at byte 0 goes to byte 8");
    expect(check("nop; nop; nop; bne .-8", [0, 12])).toThrow("the branch at byte 12 goes to byte 4");
    expect(check("nop; nop; nop; bl .-8", [0, 8])).toThrow(JitBug);
  });
  test("into a prefixed instruction, also of the same piece; a suffix is no branch", () => {
    expect(check("b .+12; nop; pnop; nop", [0])).toThrow("goes to byte 12");
    // pnop's suffix may be anything: one that looks like b .+8
    const words = [...asm("nop; nop; pnop; nop; nop")];
    words[3] = asm("b .+8")[0] ?? 0;
    const starts = [0, 4, 8, 16];
    expect(() => {
      checkBranches(fn, words, starts);
    }).not.toThrow();
  });
  test("data behind the code is not looked at", () => {
    const words = [...asm("b .+4; nop"), ...asm("b .-4")];
    expect(() => {
      checkBranches(fn, words, [0, 8], 8);
    }).not.toThrow();
    expect(() => {
      checkBranches(fn, words, [0, 8]);
    }).toThrow(JitBug);
  });
});

describe("lengths", () => {
  test("nothing may start behind where it was sized, though all be as long as before", () => {
    expect(() => {
      checkSized(fn, [0, 8, 8, 20], [0, 8, 12, 20]);
    }).not.toThrow();
    expect(() => {
      checkSized(fn, [0, 12, 12, 20], [0, 8, 12, 20]);
    }).toThrow("f: slot 1 starts at byte 12, sized for 8 at most");
    expect(() => {
      checkSized(fn, [0, 8], [0, 8, 12]);
    }).toThrow(JitBug);
  });

  test("code that grows after it was sized is a bug, not a program's fault", () => {
    // The barrier's address takes one word when it is sized, five afterwards.
    const addresses = [u64(0x100), fromHalves(0x1234_5678, 0x1234_5678)];
    const target = {
      ...seenTarget,
      stfBarrier: {
        kind: "fallback" as const,
        get address() {
          return addresses.shift() ?? fromHalves(0x1234_5678, 0x1234_5678);
        },
      },
    };
    const insns = [insn(BPF_ST | BPF_NOSPEC), insn(BPF_JMP | BPF_EXIT)];
    expect(() => jitOne(insns, target)).toThrow(JitBug);
  });
});

test("passes are told as they end, also those before an error", () => {
  const exit = insn(BPF_JMP | BPF_EXIT);
  const call = insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off: 1 });
  const seen: string[] = [];
  const places = [fromHalves(0xd000_0000, 0), fromHalves(0xd001_0000, 0)];
  const near: JitTarget = { ...seenTarget, callSequence: "near" };
  expect(() =>
    jitProgram(functionsOf([[call, exit], [exit]]), near, new RecordingMemory(places), undefined, (pass) =>
      seen.push(`${pass.name} ${pass.pass}`),
    ),
  ).toThrow(JitError);
  expect(seen).toEqual(["f0 0", "f1 0"]);
});
