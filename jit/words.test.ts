// The very words of instructions that take several, of conditional jumps, of zero extensions; and what is refused.
// Expectations are written by hand from what Linux's JIT is known to emit.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU, BPF_ALU64, BPF_ARSH, BPF_ATOMIC, BPF_B, BPF_CALL, BPF_CMPXCHG, BPF_DIV, BPF_DW, BPF_END, BPF_EXIT, BPF_FETCH,
  BPF_JA, BPF_JEQ, BPF_JMP, BPF_K, BPF_LDX, BPF_LD_IMM64, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD, BPF_MOV, BPF_RSH, BPF_STX,
  BPF_TO_BE, BPF_TO_LE, BPF_W, BPF_X, BPF_XCHG,
} from "../bpf/opcodes.ts";
import { fromHalves, u64 } from "../word/long.ts";
import { JitError } from "./error.ts";
import { jitProgram } from "./program.ts";
import { asm } from "./test/asm.ts";
import { functionsOf, jitOne, RecordingMemory, seenTarget } from "./test/fixtures.ts";
import type { JitTarget } from "./target.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });

/** A helper whose global entry is at 0xc000_0000_00aa_0000. */
const helper = insn(BPF_JMP | BPF_CALL, { imm: 0x00aa_0000 - 0x0033_2f20 });

/** The code of the instructions alone, without what is around them. */
function bodyOf(
  insns: readonly Insn[],
  target: JitTarget = seenTarget,
  verifierZext = false,
): readonly number[] {
  const { words, insnOffsets } = jitOne([...insns, exit], target, { verifierZext });
  return words.slice((insnOffsets[0] ?? 0) / 4, (insnOffsets[insns.length] ?? 0) / 4);
}

describe("instructions of several words", () => {
  test("remainders", () => {
    const mod = insn(BPF_ALU64 | BPF_MOD | BPF_X, { dst: 1, src: 2 });
    expect(bodyOf([mod])).toEqual(asm("divdu r10,r3,r4; mulld r10,r4,r10; sub r3,r3,r10"));
    expect(bodyOf([{ ...mod, code: BPF_ALU | BPF_MOD | BPF_X, off: 1 }])).toEqual(
      asm("divw r10,r3,r4; mullw r10,r4,r10; sub r3,r3,r10; rlwinm r3,r3,0,0,31"),
    );
  });

  test("division by the constants 0, 1 and -1 divides nothing", () => {
    const by = (imm: number, off = 0): Insn => insn(BPF_ALU64 | BPF_DIV | BPF_K, { dst: 1, imm, off });
    expect(bodyOf([by(0)])).toEqual(asm("li r3,0"));
    expect(bodyOf([by(1)])).toEqual([]);
    expect(bodyOf([by(-1, 1)])).toEqual(asm("neg r3,r3"));
    expect(bodyOf([by(-1)])).toEqual(asm("li r9,-1; divdu r3,r3,r9"));
  });

  test("byte swaps go through r9, or the stack", () => {
    const be = (imm: number): Insn => insn(BPF_ALU | BPF_END | BPF_TO_BE, { dst: 1, imm });
    expect(bodyOf([be(16)])).toEqual(asm("rlwinm r9,r3,24,24,31; rlwimi r9,r3,8,16,23; mr r3,r9"));
    expect(bodyOf([be(32)])).toEqual(
      asm("rlwinm r9,r3,8,0,31; rlwimi r9,r3,24,0,7; rlwimi r9,r3,24,16,23; mr r3,r9"),
    );
    expect(bodyOf([be(64)])).toEqual(asm("std r3,-64(r1); addi r9,r1,-64; ldbrx r3,0,r9"));
  });

  test("an offset that is no multiple of 4 goes through r9", () => {
    const load = insn(BPF_LDX | BPF_MEM | BPF_DW, { dst: 1, src: 2, off: -3 });
    expect(bodyOf([load])).toEqual(asm("li r9,-3; ldx r3,r4,r9"));
  });

  test("64-bit constants", () => {
    const load = (high: number, low: number): Insn[] => [
      insn(BPF_LD_IMM64, { dst: 1, imm: low }),
      insn(0, { imm: high }),
    ];
    expect(bodyOf(load(0x1234_5678, 0x9abc_def0))).toEqual(
      asm("lis r3,0x1234; ori r3,r3,0x5678; sldi r3,r3,32; oris r3,r3,0x9abc; ori r3,r3,0xdef0"),
    );
    expect(bodyOf(load(0xc000_0000, 0x0123_0000))).toEqual(
      asm("lis r3,-0x4000; sldi r3,r3,32; oris r3,r3,0x123"),
    );
    expect(bodyOf(load(-1, -0x8000))).toEqual(asm("li r3,-0x8000"));
  });

  test("atomics", () => {
    const at = (imm: number, code: number): Insn =>
      insn(BPF_STX | BPF_ATOMIC | code, { dst: 1, src: 2, off: 12, imm });
    expect(bodyOf([at(BPF_ADD, BPF_DW)])).toEqual(
      asm("li r9,12; 1: ldarx r10,r9,r3; add r10,r10,r4; stdcx. r10,r9,r3; bne 1b"),
    );
    expect(bodyOf([at(BPF_ADD | BPF_FETCH, BPF_W)])).toEqual(
      asm(
        "li r9,12; sync; 1: lwarx r10,r9,r3; mr r0,r10; add r10,r10,r4; stwcx. r10,r9,r3; bne 1b; sync; mr r4,r0",
      ),
    );
    expect(bodyOf([at(BPF_XCHG, BPF_DW)])).toEqual(
      asm("li r9,12; sync; 1: ldarx r10,r9,r3; mr r0,r10; stdcx. r4,r9,r3; bne 1b; sync; mr r4,r0"),
    );
    expect(bodyOf([at(BPF_CMPXCHG, BPF_W)])).toEqual(
      asm(`li r9,12; sync; 1: lwarx r10,r9,r3; mr r0,r10; cmpw r8,r10; bne 2f; stwcx. r4,r9,r3; bne 1b
           2: sync; mr r8,r0`),
    );
  });

  test("a count that may be too large is masked", () => {
    const lsh = insn(BPF_ALU64 | BPF_LSH | BPF_X, { dst: 1, src: 2 });
    expect(bodyOf([lsh])).toEqual(asm("clrldi r9,r4,58; sld r3,r3,r9"));
    expect(bodyOf([{ ...lsh, code: BPF_ALU | BPF_LSH | BPF_X }])).toEqual(
      asm("clrlwi r9,r4,27; slw r3,r3,r9"),
    );
  });
});

