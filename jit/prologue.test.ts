// The very words around the instructions of a function: prologue, epilogue, descriptor, exits, and the tail call that undoes them.
// Expectations are written by hand from what Linux's JIT is known to emit.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ALU64, BPF_CALL, BPF_DW, BPF_EXIT, BPF_JA, BPF_JMP, BPF_K,
  BPF_MEM, BPF_MOV, BPF_REG_FP, BPF_STX, BPF_X,
} from "../bpf/opcodes.ts";
import { u64 } from "../word/long.ts";
import { createHelperSequence } from "./call/helper-sequences.ts";
import { createCallSequence } from "./call/sequences.ts";
import { CallTable } from "./call/shared-parts.ts";
import { BPF_TAIL_CALL, planFrame } from "./frame.ts";
import { exit as exitCode } from "./opcode/jump.ts";
import { Pass } from "./pass.ts";
import { jitProgram } from "./program.ts";
import { asm } from "./test/asm.ts";
import {
  bigEndianTarget,
  FIRST_IMAGE,
  functionsOf,
  jitOne,
  RecordingMemory,
  seenTarget,
} from "./test/fixtures.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const movReg = (dst: number, src: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst, src });

/** A helper whose global entry is at 0xc000_0000_00aa_0000. */
const helper = insn(BPF_JMP | BPF_CALL, { imm: 0x00aa_0000 - 0x0033_2f20 });

describe("prologue and epilogue", () => {
  test("the smallest function loads the TOC and has no frame", () => {
    expect(jitOne([mov(0, 0), exit]).words).toEqual(
      asm(`
        ld r2,16(r13)
        nop
        nop
        li r8,0
        mr r3,r8
        blr`),
    );
  });

  test("ELFv1 has its TOC from the caller", () => {
    expect(jitOne([mov(0, 0), exit], bigEndianTarget).words).toEqual(asm("nop; nop; li r8,0; mr r3,r8; blr"));
  });

  // stack depth 8 -> 16; ELFv2: 32 + 16 + 24 + 40 = 112 bytes
  const spill = [
    movReg(6, 1),
    insn(BPF_STX | BPF_MEM | BPF_DW, { dst: BPF_REG_FP, src: 6, off: -8 }),
    helper,
    exit,
  ];

  test("a frame: LR, r27 and r31 saved, r31 behind the BPF stack; the helper through the TOC", () => {
    expect(jitOne(spill, seenTarget, { stackDepth: 8 }).words).toEqual(
      asm(`
        ld r2,16(r13)
        nop
        nop
        mflr r0
        std r0,16(r1)
        stdu r1,-112(r1)
        std r27,72(r1)
        std r31,104(r1)
        addi r31,r1,48
        mr r27,r3
        std r27,-8(r31)
        # 0xc000000000aa0008 - 0xc000000001148100 = -0x6a80f8 = (-107 << 16) + 0x7f08
        addis r12,r2,-107
        addi r12,r12,0x7f08
        mtctr r12
        bctrl
        mr r8,r3
        ld r27,72(r1)
        ld r31,104(r1)
        addi r1,r1,112
        ld r0,16(r1)
        mtlr r0
        mr r3,r8
        blr`),
    );
  });

  test("ELFv1: the larger minimal frame of 112 bytes", () => {
    expect(jitOne(spill, bigEndianTarget, { stackDepth: 8 }).words.slice(0, 8)).toEqual(
      asm(`
        nop
        nop
        mflr r0
        std r0,16(r1)
        stdu r1,-192(r1)
        std r27,152(r1)
        std r31,184(r1)
        addi r31,r1,128`),
    );
  });

  test("without a frame non-volatile registers are saved in the red zone", () => {
    expect(jitOne([mov(7, 1), movReg(0, 7), exit]).words).toEqual(
      asm(`
        ld r2,16(r13)
        nop
        nop
        std r28,-32(r1)
        li r28,1
        mr r8,r28
        ld r28,-32(r1)
        mr r3,r8
        blr`),
    );
  });

  test("a register field that its opcode ignores counts", () => {
    const words = jitOne([insn(BPF_JMP | BPF_JA, { dst: 9 }), mov(0, 0), exit]).words;
    expect(words.slice(0, 5)).toEqual(asm("ld r2,16(r13); nop; nop; std r30,-16(r1); b .+4"));
  });

  test("an exit in the middle branches to the epilogue, the last falls into it", () => {
    expect(jitOne([exit, mov(0, 0), exit]).words).toEqual(
      asm("ld r2,16(r13); nop; nop; b 1f; li r8,0; 1: mr r3,r8; blr"),
    );
  });

  test("ELFv1: the descriptor before the code, in the guest's order", () => {
    const memory = new RecordingMemory();
    const { functions, entry } = jitProgram(functionsOf([[mov(0, 0), exit]]), bigEndianTarget, memory);
    const bytes = memory.written.get(FIRST_IMAGE.toString(16)) ?? new Uint8Array();
    const view = new DataView(bytes.buffer);
    const code = FIRST_IMAGE.add(u64(24));
    expect(entry).toEqual(FIRST_IMAGE);
    expect(functions[0]?.code).toEqual(code);
    expect(view.getBigUint64(0)).toBe(BigInt(code.toString()));
    expect(view.getBigUint64(8)).toBe(BigInt(bigEndianTarget.kernelToc.toString()));
    expect(view.getBigUint64(16)).toBe(0n);
    expect(Array.from({ length: 5 }, (_, i) => view.getUint32(24 + 4 * i))).toEqual(functions[0]?.words);
    expect(functions[0]?.bytes).toBe(20);
  });

  test("little-endian words are written little-endian, and the image is locked", () => {
    const memory = new RecordingMemory();
    jitProgram(functionsOf([[mov(0, 0), exit]]), seenTarget, memory);
    const bytes = memory.written.get(FIRST_IMAGE.toString(16)) ?? new Uint8Array();
    expect([...bytes.subarray(0, 4)].reverse()).toEqual([0xe8, 0x4d, 0x00, 0x10]);
    expect(memory.locked).toHaveLength(1);
  });
});

