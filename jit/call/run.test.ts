// Every call and helper sequence run on the bare machine: functions that call each other and helpers in every order give what the
// BPF interpreter gives, whichever sequence their calls have.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU64, BPF_CALL, BPF_DW, BPF_EXIT, BPF_JMP, BPF_K, BPF_MEM, BPF_MOV, BPF_MUL, BPF_PSEUDO_CALL, BPF_REG_FP, BPF_STX, BPF_LDX,
  BPF_X, BPF_XOR,
} from "../../bpf/opcodes.ts";
import { u64 } from "../../word/long.ts";
import type { JitError } from "../error.ts";
import type { JitTarget } from "../target.ts";
import { BareMachine, type Helper } from "../test/bare-machine.ts";
import { interpreted, jitFunctions, resultOf } from "../test/compare.ts";
import { helperSequences } from "./helper-sequences.ts";
import { callSequences } from "./sequences.ts";

const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const alu = (operation: number, dst: number, src: number): Insn =>
  insn(BPF_ALU64 | operation | BPF_X, { dst, src });
const callOf = (off: number): Insn => insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off });
const helper = (n: number): Insn => insn(BPF_JMP | BPF_CALL, { imm: BareMachine.helperImm(n) });
const exit = insn(BPF_JMP | BPF_EXIT);

const helpers: readonly Helper[] = [
  (a = u64(0), b = u64(0)) => a.mul(3).add(b),
  (a = u64(0), b = u64(0)) => a.xor(b).add(u64(0x1234)),
];

/** R6 holds the sum so far; what is kept over calls lies on the stack, too. */
const program: readonly (readonly Insn[])[] = [
  [
    mov(6, 1),
    mov(1, 5),
    mov(2, 7),
    callOf(1),
    alu(BPF_ADD, 6, 0),
    alu(BPF_MOV, 1, 6),
    mov(2, 9),
    helper(0),
    alu(BPF_XOR, 6, 0),
    insn(BPF_STX | BPF_MEM | BPF_DW, { dst: BPF_REG_FP, src: 6, off: -8 }),
    alu(BPF_MOV, 1, 6),
    mov(2, 11),
    callOf(2),
    alu(BPF_MUL, 6, 0),
    mov(1, 13),
    mov(2, 17),
    callOf(1),
    insn(BPF_LDX | BPF_MEM | BPF_DW, { dst: 1, src: BPF_REG_FP, off: -8 }),
    alu(BPF_ADD, 0, 1),
    alu(BPF_ADD, 0, 6),
    exit,
  ],
  [
    alu(BPF_MOV, 7, 2),
    callOf(2),
    alu(BPF_MOV, 1, 7),
    alu(BPF_MOV, 2, 0),
    helper(1),
    alu(BPF_ADD, 0, 7),
    exit,
  ],
  [helper(0), alu(BPF_MOV, 1, 0), alu(BPF_MOV, 2, 0), helper(1), exit],
];

const machines: readonly Partial<JitTarget>[] = [
  { endian: "le", abi: "elfv2" },
  { endian: "be", abi: "elfv2" },
  { endian: "le", abi: "elfv1" },
  { endian: "be", abi: "elfv1" },
];

describe.each(machines)("$endian $abi", (machine) => {
  const endian = machine.endian ?? "le";
  const expected = interpreted(program, new Uint8Array(), endian, helpers);
  const run = (target: Partial<JitTarget>, engine: "reference" | "auto"): unknown =>
    resultOf(
      new BareMachine({ target: { ...machine, ...target }, helpers, engine }),
      jitFunctions(program, true),
      new Uint8Array(),
    );

  test.each(callSequences)("$name", ({ name }) => {
    for (const { name: helperSequence } of helperSequences)
      for (const engine of ["reference", "auto"] as const)
        expect(run({ cpu: "power10", callSequence: name, helperSequence }, engine)).toEqual(expected);
  });

  test("pcrel runs on POWER10 only, the others on any", () => {
    for (const cpu of ["power8", "power9"] as const)
      for (const { name } of callSequences) {
        const attempt = (): unknown => run({ cpu, callSequence: name }, "auto");
        if (name === "pcrel")
          expect(attempt).toThrow(expect.objectContaining({ errno: "ENOTSUPP" }) as JitError);
        else expect(attempt()).toEqual(expected);
      }
  });
});