describe("conditional jumps", () => {
  const jeq = (off: number): Insn => insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 1, off });
  /** One word each. */
  const filler = (n: number): Insn[] => Array.from({ length: n }, () => mov(0, 0));

  test("near: bc, and a nop", () => {
    // The far end of its reach is 0x7ffc bytes, 8191 words, on: between are the nop and 8189 others.
    expect(bodyOf([jeq(8189), ...filler(8190)]).slice(0, 3)).toEqual(
      asm("cmpldi r3,0; .long 0x41827ffc; nop"),
    );
  });
  test("far: the opposite condition over b", () => {
    expect(bodyOf([jeq(8190), ...filler(8191)]).slice(0, 3)).toEqual(asm("cmpldi r3,0; bne .+8; b .+32764"));
  });
  test("backwards", () => {
    const near = bodyOf([...filler(8191), jeq(-8192)]);
    expect(near.slice(-3)).toEqual(asm("cmpldi r3,0; .long 0x41828000; nop"));
    const far = bodyOf([...filler(8192), jeq(-8193)]);
    expect(far.slice(-3)).toEqual(asm("cmpldi r3,0; bne .+8; b .-32776"));
  });
});

describe("zero extensions of the verifier's", () => {
  const zext = insn(BPF_ALU | BPF_MOV | BPF_X, { dst: 1, src: 1, imm: 1 });
  const shift = insn(BPF_ALU | BPF_LSH | BPF_K, { dst: 1, imm: 3 });
  const add = insn(BPF_ALU | BPF_ADD | BPF_K, { dst: 1, imm: 3 });

  test("one word", () => {
    expect(bodyOf([add, zext], seenTarget, true)).toEqual(asm("addi r3,r3,3; rlwinm r3,r3,0,0,31"));
  });

  /** Words of the zero extension of `dst` behind an instruction. */
  const behind = (before: Insn, dst = 1): number =>
    bodyOf([before, { ...zext, dst, src: dst }], seenTarget, true).length -
    bodyOf([before], seenTarget, true).length;
  const to = (code: number, fields: Partial<Insn> = {}): Insn => insn(code, { dst: 1, src: 2, ...fields });

  // prettier-ignore
  test.each<[string, Insn, number?]>([
    ["a shift to the left", shift], ["a shift to the right", to(BPF_ALU | BPF_RSH | BPF_X)], ["a positive constant", to(BPF_ALU | BPF_MOV | BPF_K, { imm: 1 })],
    ["a load of 32 bits", to(BPF_LDX | BPF_MEM | BPF_W)], ["a load of 8 bits", to(BPF_LDX | BPF_MEM | BPF_B)], ["16 bits swapped", to(BPF_ALU | BPF_END | BPF_TO_BE, { imm: 16 })],
    ["a compare and exchange, of R0", to(BPF_STX | BPF_ATOMIC | BPF_W, { imm: BPF_CMPXCHG }), 0],
  ])("none behind %s", (_, before, dst) => expect(behind(before, dst)).toBe(0));

  // prettier-ignore
  test.each<[string, Insn, number?]>([
    ["an arithmetic shift", to(BPF_ALU | BPF_ARSH | BPF_K, { imm: 1 })], ["a negative constant", to(BPF_ALU | BPF_MOV | BPF_K, { imm: -1 })],
    ["a move", to(BPF_ALU | BPF_MOV | BPF_X)], ["a sign-extending load", to(BPF_LDX | BPF_MEMSX | BPF_W)], ["32 bits in order", to(BPF_ALU | BPF_END | BPF_TO_LE, { imm: 32 })],
    ["a compare and exchange, of another register", to(BPF_STX | BPF_ATOMIC | BPF_W, { imm: BPF_CMPXCHG }), 1],
    ["a 64-bit shift", to(BPF_ALU64 | BPF_LSH | BPF_K, { imm: 1 })],
  ])("one behind %s", (_, before, dst) => expect(behind(before, dst)).toBe(1));

  test("stays where a jump goes to it, or it is another register's", () => {
    expect(bodyOf([insn(BPF_JMP | BPF_JA, { off: 1 }), shift, zext], seenTarget, true)).toHaveLength(3);
    expect(bodyOf([shift, { ...zext, dst: 2, src: 2 }], seenTarget, true)).toHaveLength(2);
  });
});