describe("tail call", () => {
  const tail = [insn(BPF_JMP | BPF_TAIL_CALL), mov(0, 1), exit];

  test("without a frame the count is in the red zone", () => {
    expect(jitOne(tail).words).toEqual(
      asm(`
        ld r2,16(r13)
        li r9,0
        std r9,-48(r1)
        lwz r9,36(r4)
        rlwinm r5,r5,0,0,31
        cmplw r5,r9
        bge 1f
        ld r9,-48(r1)
        cmplwi r9,33
        bge 1f
        addi r9,r9,1
        mulli r10,r5,8
        add r10,r10,r4
        ld r10,272(r10)
        cmpldi r10,0
        beq 1f
        ld r10,48(r10)
        addi r10,r10,12
        mtctr r10
        std r9,-48(r1)
        bctr
        1: li r8,1
        mr r3,r8
        blr`),
    );
  });

  test("with a frame everything is given back before the branch", () => {
    const { words, insnOffsets } = jitOne([helper, ...tail]);
    const from = (insnOffsets[1] ?? 0) / 4;
    // frame 96: the count at 96 - 48
    expect(words[from + 4]).toBe(asm("ld r9,48(r1)")[0]);
    expect(words.slice(from + 16, (insnOffsets[2] ?? 0) / 4)).toEqual(
      asm("std r9,48(r1); addi r1,r1,96; ld r0,16(r1); mtlr r0; bctr"),
    );
  });

  test("ELFv1 enters behind the descriptor and the two words that start the count", () => {
    const { words, insnOffsets } = jitOne(tail, bigEndianTarget);
    expect(words[(insnOffsets[0] ?? 0) / 4 + 14]).toBe(asm("addi r10,r10,32")[0]);
  });
});

describe("an epilogue out of the reach of b", () => {
  test("the first exit gets one of its own, the next branch there while they reach it", () => {
    const [fn] = functionsOf([[exit, exit, exit, mov(0, 0), exit]]);
    if (fn === undefined) throw new Error("no function");
    const compilation = {
      fn,
      target: seenTarget,
      frame: planFrame(fn, "elfv2"),
      calls: createCallSequence("near", seenTarget),
      helperCalls: createHelperSequence("near", seenTarget),
      table: new CallTable(0, () => undefined),
      jumpTargets: new Set<number>(),
      unboundedShifts: new Set<number>(),
    };
    const pass = new Pass(compilation, u64(0), [0, 8, 12, 16, 20, 0x400_0000]);
    exitCode(pass, 0);
    exitCode(pass, 1);
    expect(pass.words).toEqual(asm("1: mr r3,r8; blr; b 1b"));
    pass.inlineEpilogue = -0x200_0000;
    exitCode(pass, 2);
    expect(pass.words.slice(3)).toEqual(asm("mr r3,r8; blr"));
  });
});
