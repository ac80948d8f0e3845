import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { clang, compile } from "../../test/clang.ts";
import { describeWithKernel, Pins } from "../../test/kernel-bpf.ts";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { assembleProgram } from "../assemble.ts";
import { BpfObject, type LinkedProgram } from "../elf/object.ts";
import { encodeInsns, insn, type Insn } from "../insn.ts";
import { isKnownOpcode } from "./fields.ts";
import { isJump } from "./structure.ts";
import { check, VerifierError, type Checked, type CheckOptions } from "./check.ts";

const mc = oracle("llvm-mc", "llvm");

const asm = (text: string): LinkedProgram =>
  assembleProgram(text, { type: "socket_filter", endian: "le", name: "p" });
const raw = (insns: readonly Insn[]): LinkedProgram => ({
  ...asm("exit"),
  insns,
  functions: [{ name: "p", start: 0, length: insns.length }],
});
const exit = insn(0x95);
const zero = insn(0xb7);

function refusal(program: LinkedProgram, options?: CheckOptions): VerifierError | undefined {
  try {
    check(program, options);
    return undefined;
  } catch (error) {
    if (error instanceof VerifierError) return error;
    throw error;
  }
}

// What the kernel says of each; empty: it accepts. Every row is compared with a real kernel below, where there is one.
const verdicts: readonly (readonly [name: string, program: LinkedProgram, message: string])[] = [
  ["nothing wrong", asm("r0 = 0\nexit"), ""],
  ["a bounded loop", asm("r0 = 0\nL: r0 += 1\nif r0 < 10 goto L\nexit"), ""],
  ["no exit", asm("r0 = 0"), "last insn is not an exit or jmp"],
  ["no result", asm("exit"), "R0 !read_ok"],
  ["a result on one path only", asm("if r1 == 0 goto +1\nr0 = 1\nexit"), "R0 !read_ok"],
  ["a jump behind the end", asm("r0 = 0\ngoto +5\nexit"), "jump out of range from insn 1 to 7"],
  ["a jump before the start", asm("r0 = 0\ngoto -3\nexit"), "jump out of range from insn 1 to -1"],
  ["code that nothing reaches", asm("r0 = 0\nexit\nr0 = 1\nexit"), "unreachable insn 2"],
  [
    "a jump into LD_IMM64",
    asm("r0 = 0\nif r1 == 0 goto +1\nr1 = 5 ll\nexit"),
    "jump into the middle of ldimm64 insn 2",
  ],
  ["r10 set", asm("r10 = 1\nr0 = 0\nexit"), "frame pointer is read only"],
  ["r10 moved", asm("r10 += -8\nr0 = 0\nexit"), "frame pointer is read only"],
  ["an unwritten register", asm("r0 = r2\nexit"), "R2 !read_ok"],
  ["an argument after a call", asm("call 7\nr0 = r1\nexit"), "R1 !read_ok"],
  [
    "a write below the stack",
    asm("*(u64 *)(r10 - 520) = r1\nr0 = 0\nexit"),
    "invalid write to stack R10 off=-520 size=8",
  ],
  ["a read above the stack", asm("r0 = *(u64 *)(r10 + 0)\nexit"), "invalid read from stack R10 off=0 size=8"],
  [
    "a misaligned write",
    asm("r2 = r10\nr2 += -4\n*(u64 *)(r2 - 3) = r1\nr0 = 0\nexit"),
    "misaligned stack access off 0+-4+-3 size 8",
  ],
  ["division by 0", asm("r0 = 1\nr0 /= 0\nexit"), "div by zero"],
  ["remainder by 0", asm("w0 = 1\nw0 %= 0\nexit"), "div by zero"],
  ["a shift by 64", asm("r0 = 1\nr0 <<= 64\nexit"), "invalid shift 64"],
  ["a 32-bit shift by 32", asm("w0 = 1\nw0 >>= 32\nexit"), "invalid shift 32"],
  ["a shift by -1", asm("r0 = 1\nr0 s>>= -1\nexit"), "invalid shift -1"],
  ["an unknown helper", asm("call 9999\nexit"), "invalid func unknown#9999"],
  [
    "a part of a pointer spilled",
    asm("*(u32 *)(r10 - 8) = r1\nr0 = 0\nexit"),
    "invalid size of register spill",
  ],
  [
    "a part of a spilled pointer",
    asm("*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)\nexit"),
    "invalid size of register fill",
  ],
  [
    "a number from a stack pointer",
    asm("r2 = r10\nr2 -= 8\nr0 = 0\nexit"),
    "R2 subtraction from stack pointer prohibited",
  ],
  ["what byte swaps decide", asm("r2 = 5\nr2 = be16 r2\nif r2 == 0x500 goto +1\nr0 = r9\nr0 = 0\nexit"), ""],
  [
    "one of two structures with the context",
    asm(
      "*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 32) = r1\nr3 = r10\nr3 += -16\nr2 = *(u32 *)(r1 + 4)\nif r2 == 0 goto +1\nr3 += -16\nr4 = *(u64 *)(r3 + 0)\nr0 = *(u32 *)(r4 + 4)\nexit",
    ),
    "",
  ],
  [
    "a number that one path alone writes to the stack",
    asm(
      "r2 = *(u32 *)(r1 + 4)\nif r2 == 0 goto +1\n*(u64 *)(r10 - 8) = 0\nr3 = *(u64 *)(r10 - 8)\nif r3 == 0 goto +1\nr0 = r9\nr0 = 0\nexit",
    ),
    "R9 !read_ok",
  ],
  ["what bounds decide", asm("r2 = *(u8 *)(r10 - 1)\nif r2 < 256 goto +1\nr0 = r9\nr0 = 0\nexit"), ""],
  [
    "a number that a helper overwrites",
    asm(
      "r2 = 0\n*(u64 *)(r10 - 8) = r2\nr3 = r10\nr3 += -8\nr4 = 8\ncall 26\nr0 = *(u64 *)(r10 - 8)\nif r0 == 0 goto +1\nr0 = r9\nr0 = 0\nexit",
    ),
    "R9 !read_ok",
  ],
  [
    "a number that a store in a variable place overwrites",
    asm(
      "r2 = 0\n*(u64 *)(r10 - 8) = r2\n*(u64 *)(r10 - 16) = r2\nr2 = *(u32 *)(r1 + 4)\nr2 &= 8\nr3 = r10\nr3 += -16\nr3 += r2\nr4 = 1\n*(u64 *)(r3 + 0) = r4\nr0 = *(u64 *)(r10 - 8)\nif r0 == 0 goto +1\nr0 = r9\nr0 = 0\nexit",
    ),
    "R9 !read_ok",
  ],
  [
    "the sign of a signed remainder",
    asm("r0 = *(u32 *)(r1 + 4)\nr0 += -5\nr0 s%= 10\nif r0 s>= 0 goto +1\nr0 = r9\nr0 = 0\nexit"),
    "R9 !read_ok",
  ],
  [
    "the sign of a signed quotient",
    asm("r0 = *(u32 *)(r1 + 4)\nr0 &= 255\nr0 s/= -2\nif r0 < 256 goto +1\nr0 = r9\nr0 = 0\nexit"),
    "R9 !read_ok",
  ],
  [
    "a sum beyond bit 63",
    asm(
      "r0 = *(u64 *)(r10 - 8)\nr0 >>= 1\nr0 += 5\nif r0 s>= 10 goto +2\nif r0 <= 100 goto +1\nr0 = r9\nr0 = 0\nexit",
    ),
    "R9 !read_ok",
  ],
  [
    "a bit shifted into bit 63",
    asm(
      "r0 = *(u32 *)(r1 + 4)\nr0 &= 1\nr0 <<= 63\nif r0 s>= 10 goto +2\nif r0 <= 100 goto +1\nr0 = r9\nr0 = 0\nexit",
    ),
    "R9 !read_ok",
  ],
  [
    "a shift by 64 in a register",
    asm("r0 = *(u32 *)(r1 + 4)\nr2 = 64\nr0 >>= r2\nif r0 <= 5 goto +1\nr0 = r9\nr0 = 0\nexit"),
    "R9 !read_ok",
  ],
  [
    "a moved context",
    asm("r1 += 4\nr0 = *(u32 *)(r1 + 0)\nexit"),
    "dereference of modified ctx ptr R1 off=4 disallowed",
  ],
  [
    "an atomic on the context",
    asm("r0 = 1\nlock *(u32 *)(r1 + 0) += r0\nexit"),
    "BPF_ATOMIC stores into R1 ctx is not allowed",
  ],
  [
    "one insn for context and stack",
    asm(
      "r2 = r10\nr2 += -8\nr3 = 0\n*(u64 *)(r2 + 0) = r3\nr0 = *(u32 *)(r1 + 4)\nif r0 == 0 goto +1\nr2 = r1\nr0 = *(u32 *)(r2 + 0)\nexit",
    ),
    "same insn cannot be used with different pointers",
  ],
  ["a number as address", asm("r1 = 0\nr0 = *(u32 *)(r1 + 0)\nexit"), "R1 invalid mem access 'scalar'"],
  ["a multiplied pointer", asm("r1 *= 3\nr0 = 0\nexit"), "R1 pointer arithmetic with *= operator prohibited"],
  [
    "a masked pointer",
    asm("r2 = r10\nr2 &= 7\nr0 = 0\nexit"),
    "R2 bitwise operator &= on pointer prohibited",
  ],
  ["32-bit pointer arithmetic", asm("w1 += 3\nr0 = 0\nexit"), "R1 32-bit pointer arithmetic prohibited"],
  ["a sum of pointers", asm("r1 += r10\nr0 = 0\nexit"), "R1 pointer += pointer prohibited"],
  [
    "a number minus a pointer",
    asm("r2 = 5\nr2 -= r1\nr0 = 0\nexit"),
    "R2 tried to subtract pointer from scalar",
  ],
  ["a pointer as a number", asm("r1 = -r1\nr2 = (s8)r10\nw3 = w10\nr0 = 0\nexit"), ""],
  [
    "a spilled context",
    asm("*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 4)\nexit"),
    "",
  ],
  ["a packet load", asm("r6 = r1\nr0 = *(u8 *)skb[3]\nexit"), ""],
  ["a packet load without r6", asm("r0 = *(u8 *)skb[3]\nexit"), "R6 !read_ok"],
  [
    "a packet load with another r6",
    asm("r6 = 0\nr0 = *(u8 *)skb[3]\nexit"),
    "at the time of BPF_LD_ABS|IND R6 != pointer to skb",
  ],
  ["what constants cut off", asm("r0 = 0\nif r0 == 0 goto +1\nr0 = r9\nexit"), ""],
  [
    "two like conditions",
    asm("r2 = *(u32 *)(r1 + 4)\nr0 = 0\nif r2 == 0 goto +1\nr3 = 7\nif r2 == 0 goto +1\nr0 = r3\nexit"),
    "",
  ],
  [
    "a variable place in the stack",
    asm(
      "r2 = *(u32 *)(r1 + 4)\nr2 &= 7\nr3 = r10\nr3 += -16\nr3 += r2\nr4 = 1\n*(u8 *)(r3 + 0) = r4\nr0 = 0\nexit",
    ),
    "",
  ],
  ["r11", raw([insn(0xb7, { dst: 11 }), zero, exit]), "R11 is invalid"],
  ["r12 as source", raw([insn(0xbf, { src: 12 }), exit]), "R12 is invalid"],
  ["LDX with imm", raw([insn(0x61, { src: 1, imm: 3 }), exit]), "BPF_LDX uses reserved fields"],
  ["ALU with off", raw([insn(0x07, { off: 2 }), exit]), "BPF_ALU uses reserved fields"],
  ["addition with off 1", raw([zero, insn(0x07, { off: 1 }), exit]), "BPF_ALU uses reserved fields"],
  ["sdiv", raw([zero, insn(0x37, { off: 1, imm: 2 }), exit]), ""],
  ["MOV with src", raw([insn(0xb7, { src: 2 }), exit]), "BPF_MOV uses reserved fields"],
  ["MOV of 7 bits", raw([insn(0xbf, { src: 1, off: 7 }), exit]), "BPF_MOV uses reserved fields"],
  ["32-bit MOV of 32 bits", raw([insn(0xbc, { src: 1, off: 32 }), exit]), "BPF_MOV uses reserved fields"],
  ["NEG with imm", raw([zero, insn(0x87, { imm: 3 }), exit]), "BPF_NEG uses reserved fields"],
  ["END of 17 bits", raw([zero, insn(0xdc, { imm: 17 }), exit]), "BPF_END uses reserved fields"],
  ["bswap with X", raw([zero, insn(0xdf, { imm: 16 }), exit]), "unknown opcode df"],
  ["JA with imm", raw([zero, insn(0x05, { imm: 3 }), exit]), "BPF_JA uses reserved fields"],
  ["gotol", raw([zero, insn(0x06), exit]), ""],
  ["gotol with off", raw([zero, insn(0x06, { off: 1 }), exit]), "BPF_JA uses reserved fields"],
  ["EXIT with imm", raw([zero, insn(0x95, { imm: 1 })]), "BPF_EXIT uses reserved fields"],
  ["CALL with off", raw([insn(0x85, { imm: 7, off: 1 }), exit]), "BPF_CALL uses reserved fields"],
  [
    "a condition with imm and src",
    raw([zero, insn(0x15, { src: 2 }), exit]),
    "BPF_JMP/JMP32 uses reserved fields",
  ],
  ["ST with src", raw([insn(0x7a, { dst: 10, src: 1, off: -8 }), zero, exit]), "BPF_ST uses reserved fields"],
  [
    "STX with imm",
    raw([insn(0x7b, { dst: 10, src: 1, off: -8, imm: 1 }), zero, exit]),
    "BPF_STX uses reserved fields",
  ],
  [
    "an unknown atomic",
    raw([zero, insn(0x7b, { dst: 10, src: 1, off: -8 }), insn(0xdb, { dst: 10, off: -8, imm: 0x10 }), exit]),
    "BPF_ATOMIC uses invalid atomic opcode 10",
  ],
  [
    "LD_IMM64 with a broken second slot",
    raw([insn(0x18), insn(0, { dst: 1 }), exit]),
    "invalid bpf_ld_imm64 insn",
  ],
  ["LD_IMM64 with off", raw([insn(0x18, { off: 2 }), insn(0), exit]), "BPF_LD_IMM64 uses reserved fields"],
  ["LD_IMM64 of kind 9", raw([insn(0x18, { src: 9 }), insn(0), exit]), "unrecognized bpf_ld_imm64 insn"],
  ["callx", raw([insn(0x8d), exit]), "unknown opcode 8d"],
  ["a 64-bit packet load", raw([insn(0x38), exit]), "unknown opcode 38"],
  ["a 64-bit MEMSX", raw([insn(0x99, { src: 1 }), exit]), "unknown opcode 99"],
];

