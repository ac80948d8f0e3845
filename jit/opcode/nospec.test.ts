// The barrier against speculation: each of its forms, and what the one that calls needs around it.
import { describe, expect, test } from "vitest";
import { insn } from "../../bpf/insn.ts";
// prettier-ignore
import { BPF_ALU64, BPF_EXIT, BPF_JMP, BPF_K, BPF_MOV, BPF_NOSPEC, BPF_ST } from "../../bpf/opcodes.ts";
import { hex32, u64 } from "../../word/long.ts";
import type { StfBarrier } from "../target.ts";
import { asm } from "../test/asm.ts";
import { BareMachine } from "../test/bare-machine.ts";
import { functionsOf, jitOne, seenTarget } from "../test/fixtures.ts";

const program = [
  insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst: 0, imm: 7 }),
  insn(BPF_ST | BPF_NOSPEC),
  insn(BPF_JMP | BPF_EXIT),
];

function barrierWords(stfBarrier: StfBarrier): readonly number[] {
  const { words, insnOffsets } = jitOne(program, { ...seenTarget, stfBarrier });
  return words.slice((insnOffsets[1] ?? 0) / 4, (insnOffsets[2] ?? 0) / 4);
}

describe("BPF_NOSPEC", () => {
  test("is nothing, an eieio with a hint, or a load behind a sync, without a frame", () => {
    expect(barrierWords({ kind: "none" })).toEqual([]);
    expect(barrierWords({ kind: "eieio" }).map(hex32)).toEqual(["0x7e0006ac"]);
    expect(barrierWords({ kind: "sync-ori" })).toEqual(asm("sync; ld r9,0(r13); ori r31,r31,0"));
    const { words } = jitOne(program, { ...seenTarget, stfBarrier: { kind: "sync-ori" } });
    expect(words).not.toContain(asm("mflr r0")[0]);
  });

  test("calls bpf_stf_barrier where there is nothing better, and LR is saved for it", () => {
    const barrier: StfBarrier = { kind: "fallback", address: u64(0x1_2345) };
    expect(barrierWords(barrier)).toEqual(asm("lis r12,1; ori r12,r12,0x2345; mtctr r12; bctrl"));
    const { words } = jitOne(program, { ...seenTarget, stfBarrier: barrier });
    expect(words).toEqual(expect.arrayContaining([...asm("mflr r0; std r0,16(r1); ld r0,16(r1); mtlr r0")]));
  });

  test("the forms without a call run, and change nothing", () => {
    for (const kind of ["none", "eieio", "sync-ori"] as const) {
      const machine = new BareMachine({ target: { stfBarrier: { kind } } });
      expect(machine.call(machine.jit(functionsOf([program])), new Uint8Array()).r0).toEqual(u64(7));
    }
  });
});
