import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex64, u64 } from "../word/long.ts";
import { insn } from "./insn.ts";
import type { Outcome } from "./interpreter.ts";
import { BpfLoadError } from "./load-error.ts";
import * as op from "./opcodes.ts";
import { rawProgram } from "./raw.ts";
import { assembled, testKernel } from "./test/kernel.ts";
import { VerifierError } from "./verifier/error.ts";

/** Runs a text; `args` in r1 and on. */
function run(
  text: string,
  { args = [], maxInsns = 10_000, endian = "le" as const }: RunOptions = {},
): Outcome {
  const { core } = testKernel(endian);
  return core.load(assembled(text, "socket_filter", { endian })).interpret(args.map(u64), maxInsns);
}
interface RunOptions {
  readonly args?: readonly number[];
  readonly maxInsns?: number;
  readonly endian?: "le" | "be";
}

/** r0 in hex. */
function r0(text: string, options: RunOptions = {}): string {
  const outcome = run(text, options);
  return outcome.kind === "return" ? hex64(outcome.value) : outcome.kind;
}

describe("the BPF interpreter [RFC 9669]", () => {
  it.each([
    // 4.1: "if a division by zero would occur, the destination register is set to zero"; modulo leaves it.
    ["r0 = 7\n r1 = 0\n r0 /= r1\n exit", "0x0000000000000000"],
    ["r0 = 7\n r1 = 0\n r0 %= r1\n exit", "0x0000000000000007"],
    ["r0 = -1\n r1 = 0\n w0 %= w1\n exit", "0x00000000ffffffff"],
    ["r0 = 7\n r1 = 0\n r0 s/= r1\n exit", "0x0000000000000000"],
    ["r0 = -7\n r1 = 0\n r0 s%= r1\n exit", "0xfffffffffffffff9"],
    ["r0 = 0x8000000000000000 ll\n r1 = -1\n r0 s/= r1\n exit", "0x8000000000000000"],
    ["r0 = 0x8000000000000000 ll\n r1 = -1\n r0 s%= r1\n exit", "0x0000000000000000"],
    ["r0 = 0x80000000 ll\n w1 = -1\n w0 s/= w1\n exit", "0x0000000080000000"],
    // 4.1: signed modulo truncates: -13 % 3 = -1.
    ["r0 = -13\n r0 s%= 3\n exit", "0xffffffffffffffff"],
    ["r0 = -13\n r0 s/= 3\n exit", "0xfffffffffffffffc"],
    // 4.1: 32-bit operations zero the upper half.
    ["r0 = -1\n w0 += 1\n exit", "0x0000000000000000"],
    ["r0 = -1\n w0 = w0\n exit", "0x00000000ffffffff"],
    // 4.1: shifts take 6 or 5 bits of the count.
    ["r0 = 1\n r1 = 65\n r0 <<= r1\n exit", "0x0000000000000002"],
    ["r0 = 1\n r1 = 33\n w0 <<= w1\n exit", "0x0000000000000002"],
    ["r0 = 0x8000000000000000 ll\n r0 s>>= 63\n exit", "0xffffffffffffffff"],
    // 4.1: MOVSX.
    ["r1 = 0x80\n r0 = (s8)r1\n exit", "0xffffffffffffff80"],
    ["r1 = 0x8000\n w0 = (s16)w1\n exit", "0x00000000ffff8000"],
    ["r1 = 0x80000000 ll\n r0 = (s32)r1\n exit", "0xffffffff80000000"],
    // 4.2.
    ["r0 = 0x1122334455667788 ll\n r0 = bswap16 r0\n exit", "0x0000000000008877"],
    ["r0 = 0x1122334455667788 ll\n r0 = bswap32 r0\n exit", "0x0000000088776655"],
    ["r0 = 0x1122334455667788 ll\n r0 = bswap64 r0\n exit", "0x8877665544332211"],
    ["r0 = 0x1122334455667788 ll\n r0 = be32 r0\n exit", "0x0000000088776655"],
    ["r0 = 0x1122334455667788 ll\n r0 = le16 r0\n exit", "0x0000000000007788"],
    // 64-bit multiplication modulo 2^64.
    ["r0 = 0xffffffffffffffff ll\n r1 = r0\n r0 *= r1\n exit", "0x0000000000000001"],
    ["r0 = 0x123456789 ll\n r1 = 0x987654321 ll\n r0 *= r1\n exit", "0xd77d742cce1833a9"],
  ])("%s", (text, expected) => expect(r0(text)).toBe(expected));

  it("a swap to the machine's own order only cuts", () => {
    const text = (order: string): string => `r0 = 0x1122334455667788 ll\n r0 = ${order}16 r0\n exit`;
    expect(r0(text("be"), { endian: "be" })).toBe("0x0000000000007788");
    expect(r0(text("le"), { endian: "be" })).toBe("0x0000000000008877");
  });

  it("bytes of the stack lie in the guest's order", () => {
    const text = "r1 = 0x11223344\n *(u32 *)(r10 - 8) = r1\n r0 = *(u8 *)(r10 - 8)\n exit";
    expect(r0(text)).toBe("0x0000000000000044");
    expect(r0(text, { endian: "be" })).toBe("0x0000000000000011");
  });

  it("sign-extending loads fill the whole register", () => {
    const store = "r1 = 0xfedcba98 ll\n *(u64 *)(r10 - 8) = r1\n";
    expect(r0(`${store} r0 = *(s8 *)(r10 - 8)\n exit`)).toBe("0xffffffffffffff98");
    expect(r0(`${store} r0 = *(s16 *)(r10 - 8)\n exit`)).toBe("0xffffffffffffba98");
    expect(r0(`${store} r0 = *(s32 *)(r10 - 8)\n exit`)).toBe("0xfffffffffedcba98");
  });

  it("a called function has a stack and r6 to r9 of its own", () => {
    const text = `
      r6 = 1
      *(u64 *)(r10 - 8) = r6
      r1 = 40
      call double
      r1 = *(u64 *)(r10 - 8)
      r0 += r1
      r0 += r6
      exit
    double:
      r6 = r1
      *(u64 *)(r10 - 8) = r6
      r0 = r6
      r0 += r6
      exit`;
    expect(r0(text)).toBe("0x0000000000000052");
  });

  it("an access where nothing is mapped ends the run with address, kind and place", () => {
    const outcome = run("r1 = 0x1234\n r0 = *(u32 *)(r1 + 4)\n exit");
    expect(outcome).toMatchObject({ kind: "fault", function: "main", insn: 1, instructions: 2 });
    if (outcome.kind !== "fault") throw new Error("no fault");
    expect(outcome.fault).toMatchObject({ access: "load", bytes: 4 });
    expect(hex64(outcome.fault.address)).toBe("0x0000000000001238");
  });

  it("an endless loop ends with the budget", () => {
    expect(run("1: goto 1b", { maxInsns: 1000 })).toEqual({ kind: "max-insns", instructions: 1000 });
  });

  it("calls deeper than eight frames fault instead of running out of the stack", () => {
    expect(run("call f\n exit\nf:\n call f\n exit").kind).toBe("fault");
  });
});

describe("instructions that nobody checked", () => {
  it("end in a result or in one clear error, whatever they are", () => {
    const { core } = testKernel("le", 0x200_0000);
    const code = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x18, 0x85, 0x95, 0x05, 0xdb, 0xc3, 0x3f, 0x9c, 0xd7, 0xbf),
    );
    const slot = fc.record({
      code,
      dst: fc.nat(11),
      src: fc.oneof(fc.nat(2), fc.nat(11)),
      off: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -32768, max: 32767 })),
      imm: fc.oneof(fc.integer({ min: -3, max: 64 }), fc.integer()),
    });
    fc.assert(
      fc.property(fc.array(slot, { minLength: 1, maxLength: 12 }), (slots) => {
        const insns = [...slots, insn(op.BPF_JMP | op.BPF_EXIT)];
        try {
          const loaded = core.load(rawProgram(insns, { name: "main", type: "xdp", endian: "le" }));
          expect(["return", "fault", "max-insns"]).toContain(loaded.interpret([], 1000).kind);
          loaded.free();
        } catch (error) {
          if (error instanceof BpfLoadError || error instanceof VerifierError) {
            expect(error.message).toMatch(/^[^\n]+$/);
          } else throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
