// Compiled functions executed on the emulated processor: what cannot be seen in the words alone.
import { describe, expect, test } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU64, BPF_ATOMIC, BPF_CALL, BPF_CMPXCHG, BPF_DW, BPF_EXIT, BPF_JMP, BPF_JNE, BPF_K, BPF_LDX, BPF_MEM, BPF_MOV, BPF_PSEUDO_CALL,
  BPF_REG_FP, BPF_STX, BPF_SUB, BPF_X,
} from "../bpf/opcodes.ts";
import { u64 } from "../word/long.ts";
import { BPF_TAIL_CALL } from "./frame.ts";
import { BareMachine } from "./test/bare-machine.ts";
import { functionsOf } from "./test/fixtures.ts";
import { jitProgram } from "./program.ts";
import type { JitTarget } from "./target.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const movReg = (dst: number, src: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst, src });
const addReg = (dst: number, src: number): Insn => insn(BPF_ALU64 | BPF_ADD | BPF_X, { dst, src });
const callOf = (off: number): Insn => insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off });

const targets: readonly Partial<JitTarget>[] = (["far", "near", "auto-shrink"] as const).flatMap(
  (callSequence) => [
    { callSequence, endian: "le", abi: "elfv2" },
    { callSequence, endian: "be", abi: "elfv1" },
    { callSequence, endian: "be", abi: "elfv2" },
  ],
);
const none = new Uint8Array();

describe.each(targets)("$callSequence $endian $abi", (target) => {
  test("functions call one another, each with a stack of its own", () => {
    const machine = new BareMachine({ target });
    const store = (value: number): Insn =>
      insn(BPF_STX | BPF_MEM | BPF_DW, { dst: BPF_REG_FP, src: value, off: -8 });
    const load = (dst: number): Insn => insn(BPF_LDX | BPF_MEM | BPF_DW, { dst, src: BPF_REG_FP, off: -8 });
    const jited = machine.jit(
      functionsOf(
        [
          [mov(6, 40), store(6), mov(1, 1), callOf(1), addReg(0, 6), load(1), addReg(0, 1), exit],
          [mov(6, 1000), store(1), mov(1, 7), callOf(2), load(1), addReg(0, 1), exit],
          [store(1), movReg(0, 1), exit],
        ],
        { stackDepth: 8 },
      ),
    );
    expect(machine.call(jited, none).r0).toEqual(u64(7 + 1 + 40 + 40));
  });

  test("a function calls itself", () => {
    const machine = new BareMachine({ target });
    // f(n) = n === 0 ? 0 : n + f(n - 1)
    const recursive = [
      movReg(6, 1),
      mov(0, 0),
      insn(BPF_JMP | BPF_JNE | BPF_K, { dst: 6, off: 1 }),
      exit,
      insn(BPF_ALU64 | BPF_SUB | BPF_K, { dst: 1, imm: 1 }),
      callOf(1),
      addReg(0, 6),
      exit,
    ];
    const jited = machine.jit(functionsOf([[mov(1, 20), callOf(1), exit], recursive]));
    expect(machine.call(jited, none).r0).toEqual(u64(210));
  });

  test("a helper gets R1 to R5 and gives R0; R6 to R9 outlive it", () => {
    const seen: string[] = [];
    const machine = new BareMachine({
      target,
      helpers: [
        (...r) => {
          seen.push(r.join(" "));
          return u64(5);
        },
      ],
    });
    const helper = insn(BPF_JMP | BPF_CALL, { imm: BareMachine.helperImm(0) });
    const jited = machine.jit(
      functionsOf([
        [...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((r) => mov(r, r * 11)), helper, addReg(0, 6), addReg(0, 9), exit],
      ]),
    );
    expect(machine.call(jited, none).r0).toEqual(u64(5 + 66 + 99));
    expect(seen).toEqual(["11 22 33 44 55"]);
  });

  test("tail calls: the count goes on, and ends after 33", () => {
    const machine = new BareMachine({ target });
    const memory = machine.imageMemory();
    const { bpfArrayMaxEntries, bpfArrayPtrs, bpfProgBpfFunc } = machine.target.offsets;
    const array = BareMachine.dataAddress + 0x100;
    const prog = BareMachine.dataAddress + 0x800;
    // Adds one to the counter that R1 points to, then goes to program 0 of the array; R6 to see that it is given back.
    const insns = [
      movReg(6, 1),
      mov(0, 1),
      insn(BPF_STX | BPF_ATOMIC | BPF_DW, { dst: 1, src: 0, imm: BPF_ADD }),
      mov(2, array),
      mov(3, 0),
      insn(BPF_JMP | BPF_TAIL_CALL),
      insn(BPF_LDX | BPF_MEM | BPF_DW, { dst: 0, src: 6 }),
      exit,
    ];
    const jited = jitProgram(functionsOf([insns]), machine.target, memory);
    const data = new Uint8Array(0x1000);
    const view = new DataView(data.buffer);
    const little = machine.target.endian === "le";
    view.setUint32(0x100 + bpfArrayMaxEntries, 1, little);
    view.setBigUint64(0x100 + bpfArrayPtrs, BigInt(prog), little);
    view.setBigUint64(0x800 + bpfProgBpfFunc, BigInt(jited.entry.toString()), little);
    expect(machine.call(jited, data).r0).toEqual(u64(34));

    view.setUint32(0x100 + bpfArrayMaxEntries, 0, little);
    expect(machine.call(jited, data).r0).toEqual(u64(1));
    view.setUint32(0x100 + bpfArrayMaxEntries, 1, little);
    view.setBigUint64(0x100 + bpfArrayPtrs, 0n, little);
    expect(machine.call(jited, data).r0).toEqual(u64(1));
  });

  test("compare and exchange gives back the old value, and stores only where equal", () => {
    const machine = new BareMachine({ target });
    const exchange = [
      mov(2, 9),
      insn(BPF_STX | BPF_ATOMIC | BPF_DW, { dst: 1, src: 2, imm: BPF_CMPXCHG }),
      exit,
    ];
    const run = (expected: number): { r0: string; after: bigint } => {
      const data = new Uint8Array(8);
      new DataView(data.buffer).setBigUint64(0, 5n, machine.target.endian === "le");
      const outcome = machine.call(machine.jit(functionsOf([[mov(0, expected), ...exchange]])), data);
      const view = new DataView(outcome.data.buffer);
      return { r0: outcome.r0.toString(), after: view.getBigUint64(0, machine.target.endian === "le") };
    };
    expect(run(5)).toEqual({ r0: "5", after: 9n });
    expect(run(6)).toEqual({ r0: "5", after: 5n });
  });
});