const helper = (id: number): boolean => id > 0 && id < 212;

describe("check", () => {
  for (const [name, program, message] of verdicts)
    it(`${name}: ${message === "" ? "accepted" : message}`, () => {
      expect(refusal(program, { helper })?.message ?? "").toBe(message);
    });

  it("an error has errno, instruction and a log like the kernel's", () => {
    const error = refusal(asm("r0 = 1\nr0 = r2\nexit"));
    expect(error).toMatchObject({ errno: "EACCES", insn: 1 });
    expect(error?.log).toBe(
      "1: (bf) r0 = r2\nR2 !read_ok\nprocessed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
    );
  });

  it("a helper that the type may not call is named", () => {
    const options = { helper: () => false, helperName: () => "bpf_redirect" };
    expect(refusal(asm("call 23\nexit"), options)?.message).toBe(
      "program of this type cannot use helper bpf_redirect#23",
    );
  });

  it("calls out of the program and tail calls beside subprograms are refused", () => {
    expect(refusal(raw([insn(0x85, { src: 1, imm: 50 }), exit]))?.message).toBe(
      "call to invalid destination",
    );
    expect(refusal(asm("call f\nr1 = 0\ncall 12\nexit\nf: r0 = 0\nexit"))?.message).toBe(
      "mixing of tail_calls and bpf-to-bpf calls is not supported",
    );
    expect(check(asm("r2 = 0 ll\nr3 = 0\ncall 12\nr0 = 0\nexit")).functions[0]?.usesTailCall).toBe(true);
  });

  const accesses = (text: string): readonly number[] =>
    [...check(asm(text)).contextAccesses].sort((a, b) => a - b);

  it("the context is followed through moves, spills, arguments and the stack of callers", () => {
    expect(accesses("r6 = r1\nr0 = *(u32 *)(r6 + 0)\nr7 = r6\n*(u32 *)(r7 + 8) = r0\nexit")).toEqual([1, 3]);
    expect(accesses("r6 = r1\ncall f\nr0 = 0\nexit\nf: r2 = r1\nr0 = *(u32 *)(r2 + 4)\nexit")).toEqual([5]);
    // main puts the context into a structure on its stack and hands that on, through two functions.
    const nested = `*(u64 *)(r10 - 16) = r1
      r1 = r10
      r1 += -24
      call f
      r0 = 0
      exit
      f: r2 = r1
      r1 = 5
      call g
      exit
      g: r3 = *(u64 *)(r2 + 8)
      r0 = *(u32 *)(r3 + 12)
      *(u64 *)(r10 - 8) = r3
      r4 = *(u64 *)(r10 - 8)
      r0 = *(u32 *)(r4 + 16)
      exit`;
    expect(accesses(nested)).toEqual([11, 14]);
  });

  it("a callee that stores the context into the caller's stack is followed too", () => {
    expect(
      accesses(
        "r2 = r10\nr2 += -8\ncall f\nr3 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r3 + 0)\nexit\nf: *(u64 *)(r2 + 0) = r1\nr0 = 0\nexit",
      ),
    ).toEqual([4]);
  });

  it("a returned context and one in a callback's argument are followed", () => {
    expect(accesses("r6 = r1\ncall f\nr0 = *(u32 *)(r0 + 0)\nexit\nf: r0 = r1\nexit")).toEqual([2]);
    const callback = [
      insn(0xbf, { dst: 3, src: 1 }),
      insn(0x18, { dst: 2, src: 4, imm: 6 }),
      insn(0),
      insn(0xb7, { dst: 1 }),
      insn(0xb7, { dst: 4 }),
      insn(0x85, { imm: 181 }),
      zero,
      exit,
      insn(0x61, { dst: 0, src: 2, off: 4 }),
      exit,
    ];
    expect([...check(raw(callback)).contextAccesses]).toEqual([8]);
  });

  it("loads through other pointers are no context accesses", () => {
    expect(
      accesses(
        "r2 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r2 + 0)\n*(u64 *)(r10 - 8) = r2\nr0 = *(u32 *)(r10 - 8)\nexit",
      ),
    ).toEqual([0]);
  });

  it("the context is found in one of two places, and missed in none", () => {
    const choose = "r2 = *(u32 *)(r1 + 4)\nr3 = r10\nr3 += -16\nif r2 == 0 goto +1\nr3 += -16\n";
    const load = "r4 = *(u64 *)(r3 + 0)\nr0 = *(u32 *)(r4 + 4)\nexit";
    const both = "*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 32) = r1\n";
    expect(accesses(both + choose + load)).toEqual([2, 8]);
    expect(accesses(`${choose}*(u64 *)(r3 + 0) = r1\n${load}`)).toEqual([0, 7]);
    const other = "r5 = *(u64 *)(r1 + 0)\n*(u64 *)(r10 - 16) = r1\n*(u64 *)(r10 - 32) = r5\n";
    expect(refusal(asm(other + choose + load))?.message).toBe(
      "same insn cannot be used with different pointers",
    );
  });

  it("a callback may never be called, or often", () => {
    // bpf_loop with a callback that sets the number at fp-8, which decides over the unwritten r9.
    const program = (first: number): LinkedProgram => ({
      ...asm(
        `*(u64 *)(r10 - 8) = ${first}\nr1 = 0\nr3 = r10\nr3 += -8\nr4 = 0\nr2 = f ll\ncall 181\nr2 = *(u64 *)(r10 - 8)\nif r2 == 5 goto +1\nr0 = r9\nr0 = 0\nexit\nf: *(u64 *)(r2 + 0) = 5\nr0 = 0\nexit`,
      ),
    });
    expect(refusal(program(5))).toBeUndefined();
    expect(refusal(program(0))?.message).toBe("R9 !read_ok");
  });

  it("a pointer that is one into the stack on one path only counts as such", () => {
    const text =
      "r2 = *(u64 *)(r1 + 0)\nif r2 == 7 goto +2\nr2 = r10\nr2 += -40\nr3 = 1\n*(u64 *)(r10 - 40) = r3\n*(u64 *)(r2 + 0) = r2\nr3 = *(u64 *)(r10 - 40)\nif r3 == 1 goto +1\nr0 = r9\nr0 = 0\nexit";
    expect(refusal(asm(text))?.message).toBe("R9 !read_ok");
    expect(
      check(
        asm(
          "r2 = *(u64 *)(r1 + 0)\nif r2 == 7 goto +2\nr2 = r10\nr2 += -40\n*(u8 *)(r2 + 0) = r1\nr0 = 0\nexit",
        ),
      ).functions[0]?.stackDepth,
    ).toBe(40);
  });

  const depths = (text: string): readonly number[] => check(asm(text)).functions.map((f) => f.stackDepth);

  it("stack depth is what a function uses of its frame, rounded up to 8", () => {
    expect(depths("r0 = 0\nexit")).toEqual([0]);
    expect(depths("r0 = 0\n*(u8 *)(r10 - 9) = r0\nexit")).toEqual([16]);
    expect(depths("r1 = r10\nr1 += -40\nr2 = 1\ncall 25\nexit")).toEqual([40]);
    // The callee writes into its caller's frame, and into its own.
    expect(
      depths(
        "r1 = r10\nr1 += -24\ncall f\nexit\nf: r0 = 0\n*(u64 *)(r1 + 8) = r0\n*(u64 *)(r10 - 8) = r0\nexit",
      ),
    ).toEqual([16, 8]);
  });

  it("a stack pointer that a number of unknown sign moved may reach everything", () => {
    const at = (mask: string): readonly number[] =>
      depths(
        `r2 = *(u64 *)(r1 + 0)\n${mask}\nr3 = r10\nr3 += -16\nr3 += r2\n*(u8 *)(r3 + 0) = r2\nr0 = 0\nexit`,
      );
    expect(at("r2 &= 7")).toEqual([16]);
    expect(at("if r2 > 7 goto +4")).toEqual([16]);
    expect(at("r2 &= 7\nr2 <<= 32\nr2 s>>= 32")).toEqual([16]);
    expect(at("if r2 s< 0 goto +5\nif r2 s> 7 goto +4")).toEqual([16]);
    expect(at("r4 = r2")).toEqual([512]);
    expect(at("r2 <<= 3")).toEqual([512]);
  });

  it("random instructions are accepted or refused, never a crash", () => {
    const codes = Array.from({ length: 256 }, (_, code) => code).filter(isKnownOpcode);
    const register = fc.oneof({ weight: 9, arbitrary: fc.nat(10) }, fc.nat(15));
    const fields = {
      code: fc.oneof(fc.constantFrom(...codes), fc.constantFrom(0xb7, 0xbf, 0x07, 0x7b, 0x79, 0x15)),
      dst: register,
      src: fc.oneof(fc.constantFrom(0, 1, 10), register),
      off: fc.constantFrom(0, 0, 0, 1, 2, -1, -8, -16, -512, 8, 32767),
      imm: fc.constantFrom(0, 0, 1, 2, 8, 16, 64, -8, -1, 0x7fff_ffff, -0x8000_0000, 12, 181),
    };
    // A jump goes one on, so that more than its distance is looked at.
    const tame = (i: Insn): Insn =>
      isJump(i.code) ? insn(i.code, { ...i, off: 0, imm: i.code === 0x06 ? 0 : i.imm }) : i;
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fc.record(fields), { maxLength: 12 }), fc.boolean(), (body, isTame) => {
        const slots = (isTame ? body.map(tame) : body).flatMap((i) =>
          i.code === 0x18 ? [{ ...i, off: 0 }, insn(0, { imm: i.imm })] : [i],
        );
        if (refusal(raw([...slots, zero, exit])) === undefined) accepted++;
      }),
      { seed: 9669, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  it("many joins and nested loops end", () => {
    const blocks = Array.from(
      { length: 500 },
      (_, i) =>
        `L${i}: if r${(i % 4) + 6} > ${i} goto L${(i * 7919) % 500}\nr${(i % 4) + 6} += 1\nr2 = r10\nr2 += -${8 * (i % 60) + 8}\n*(u64 *)(r2 + 0) = r${((i + 1) % 4) + 6}`,
    );
    const text = `r6 = r1\nr7 = 0\nr8 = r10\nr9 = 5\n${blocks.join("\n")}\nr0 = 0\nexit`
      .replaceAll("r6", "r5")
      .replaceAll("r8", "r4");
    const program = asm(text);
    // Once states have settled every instruction is looked at once.
    expect(check(program).processedInsns).toBe(program.insns.length);
  });
});

// Kernels whose log has the words of our messages.
const WORDS = { from: [6, 12], to: [6, 18] } as const;

describeWithOracle("check against a real kernel", [mc, clang], () => {
  describeWithKernel(
    "bpf(2)",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "farcall-check-"));
      const pins = new Pins();
      afterAll(() => {
        pins.close();
        rmSync(folder, { recursive: true });
      });

      const logOf = (stderr: string): string =>
        stderr.split("-- BEGIN PROG LOAD LOG --\n")[1]?.split("\n-- END")[0] ?? "";

      for (const [name, program, message] of verdicts)
        it(`${name}: the same verdict in the same words`, () => {
          const object = join(folder, "p.o");
          const bytes = [...encodeInsns(program.insns, "le")].map((b) => `.byte ${b}`).join("\n");
          const text = `.section socket,"ax",@progbits\n.globl p\n.type p,@function\np:\n${bytes}\n.size p, .-p\n.section license,"aw",@progbits\n.asciz "GPL"\n`;
          expect(mc.run(["-triple=bpfel", "-filetype=obj", "-o", object], text).stderr).toBe("");
          const result = pins.load(object);
          if (message === "") expect(result).toMatchObject({ status: 0 });
          else expect(logOf(result.stderr).split("\n")).toContain(message);
        });

      const PREFIX = "NOINLINE static int f9(volatile int x) { return x; }\n";
      const chain = [8, 7, 6, 5, 4, 3, 2]
        .map((n) => `NOINLINE static int f${n}(volatile int x) { return f${n + 1}(x); }`)
        .join("\n");
      for (const [name, source, message] of [
        ["8 frames", `${PREFIX}${chain} SEC("socket") int p(int *c) { return f3(*c); }`, ""],
        [
          "9 frames",
          `${PREFIX}${chain} SEC("socket") int p(int *c) { return f2(*c); }`,
          "the call stack of 9 frames is too deep",
        ],
        [
          "recursion",
          `NOINLINE static int r(volatile int x) { if (x) return r(x - 1); return 0; } SEC("socket") int p(int *c) { return r(*c); }`,
          "the call stack of 9 frames is too deep",
        ],
        [
          "too much stack together",
          `NOINLINE static int b(int x) { volatile char a[300]; a[x & 15] = 1; return a[3]; }
         NOINLINE static int d(int x) { volatile char a[200]; a[x & 15] = 1; return b(a[3]); }
         SEC("socket") int p(int *c) { volatile char a[16]; a[0] = 1; return d(a[0]); }`,
          "combined stack size of 3 calls is 528. Too large",
        ],
      ] as const)
        it(`${name}: the same verdict`, () => {
          const license = `\nchar _license[] SEC("license") = "GPL";`;
          const { bytes, path, dispose } = compile(source + license, "le", ["-fno-optimize-sibling-calls"]);
          const theirs = pins.load(path);
          dispose();
          const ours = refusal(BpfObject.parse(bytes).link("p"));
          expect(ours?.message ?? "").toBe(message);
          if (message === "") expect(theirs).toMatchObject({ status: 0 });
          else expect(logOf(theirs.stderr).split("\n")).toContain(message);
        });
    },
    WORDS,
  );
});

