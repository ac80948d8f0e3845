import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clang, compile } from "../../test/clang.ts";
import { describeWithOracle } from "../../test/oracles.ts";
import { BpfObject, type LinkedProgram } from "../elf/object.ts";
import { insn, type Insn } from "../insn.ts";
import { asm, exit, raw, refusal, verdicts, zero } from "../test/verdicts.ts";
import { check, type Checked } from "./check.ts";
import { isKnownOpcode } from "./fields.ts";
import { isJump } from "./structure.ts";

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
