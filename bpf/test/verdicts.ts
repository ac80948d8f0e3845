// Programs with the verdict of a real kernel on each, and what tests of the check share.
import { assembleProgram } from "../assemble.ts";
import type { LinkedProgram } from "../elf/object.ts";
import { insn, type Insn } from "../insn.ts";
import { check, VerifierError, type CheckOptions } from "../verifier/check.ts";

/** A socket filter of this assembly text. */
export const asm = (text: string): LinkedProgram =>
  assembleProgram(text, { type: "socket_filter", endian: "le", name: "p" });
/** A socket filter of these slots. */
export const raw = (insns: readonly Insn[]): LinkedProgram => ({
  ...asm("exit"),
  insns,
  functions: [{ name: "p", start: 0, length: insns.length }],
});
export const exit = insn(0x95);
export const zero = insn(0xb7);

/** Why the check refuses a program; undefined where it accepts. */
export function refusal(program: LinkedProgram, options?: CheckOptions): VerifierError | undefined {
  try {
    check(program, options);
    return undefined;
  } catch (error) {
    if (error instanceof VerifierError) return error;
    throw error;
  }
}

// What the kernel says of each; empty: it accepts. Every row is compared with a real kernel by
// check.real.test.ts, where there is one.
export const verdicts: readonly (readonly [name: string, program: LinkedProgram, message: string])[] = [
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
