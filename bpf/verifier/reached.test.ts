// Branches that the check takes for dead must be: programs are run here, and everything that runs must have been reached.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { insn, jumpTarget, type Insn } from "../insn.ts";
import * as op from "../opcodes.ts";
import { check, VerifierError } from "./check.ts";
import { isJump } from "./structure.ts";

const u64 = (n: bigint): bigint => BigInt.asUintN(64, n);

/** Arithmetic as RFC 9669 4.1 has it, on unsigned 64-bit numbers; `bits` 32 uses and fills the lower halves. */
function calculate(operation: number, bits: number, isSigned: boolean, x: bigint, y: bigint): bigint {
  const [a, b] = [BigInt.asUintN(bits, x), BigInt.asUintN(bits, y)];
  const [sa, sb] = [BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)];
  const count = b & BigInt(bits - 1);
  const results = new Map<number, () => bigint>([
    [op.BPF_ADD, () => a + b],
    [op.BPF_SUB, () => a - b],
    [op.BPF_MUL, () => a * b],
    [op.BPF_DIV, () => (b === 0n ? 0n : isSigned ? sa / sb : a / b)],
    [op.BPF_MOD, () => (b === 0n ? a : isSigned ? sa % sb : a % b)],
    [op.BPF_OR, () => a | b],
    [op.BPF_AND, () => a & b],
    [op.BPF_XOR, () => a ^ b],
    [op.BPF_LSH, () => a << count],
    [op.BPF_RSH, () => a >> count],
    [op.BPF_ARSH, () => sa >> count],
    [op.BPF_MOV, () => b],
    [op.BPF_NEG, () => -a],
  ]);
  return BigInt.asUintN(bits, (results.get(operation) ?? ((): bigint => 0n))());
}

function compares(operation: number, bits: number, x: bigint, y: bigint): boolean {
  const [a, b] = [BigInt.asUintN(bits, x), BigInt.asUintN(bits, y)];
  const [sa, sb] = [BigInt.asIntN(bits, x), BigInt.asIntN(bits, y)];
  const results = new Map<number, boolean>([
    [op.BPF_JEQ, a === b],
    [op.BPF_JNE, a !== b],
    [op.BPF_JSET, (a & b) !== 0n],
    [op.BPF_JGT, a > b],
    [op.BPF_JGE, a >= b],
    [op.BPF_JLT, a < b],
    [op.BPF_JLE, a <= b],
    [op.BPF_JSGT, sa > sb],
    [op.BPF_JSGE, sa >= sb],
    [op.BPF_JSLT, sa < sb],
    [op.BPF_JSLE, sa <= sb],
  ]);
  return results.get(operation) ?? false;
}

/** Runs a program of arithmetic, jumps and the stack on the bytes given; the slots that ran. */
function run(insns: readonly Insn[], stack: DataView): ReadonlySet<number> {
  const regs = Array.from({ length: 11 }, () => 0n);
  const ran = new Set<number>();
  for (let slot = 0, steps = 0; steps < 500; steps++) {
    const i = insns[slot];
    if (i === undefined || i.code === 0x95) break;
    ran.add(slot);
    slot++;
    const [dst, src] = [regs[i.dst] ?? 0n, regs[i.src] ?? 0n];
    const right = op.sourceOf(i.code) === op.BPF_X ? src : u64(BigInt(i.imm));
    if (op.isAluClass(i.code)) {
      const bits = op.classOf(i.code) === op.BPF_ALU64 ? 64 : 32;
      const operation = op.operationOf(i.code);
      if (operation === op.BPF_END) {
        const digits = BigInt.asUintN(i.imm, dst)
          .toString(16)
          .padStart(i.imm / 4, "0");
        regs[i.dst] = BigInt(
          `0x${i.code === 0xd4 ? digits : (digits.match(/../g) ?? []).reverse().join("")}`,
        );
      } else if (operation === op.BPF_MOV && i.off !== 0)
        regs[i.dst] = BigInt.asUintN(bits, BigInt.asIntN(i.off, src));
      else regs[i.dst] = calculate(operation, bits, i.off === 1, dst, right);
    } else if (isJump(i.code)) {
      const bits = op.classOf(i.code) === op.BPF_JMP ? 64 : 32;
      if (op.operationOf(i.code) === op.BPF_JA || compares(op.operationOf(i.code), bits, dst, right))
        slot = jumpTarget(i, slot - 1);
    } else {
      const at = 512 + i.off;
      const bytes = op.bytesOf(i.code);
      if (op.classOf(i.code) === op.BPF_LDX) {
        const whole = Array.from(
          { length: bytes },
          (_, n) => BigInt(stack.getUint8(at + n)) << BigInt(8 * n),
        ).reduce((a, b) => a + b);
        regs[i.dst] = op.modeOf(i.code) === op.BPF_MEMSX ? u64(BigInt.asIntN(8 * bytes, whole)) : whole;
      } else {
        const value = op.classOf(i.code) === op.BPF_STX ? src : u64(BigInt(i.imm));
        for (let n = 0; n < bytes; n++) stack.setUint8(at + n, Number((value >> BigInt(8 * n)) & 0xffn));
      }
    }
  }
  return ran;
}

