// Calls of functions of the kernel by the numbers of their types: what 6.12's JIT emits for each, and refusals.
import { expect, it } from "vitest";
import type { CalledFunction } from "../../bpf/core/kfuncs.ts";
import { insn } from "../../bpf/insn.ts";
import { BPF_CALL, BPF_EXIT, BPF_JMP, BPF_PSEUDO_KFUNC_CALL } from "../../bpf/opcodes.ts";
import { fromHalves, u64 } from "../../word/long.ts";
import { jitProgram } from "../program.ts";
import { asm } from "../test/asm.ts";
import { bigEndianTarget, functionsOf, RecordingMemory, seenTarget } from "../test/fixtures.ts";
import type { JitTarget } from "../target.ts";

const call = insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_KFUNC_CALL, imm: 7, off: 1 });
const exit = insn(BPF_JMP | BPF_EXIT);

/** The words of a function that calls this one, between prologue and epilogue. */
function words(called: Partial<CalledFunction>, target: JitTarget = seenTarget): readonly number[] {
  const [first] = functionsOf([[call, exit]]);
  if (first === undefined) throw new Error("no function");
  const whole: CalledFunction = {
    name: "f",
    address: target.bpfCallBase.add(u64(0x100)),
    entries: undefined,
    args: [],
    ...called,
  };
  const kernelFunction = ({ imm, off }: { imm: number; off: number }): CalledFunction | undefined =>
    imm === 7 && off === 1 ? whole : undefined;
  const fn = { ...first, aux: { ...first.aux, kernelFunction } };
  const jited = jitProgram([fn], target, new RecordingMemory()).functions[0];
  // ELFv2 loads the TOC first; nop, nop, mflr, std, stdu; then the call; then addi, ld, mtlr, mr, blr.
  return jited?.words.slice(target.abi === "elfv2" ? 6 : 5, -5) ?? [];
}

const arg = (bytes: number, isSigned: boolean): CalledFunction["args"][number] => ({ bytes, isSigned });

it("narrow arguments are extended by their signs, wide ones left alone", () => {
  const narrow = [arg(1, false), arg(2, true), arg(4, false), arg(8, true), arg(4, true)];
  expect(words({ args: narrow }).slice(0, 4)).toEqual(
    asm("clrldi r3,r3,56; extsh r4,r4; clrldi r5,r5,32; extsw r7,r7"),
  );
  expect(words({ args: [arg(1, true), arg(2, false)] }).slice(0, 2)).toEqual(
    asm("extsb r3,r3; clrldi r4,r4,48"),
  );
});

it("an argument of 16 bytes is refused", () => {
  expect(() => words({ args: [arg(16, false)] })).toThrow(
    expect.objectContaining({
      errno: "EINVAL",
      message: expect.stringContaining("f has an argument of 16 bytes") as string,
    }),
  );
});

it("a function of the kernel's text: from the TOC to its local entry point, four words", () => {
  // 0xc000000000333020 + 8 - 0xc000000001148100 = -0xe150d8: -0xe1 * 0x10000 - 0x50d8
  expect(words({})).toEqual(asm("addis r12,r2,-0xe1; addi r12,r12,-0x50d8; mtctr r12; bctrl; mr r8,r3"));
});

const text = fromHalves(0xc008_0000, 0x0005_0070);
const descriptor = fromHalves(0xc008_0000, 0x0007_0018);

it("a module's function: its address in r12 as short as it is, and the kernel's TOC again behind the call", () => {
  expect(words({ address: text, entries: { global: text, local: text.add(u64(8)) } })).toEqual(
    asm(
      `lis r12,-0x3ff8; sldi r12,r12,32; oris r12,r12,5; ori r12,r12,0x70; mtctr r12; bctrl; ld r2,16(r13); mr r8,r3`,
    ),
  );
});

it("ELFv1: a module's function by its descriptor, with its TOC", () => {
  const called = { address: descriptor, entries: { global: text, local: text } };
  const callWords = words(called, bigEndianTarget);
  // Linux has the descriptor's address in r10 [bpf_jit_emit_func_call_rel]; which free register it is in makes no difference.
  expect(callWords.slice(-5)).toEqual(asm("mtctr r9; ld r2,8(r12); bctrl; ld r2,16(r13); mr r8,r3"));
  expect(callWords.slice(0, -5)).toEqual(
    asm("lis r12,-0x3ff8; sldi r12,r12,32; oris r12,r12,7; ori r12,r12,0x18; ld r9,0(r12)"),
  );
});

it("a number that no function has is refused", () => {
  const [first] = functionsOf([[call, exit]]);
  if (first === undefined) throw new Error("no function");
  expect(() => jitProgram([first], seenTarget, new RecordingMemory())).toThrow(
    expect.objectContaining({
      errno: "EINVAL",
      message: "f0: instruction 0: f0: no kernel function has number 7 (module 1)",
    }),
  );
});
