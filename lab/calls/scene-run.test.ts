// What a scene's calls are made of, and what the link stack makes of more calls than it holds.
import { describe, expect, it } from "vitest";
import { insn } from "../../bpf/insn.ts";
import { BPF_CALL, BPF_EXIT, BPF_JMP, BPF_PSEUDO_CALL } from "../../bpf/opcodes.ts";
import { rawProgram } from "../../bpf/raw.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { CallSequenceName } from "../../jit/call/sequence.ts";
import { callSequences } from "../../jit/call/sequences.ts";
import { jitTarget } from "../../kernel/jit-memory.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { Random } from "../../kernel/random.ts";
import { ZERO } from "../../word/long.ts";
import { callMaker } from "./call-maker.ts";
import { runScene } from "./scene-run.ts";
import { ONE_SITE } from "./scenario.ts";
import { sequenceKind } from "./sequence-axis.ts";

const kernelOf = (cpu: CpuModel): Kernel => new Kernel({ cpu, ramBytes: 64 * 2 ** 20 });
const targetOf = (kernel: Kernel, callSequence: CallSequenceName = "far"): ReturnType<typeof jitTarget> =>
  jitTarget(kernel, { callSequence, helperSequence: "toc-relative" });

describe("the words of a call", () => {
  const call = insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, imm: 1 });
  const exit = insn(BPF_JMP | BPF_EXIT);

  it.each(callSequences.map(({ name }) => name))("are those of a compiled program: %s", (name) => {
    const kernel = kernelOf("power10");
    const linked = rawProgram([call, exit, exit], { name: "p", type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { verify: false, callSequence: name });
    const [main, callee] = program.images;
    if (main === undefined || callee === undefined) throw new Error("two images");
    const offset = main.insnOffsets[0] ?? 0;
    const target = targetOf(kernel, name);
    const maker = callMaker({
      kind: sequenceKind("function", name) ?? expect.unreachable("a sequence"),
      machine: target,
      callees: [{ kind: "bpf", to: { global: callee.code, local: callee.code.add(4) }, callee: "f" }],
      table: { address: program.loaded.jited?.table ?? ZERO, slots: 1 },
    });
    const pass = maker.pass(main.code.add(main.stubsOffset));
    const words = pass.words(0, main.code.add(offset));
    // the result's copy follows the call
    const compiled = main.words.slice(offset / 4, (main.insnOffsets[1] ?? 0) / 4 - 1);
    expect(compiled.length).toBeGreaterThan(0);
    expect(compiled).toEqual(words);
    expect(pass.stubs).toEqual(main.words.slice(main.stubsOffset / 4));
  });
});

describe("calls one inside the other", () => {
  /** Mispredictions of a call in a chain so deep. */
  function mispredicts(cpu: CpuModel, depth: number): number {
    const kernel = kernelOf(cpu);
    const functions = Array.from({ length: depth }, (_, i) => (i === depth - 1 ? undefined : i + 1));
    const kind = sequenceKind("function", "near") ?? expect.unreachable("near");
    const figures = runScene({
      kernel,
      machine: targetOf(kernel),
      kind,
      scene: { ...ONE_SITE, functions, place: "one-image", turns: { warmUp: 8, measured: 4 } },
      random: new Random(1),
      isRanged: false,
    });
    expect(figures.instructions).toBe(3);
    return figures.mispredicts * depth;
  }

  // The link stack holds 32 addresses on POWER8, 64 on POWER9.
  it.each([
    ["power8", 32],
    ["power9", 64],
  ] as const)(
    "%s returns from %i of them where it came from, not from those that were called before",
    (cpu, entries) => {
      // The kernel's own calls are on the stack too: a few fewer.
      expect(mispredicts(cpu, entries - 4)).toBe(0);
      const deep = mispredicts(cpu, entries + 16);
      expect(deep).toBeGreaterThanOrEqual(16);
      expect(deep).toBeLessThanOrEqual(20);
    },
  );
});