describe("refusals", () => {
  const errno = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (error instanceof JitError) return error.errno;
      throw error;
    }
    return "none";
  };

  test("a helper that r2 does not reach", () => {
    const far: JitTarget = { ...seenTarget, kernelToc: fromHalves(0xc000_0001, 0), isCoreText: () => true };
    expect(errno(() => jitOne([helper, exit], far))).toBe("ERANGE");
  });
  test("the last address that addis and addi reach", () => {
    const entry = seenTarget.localEntry(fromHalves(0xc000_0000, 0x00aa_0000));
    const reach = (bytes: number): JitTarget => ({ ...seenTarget, kernelToc: entry.subtract(u64(bytes)) });
    expect(bodyOf([helper], reach(0x7fff_7fff)).slice(0, 2)).toEqual(
      asm("addis r12,r2,0x7fff; addi r12,r12,0x7fff"),
    );
    expect(errno(() => bodyOf([helper], reach(0x7fff_8000)))).toBe("ERANGE");
    expect(bodyOf([helper], reach(-0x8000_0000)).slice(0, 2)).toEqual(
      asm("addis r12,r2,-0x8000; addi r12,r12,0"),
    );
    expect(errno(() => bodyOf([helper], reach(-0x8000_0001)))).toBe("ERANGE");
  });
  test("a helper outside the kernel's text", () => {
    expect(errno(() => jitOne([helper, exit], { ...seenTarget, isCoreText: () => false }))).toBe("EINVAL");
  });
  test("an opcode, a register, a jump that is none", () => {
    expect(errno(() => jitOne([insn(0xe7), exit]))).toBe("ENOTSUPP");
    expect(errno(() => jitOne([mov(12, 0), exit]))).toBe("EINVAL");
    expect(errno(() => jitOne([insn(BPF_JMP | BPF_JA, { off: 7 }), exit]))).toBe("EINVAL");
  });
  test("no memory: nothing stays allocated, no entry set", () => {
    class Small extends RecordingMemory {
      override allocate(bytes: number): ReturnType<RecordingMemory["allocate"]> {
        return this.sizes.length === 1 ? (undefined as never) : super.allocate(bytes);
      }
    }
    const memory = new Small();
    const functions = functionsOf([[exit], [exit]]);
    expect(errno(() => jitProgram(functions, seenTarget, memory))).toBe("ENOMEM");
    expect(memory.freed).toHaveLength(1);
    expect(functions.every((fn) => fn.bpfFunc.isZero())).toBe(true);
  });
});