describeWithOracle("check of what clang makes", [clang], () => {
  const checked = (source: string, flags: readonly string[] = ["-g"]): Checked => {
    const { bytes, dispose } = compile(source, "le", flags);
    dispose();
    return check(BpfObject.parse(bytes).link("p"));
  };

  const SOURCE = `
    struct args { struct xdp_md *ctx; u64 sum; };
    NOINLINE static int deep(struct args *a) { a->sum += a->ctx->rx_queue_index; return a->ctx->ingress_ifindex; }
    NOINLINE static int add(struct args *a) { a->sum++; return deep(a); }
    SEC("xdp") int p(struct xdp_md *ctx) {
      struct args a = { ctx, 0 }; u64 words[4] = {};
      for (int i = 0; i < 4; i++) words[i & 3] += ctx->data + i;
      int n = add(&a); return n + a.sum + words[n & 3];
    }`;

  for (const flags of [["-O2"], ["-O1"], ["-O0"]])
    it(`accepts a structure with the context on the stack (${flags.join(" ")})`, () => {
      const { contextAccesses, functions } = checked(SOURCE, flags);
      expect(contextAccesses.size).toBeGreaterThanOrEqual(3);
      expect(functions.map((f) => f.name)).toEqual(["p", "add", "deep"]);
      expect(functions[0]?.stackDepth).toBeGreaterThanOrEqual(48);
    });
});
