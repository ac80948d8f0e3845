// Functions of kernel text that are called in unusual ways: the barrier of JITed code, and what tracing compilers call.
import { describe, expect, it } from "vitest";
import { insn } from "../../bpf/insn.ts";
// prettier-ignore
import { BPF_ALU64, BPF_EXIT, BPF_JMP, BPF_K, BPF_MOV, BPF_NOSPEC, BPF_ST } from "../../bpf/opcodes.ts";
import { rawProgram } from "../../bpf/raw.ts";
import { functionsOf } from "../../jit/test/fixtures.ts";
import { jitProgram } from "../../jit/program.ts";
import { hex64, u64, ZERO, type U64 } from "../../word/long.ts";
import { loadCode } from "../test/code.ts";
import { ImageMemory, jitTarget } from "../jit-memory.ts";
import { textTests, type TextTest } from "./test/machine.ts";

/** Where code is, of a function of kernel text. */
const codeOf = ({ kernel }: TextTest, symbol: string): U64 =>
  kernel.text.localEntry(kernel.text.guestCode(symbol) ?? ZERO);

const program = [
  insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst: 0, imm: 7 }),
  insn(BPF_ST | BPF_NOSPEC),
  insn(BPF_JMP | BPF_EXIT),
];

for (const [name, test] of textTests) {
  const { kernel } = test;
  const value = (pointer: U64, args: readonly U64[]): string => {
    const outcome = kernel.call(pointer, args);
    if (outcome.kind === "oops") throw new Error(outcome.oops.text);
    return outcome.kind === "return" ? hex64(outcome.value) : outcome.kind;
  };

  describe(`${name}:`, () => {
    it("bpf_stf_barrier changes no register: JITed code goes on with its own", () => {
      const target = {
        ...jitTarget(kernel, { callSequence: "auto-shrink", helperSequence: "toc-relative" }),
        stfBarrier: { kind: "fallback", address: codeOf(test, "bpf_stf_barrier") },
      } as const;
      const jited = jitProgram(functionsOf([program]), target, new ImageMemory(kernel));
      const outcome = kernel.call(jited.entry, []);
      expect(outcome).toMatchObject({ kind: "return", value: u64(7) });
      // std std sync ld ld ori, 14 branches, blr.
      const own = jited.functions[0]?.words.length ?? 0;
      expect(outcome.instructions).toBe(own + 21);
    });

    it("a program with BPF_NOSPEC runs as this processor does it", () => {
      const loaded = kernel.bpf.loadProgram(
        rawProgram(program, { name: "main", type: "socket_filter", endian: kernel.endian }),
        {
          verify: false,
        },
      );
      expect(loaded.testRun()).toMatchObject({ kind: "done", retval: 7 });
    });

    it("_mcount returns behind its call with LR as it was, from both places where compilers call it", () => {
      // The arguments and r0 with the return address are all that a function has there.
      const early = loadCode(kernel, "mtctr 11; mflr 0; bctrl; mflr 4; cmpd 0,4; bne 1f; addi 3,3,1; 1: blr");
      const late = loadCode(
        kernel,
        "mflr 0; std 0,16(1); stdu 1,-128(1); mtctr 11; bctrl; addi 3,3,1; addi 1,1,128; ld 0,16(1); mtlr 0; blr",
      );
      for (const function_ of [early, late]) {
        const through = loadCode(
          kernel,
          `mflr 0; std 0,16(1); stdu 1,-128(1); mr 11,4
           ${kernel.abi === "elfv1" ? "ld 5,0(5)" : ""}; mtctr 5; mr 12,5; bctrl
           addi 1,1,128; ld 0,16(1); mtlr 0; blr`,
        );
        expect(value(through, [u64(41), codeOf(test, "_mcount"), function_])).toBe(hex64(u64(42)));
      }
    });

    it("ftrace_caller keeps the arguments, r2 and the stack around the tracer", () => {
      const traced = loadCode(
        kernel,
        `mflr 0; mtctr 9; mr 5,1; mr 6,2; bctrl
         mflr 4; cmpd 0,4; bne 1f; cmpd 5,1; bne 1f; cmpd 6,2; bne 1f
         addi 3,3,1; blr; 1: li 3,-1; blr`,
      );
      const args = [u64(41), ZERO, ZERO, ZERO, ZERO, ZERO, codeOf(test, "ftrace_caller")];
      expect(value(traced, args)).toBe(hex64(u64(42)));
    });
  });
}