const register = fc.integer({ min: 2, max: 7 });
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 7, 8, -1, -8, 255, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const place = fc.constantFrom(-8, -16, -24);
const operation = fc.constantFrom(0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xa0, 0xb0, 0xc0);
const condition = fc.constantFrom(0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0);
const isDivision = (o: number): boolean => o === op.BPF_DIV || o === op.BPF_MOD;
const isShift = (o: number): boolean => o === op.BPF_LSH || o === op.BPF_RSH || o === op.BPF_ARSH;

const anyInsn: fc.Arbitrary<Insn> = fc.oneof(
  fc
    .tuple(fc.constantFrom(4, 7), operation, register, number, fc.boolean())
    .map(([c, o, dst, imm, isSigned]) =>
      insn(c | o, {
        dst,
        imm: isShift(o) ? imm & (c === 4 ? 31 : 63) : isDivision(o) ? imm || 3 : imm,
        off: isDivision(o) && isSigned ? 1 : 0,
      }),
    ),
  fc
    .tuple(fc.constantFrom(4, 7), operation, register, register, fc.boolean())
    .map(([c, o, dst, src, isSigned]) =>
      insn(c | o | op.BPF_X, { dst, src, off: isDivision(o) && isSigned ? 1 : 0 }),
    ),
  fc
    .tuple(register, register, fc.constantFrom(8, 16, 32))
    .map(([dst, src, off]) => insn(0xbf, { dst, src, off })),
  fc.tuple(fc.constantFrom(0x84, 0x87), register).map(([code, dst]) => insn(code, { dst })),
  fc
    .tuple(fc.constantFrom(0xd4, 0xdc, 0xd7), register, fc.constantFrom(16, 32, 64))
    .map(([code, dst, imm]) => insn(code, { dst, imm })),
  fc
    .tuple(fc.constantFrom(0x61, 0x69, 0x71, 0x79, 0x79, 0x81, 0x91), register, place)
    .map(([code, dst, off]) => insn(code, { dst, src: 10, off })),
  fc
    .tuple(fc.constantFrom(0x63, 0x6b, 0x73, 0x7b, 0x7b), register, place)
    .map(([code, src, off]) => insn(code, { dst: 10, src, off })),
  fc
    .tuple(fc.constantFrom(0x62, 0x7a), number, place)
    .map(([code, imm, off]) => insn(code, { dst: 10, off, imm })),
  fc
    .tuple(fc.constantFrom(5, 6), condition, register, number, fc.integer({ min: 0, max: 4 }))
    .map(([c, o, dst, imm, off]) => insn(c | o, { dst, off, imm })),
  fc
    .tuple(fc.constantFrom(5, 6), condition, register, register, fc.integer({ min: -3, max: 4 }))
    .map(([c, o, dst, src, off]) => insn(c | o | op.BPF_X, { dst, src, off })),
);

describe("what the check takes for dead", () => {
  it("does not run, whatever the stack holds", () => {
    let [checked, cutOff] = [0, 0];
    const memory = fc.uint8Array({ minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(
        fc.array(anyInsn, { minLength: 2, maxLength: 14 }),
        fc.array(memory, { minLength: 4, maxLength: 4 }),
        fc.array(number, { minLength: 2, maxLength: 2 }),
        (body, stacks, constants) => {
          // Of r2 and r3 all is known, of r4 and r5 bounds, of r6 and r7 nothing.
          const load = [
            ...constants.map((imm, n) => insn(0xb7, { dst: 2 + n, imm })),
            insn(0x71, { dst: 4, src: 10, off: -8 }),
            insn(0x69, { dst: 5, src: 10, off: -16 }),
            insn(0x79, { dst: 6, src: 10, off: -16 }),
            insn(0x79, { dst: 7, src: 10, off: -24 }),
          ];
          const size = load.length + body.length;
          const fitted = [...load, ...body].map((i, slot) => {
            const target = jumpTarget(i, slot);
            return isJump(i.code) && (target < 0 || target > size) ? { ...i, off: 0 } : i;
          });
          const insns = [...fitted, insn(0xb7), insn(0x95)];
          let reached: ReadonlySet<number> | undefined;
          try {
            const program = {
              name: "p",
              type: "socket_filter",
              endian: "le",
              insns,
              functions: [],
              maps: [],
              license: "",
            } as const;
            reached = check(program).reached;
          } catch (error) {
            expect(error).toBeInstanceOf(VerifierError);
            return;
          }
          checked++;
          if ((reached?.size ?? 0) < insns.length) cutOff++;
          for (const bytes of stacks) {
            const stack = new DataView(new ArrayBuffer(512));
            bytes.forEach((b, n) => stack.setUint8(512 - 24 + n, b));
            for (const slot of run(insns, stack)) expect(reached?.has(slot), `slot ${slot} runs`).toBe(true);
          }
        },
      ),
      { seed: 1806, numRuns: 1500 },
    );
    // Most programs pass, and in enough of them something is cut off: otherwise nothing was tested.
    expect(checked).toBeGreaterThan(1250);
    expect(cutOff).toBeGreaterThan(150);
  });
});
