import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeInsns, encodeInsns, insn, jumpTarget, type Insn } from "./insn.ts";
import { BpfLoadError } from "./load-error.ts";
import { BPF_ALU64, BPF_JA, BPF_JMP, BPF_JMP32, BPF_MOV, BPF_X } from "./opcodes.ts";

const anyInsn: fc.Arbitrary<Insn> = fc.record({
  code: fc.nat(0xff),
  dst: fc.nat(15),
  src: fc.nat(15),
  off: fc.integer({ min: -0x8000, max: 0x7fff }),
  imm: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
});

describe("instruction slots", () => {
  const move = { code: BPF_ALU64 | BPF_MOV | BPF_X, dst: 6, src: 1, off: -2, imm: 0x1234_5678 };

  it("are opcode, registers, offset, immediate; dst in the low nibble of a little-endian program [RFC 9669 3]", () => {
    expect([...encodeInsns([move], "le")]).toEqual([0xbf, 0x16, 0xfe, 0xff, 0x78, 0x56, 0x34, 0x12]);
  });

  it("have dst in the high nibble of a big-endian program", () => {
    expect([...encodeInsns([move], "be")]).toEqual([0xbf, 0x61, 0xff, 0xfe, 0x12, 0x34, 0x56, 0x78]);
  });

  it("decode to what was encoded, in both byte orders", () => {
    fc.assert(
      fc.property(fc.array(anyInsn), fc.constantFrom("le" as const, "be" as const), (insns, endian) => {
        expect(decodeInsns(encodeInsns(insns, endian), endian)).toEqual(insns);
      }),
    );
  });

  it("are read from the middle of a buffer", () => {
    const padded = new Uint8Array([1, 2, 3, ...encodeInsns([move], "be"), 4]);
    expect(decodeInsns(padded.subarray(3, 11), "be")).toEqual([move]);
  });

  it("refuse a length that is no multiple of 8", () => {
    expect(() => decodeInsns(new Uint8Array(12), "le")).toThrow(BpfLoadError);
  });

  it("take offset and immediate modulo their width", () => {
    expect(insn(0, { off: 0xffff, imm: 0xffff_fffe })).toEqual({ code: 0, dst: 0, src: 0, off: -1, imm: -2 });
  });

  it("jump by off, gotol by imm", () => {
    expect(jumpTarget(insn(BPF_JMP | BPF_JA, { off: -3, imm: 9 }), 10)).toBe(8);
    expect(jumpTarget(insn(BPF_JMP32 | BPF_JA, { off: -3, imm: 9 }), 10)).toBe(20);
  });
});
