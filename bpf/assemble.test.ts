import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { clang, compile } from "../test/clang.ts";
import { describeWithOracle, oracle } from "../test/oracles.ts";
import { assemble, assembleProgram } from "./assemble.ts";
import { BpfObject, type LinkedProgram } from "./elf/object.ts";
import { encodeInsns, insn, slotsOf, type Endian, type Insn } from "./insn.ts";
import { BpfLoadError } from "./load-error.ts";
import * as op from "./opcodes.ts";
import { printInsns } from "./print.ts";

const mc = oracle("llvm-mc", "llvm");
const objcopy = oracle("llvm-objcopy", "llvm");
const one = (text: string): Insn | undefined => assemble(text).insns[0];

describe("assembler", () => {
  it("assembles what BPF v4 added [RFC 9669 4.1, 4.3, 5.2]", () => {
    expect(one("r1 s/= r2")).toEqual(insn(op.BPF_ALU64 | op.BPF_DIV | op.BPF_X, { dst: 1, src: 2, off: 1 }));
    expect(one("w1 s%= -7")).toEqual(insn(op.BPF_ALU | op.BPF_MOD, { dst: 1, off: 1, imm: -7 }));
    expect(one("r1 %= r2")).toEqual(insn(op.BPF_ALU64 | op.BPF_MOD | op.BPF_X, { dst: 1, src: 2 }));
    expect(one("r1 = (s32)r2")).toEqual(
      insn(op.BPF_ALU64 | op.BPF_MOV | op.BPF_X, { dst: 1, src: 2, off: 32 }),
    );
    expect(one("w1 = (s8)w2")).toEqual(insn(op.BPF_ALU | op.BPF_MOV | op.BPF_X, { dst: 1, src: 2, off: 8 }));
    expect(one("r1 = bswap64 r1")).toEqual(insn(op.BPF_ALU64 | op.BPF_END, { dst: 1, imm: 64 }));
    expect(one("r1 = *(s16 *)(r2 - 4)")).toEqual(
      insn(op.BPF_LDX | op.BPF_MEMSX | op.BPF_H, { dst: 1, src: 2, off: -4 }),
    );
    expect(one("*(u16 *)(r10 - 2) = -1")).toEqual(
      insn(op.BPF_ST | op.BPF_MEM | op.BPF_H, { dst: 10, off: -2, imm: -1 }),
    );
    expect(one("gotol +70000")).toEqual(insn(op.BPF_JMP32 | op.BPF_JA, { imm: 70000 }));
    expect(one("if r1 & 8 goto +2")).toEqual(insn(op.BPF_JMP | op.BPF_JSET, { dst: 1, off: 2, imm: 8 }));
  });

  it("assembles atomics [RFC 9669 5.3]", () => {
    const base = { dst: 1, src: 2, off: 8 };
    const [w, dw] = [op.BPF_STX | op.BPF_ATOMIC | op.BPF_W, op.BPF_STX | op.BPF_ATOMIC | op.BPF_DW];
    expect(one("lock *(u64 *)(r1 + 8) |= r2")).toEqual(insn(dw, { ...base, imm: 0x40 }));
    expect(one("r2 = atomic_fetch_xor((u64 *)(r1 + 8), r2)")).toEqual(insn(dw, { ...base, imm: 0xa1 }));
    expect(one("w2 = atomic_fetch_add((u32 *)(r1 + 8), w2)")).toEqual(insn(w, { ...base, imm: 0x01 }));
    expect(one("r2 = xchg_64(r1 + 8, r2)")).toEqual(insn(dw, { ...base, imm: 0xe1 }));
    expect(one("w0 = cmpxchg32_32(r1 + 8, w0, w2)")).toEqual(insn(w, { ...base, imm: 0xf1 }));
  });

  it("resolves labels before and behind, numbered ones, and calls", () => {
    const { insns, functions } = assemble(`
      .globl main
      main:   if r1 == 0 goto 1f    # forward
              call sub ; goto 1f
      1:      r0 = 1 /* over
                        lines */
              if r0 != 1 goto 1b
              exit                  // end
      sub:    r1 = 7 ll
              goto sub
    `);
    expect(insns.map((i) => i.off)).toEqual([2, 0, 0, 0, -2, 0, 0, 0, -3]);
    expect(insns[1]).toEqual(insn(op.BPF_JMP | op.BPF_CALL, { src: op.BPF_PSEUDO_CALL, imm: 4 }));
    expect(functions).toEqual([
      { name: "main", start: 0, length: 6 },
      { name: "sub", start: 6, length: 3 },
    ]);
  });

  it("calls helpers by number and by name", () => {
    const helper = (name: string): number | undefined => (name === "ktime_get_ns" ? 5 : undefined);
    expect(assemble("call 6\ncall bpf_ktime_get_ns", { helper }).insns.map((i) => [i.src, i.imm])).toEqual([
      [0, 6],
      [0, 5],
    ]);
  });

  it("reads clang's -S output with its license", () => {
    const program = assembleProgram(
      `\t.text\n\t.file\t"a.c"\n\t.section\t"xdp","ax",@progbits\n\t.globl\tp\n\t.p2align\t3\n\t.type\tp,@function
p:                                      # @p\n# %bb.0:\n\tr0 = 2\n\texit\n.Lfunc_end0:\n\t.size\tp, .Lfunc_end0-p
\t.type\t_license,@object\n\t.section\tlicense,"aw",@progbits\n\t.globl\t_license\n_license:\n\t.asciz\t"MIT#1"\n\t.size _license, 6
\t.addrsig\n`,
      { type: "xdp", endian: "le" },
    );
    expect(program).toMatchObject({
      name: "p",
      license: "MIT#1",
      functions: [{ name: "p", start: 0, length: 2 }],
    });
  });

  for (const [text, message] of [
    ["r0 = 1\nr11 = 2", "line 2: no register r11: r0 to r10 exist"],
    ["r1 += w2", "line 1: w2 and r1 are of different width"],
    ["\n\ngoto nowhere", "line 3: label nowhere is not defined"],
    ["r1 = 0x1ffffffff", "line 1: 0x1ffffffff is out of range -2147483648 to 4294967295"],
    ["r1 = *(u32 *)(r2 + 40000)", "line 1: 40000 is out of range -32768 to 32768"],
    ["r1 = *(u32 *)(r2 + 32768)", "line 1: offset 32768 needs more than 16 bits"],
    ["goto +32768", "line 1: jump of 32768 instructions to +32768 needs more than 16 bits"],
    ["r1 = be16 r2", "line 1: be16 works in one register, not from r2 to r1"],
    ["call nothing", "line 1: call of nothing, which is no label, number or helper"],
    ["a:\na:", "line 2: label a is defined twice"],
    ["r1 = counts ll", "line 1: counts is no label: data and maps are only in objects (clang -c)"],
    [`r0 = *(u8 *)(r1 ${"+ ".repeat(100_000)}`, "line 1: 200015 characters are no instruction"],
    ["mov r1, 2", "line 1: not an instruction: mov r1, 2"],
    [".quad 4", "line 1: .quad makes data in section .text: only instructions can be assembled"],
    [".frobnicate", "line 1: unknown directive .frobnicate"],
  ] as const)
    it(`says ${message.slice(0, 80)}`, () => {
      expect(() => assemble(text)).toThrow(new BpfLoadError(message));
    });

  it("never throws anything but BpfLoadError, whatever the text", () => {
    const word = fc.constantFrom(
      ..."r1 w2 r10 = += ( ) * u32 [ skb ] goto call if < exit ; : L .byte # 0x7f -3 ll lock s8 be16 \n".split(
        " ",
      ),
      "\n",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((a) => a.join(" ")),
        ),
        (text) => {
          try {
            assemble(text);
          } catch (error) {
            expect(error).toBeInstanceOf(BpfLoadError);
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });
});

/** Instructions without bits in fields that their opcode does not use. */
const canonical: fc.Arbitrary<readonly Insn[]> = (() => {
  const reg = fc.integer({ min: 0, max: 10 });
  const off = fc.integer({ min: -0x8000, max: 0x7fff });
  const imm = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
  const operations = fc
    .integer({ min: 0, max: 12 })
    .filter((n) => n !== 8)
    .map((n) => n << 4);
  const aluClass = fc.constantFrom(op.BPF_ALU, op.BPF_ALU64);
  const conditions = fc
    .integer({ min: 1, max: 13 })
    .filter((n) => n !== 8 && n !== 9)
    .map((n) => n << 4);
  const jumpClass = fc.constantFrom(op.BPF_JMP, op.BPF_JMP32);
  const size = fc.constantFrom(op.BPF_B, op.BPF_H, op.BPF_W, op.BPF_DW);
  const narrow = fc.constantFrom(op.BPF_B, op.BPF_H, op.BPF_W);
  const one = (f: fc.Arbitrary<Insn>): fc.Arbitrary<readonly Insn[]> => f.map((i) => [i]);
  const atomics = fc.constantFrom(0, 0x40, 0x50, 0xa0, 1, 0x41, 0x51, 0xa1, 0xe1, 0xf1);
  return fc.oneof(
    one(fc.tuple(aluClass, operations, reg, imm).map(([c, o, dst, imm]) => insn(c | o, { dst, imm }))),
    one(
      fc
        .tuple(aluClass, operations, reg, reg)
        .map(([c, o, dst, src]) => insn(c | o | op.BPF_X, { dst, src })),
    ),
    one(fc.tuple(aluClass, reg).map(([c, dst]) => insn(c | op.BPF_NEG, { dst }))),
    one(
      fc
        .tuple(fc.constantFrom(0xd4, 0xdc, 0xd7), reg, fc.constantFrom(16, 32, 64))
        .map(([c, dst, imm]) => insn(c, { dst, imm })),
    ),
    one(
      fc
        .tuple(aluClass, fc.constantFrom(op.BPF_DIV, op.BPF_MOD), reg, reg)
        .map(([c, o, dst, src]) => insn(c | o | op.BPF_X, { dst, src, off: 1 })),
    ),
    one(
      fc.tuple(reg, reg, fc.constantFrom(8, 16, 32)).map(([dst, src, off]) => insn(0xbf, { dst, src, off })),
    ),
    one(
      fc
        .tuple(jumpClass, conditions, reg, imm, off)
        .map(([c, o, dst, imm, off]) => insn(c | o, { dst, imm, off })),
    ),
    one(
      fc
        .tuple(jumpClass, conditions, reg, reg, off)
        .map(([c, o, dst, src, off]) => insn(c | o | op.BPF_X, { dst, src, off })),
    ),
    one(off.map((off) => insn(op.BPF_JMP | op.BPF_JA, { off }))),
    one(imm.map((imm) => insn(op.BPF_JMP32 | op.BPF_JA, { imm }))),
    one(imm.map((imm) => insn(op.BPF_JMP | op.BPF_CALL, { imm }))),
    one(fc.constant(insn(op.BPF_JMP | op.BPF_EXIT))),
    one(
      fc
        .tuple(size, reg, reg, off)
        .map(([s, dst, src, off]) => insn(op.BPF_LDX | op.BPF_MEM | s, { dst, src, off })),
    ),
    one(
      fc
        .tuple(narrow, reg, reg, off)
        .map(([s, dst, src, off]) => insn(op.BPF_LDX | op.BPF_MEMSX | s, { dst, src, off })),
    ),
    one(
      fc
        .tuple(size, reg, reg, off)
        .map(([s, dst, src, off]) => insn(op.BPF_STX | op.BPF_MEM | s, { dst, src, off })),
    ),
    one(
      fc
        .tuple(size, reg, imm, off)
        .map(([s, dst, imm, off]) => insn(op.BPF_ST | op.BPF_MEM | s, { dst, imm, off })),
    ),
    one(
      fc
        .tuple(fc.constantFrom(op.BPF_W, op.BPF_DW), reg, reg, off, atomics)
        .map(([s, dst, src, off, imm]) => insn(op.BPF_STX | op.BPF_ATOMIC | s, { dst, src, off, imm })),
    ),
    one(fc.tuple(narrow, imm).map(([s, imm]) => insn(op.BPF_LD | op.BPF_ABS | s, { imm }))),
    one(fc.tuple(narrow, reg).map(([s, src]) => insn(op.BPF_LD | op.BPF_IND | s, { src }))),
    fc
      .tuple(reg, fc.integer({ min: 0, max: 6 }), imm, imm)
      .map(([dst, src, low, high]) => [
        insn(op.BPF_LD_IMM64, { dst, src, imm: low }),
        insn(0, { imm: high }),
      ]),
  );
})();

describe("assembler and printer", () => {
  it("undo each other on every valid instruction", () => {
    fc.assert(
      fc.property(fc.array(canonical), (groups) => {
        const insns = groups.flat();
        const text = printInsns(insns, { kind: "llvm" })
          .map((line) => line.text)
          .join("\n");
        expect(assemble(text).insns).toEqual(insns);
      }),
      { numRuns: 300 },
    );
  });

  it("undo each other on calls and jumps with labels", () => {
    const source = "a: call b\nif r0 > 5 goto a\nexit\nb: gotol c\nc: call a\nexit";
    const { insns } = assemble(source);
    const name = (slot: number): string => `L${slot}`;
    const text = printInsns(insns, { kind: "llvm", label: name }).map(
      ({ slot, text }) => `${name(slot)}: ${text}`,
    );
    expect(assemble(text.join("\n")).insns).toEqual(insns);
  });
});

describeWithOracle("assembler against clang", [clang], () => {
  const SOURCE = `
    NOINLINE int first(int x) { return x * 5; }
    NOINLINE static u64 sum(u64 x) { u64 a[4] = {x, x + 1, x * 2, x ^ 3}; u64 s = 0;
      for (int i = 0; i < 4; i++) s += __builtin_bswap32(a[i & 3]) / 7; return s; }
    static long each(u32 i, void *c) { return *(u64 *)c > i; }
    SEC("socket") int prog(u32 *c) { u64 n = *c; if (n > 5) return sum(n) + first(n);
      return bpf_for_each_map_elem(c, each, &n, 0) + n; }
    char _license[] SEC("license") = "Dual BSD/GPL";`;

  for (const flags of [["-O2", "-mcpu=v1"], ["-O2", "-mcpu=v3", "-g"], ["-O1"]])
    it(`makes of clang -S what clang -c and our loader make (${flags.join(" ")})`, () => {
      const { bytes, assembly, dispose } = compile(SOURCE, "le", flags);
      const theirs = BpfObject.parse(bytes).link("prog");
      const ours = assembleProgram(assembly(), { type: "socket_filter", endian: "le" });
      dispose();
      expect(ours.license).toBe("Dual BSD/GPL");
      // The loader puts functions in the order of their calls; an assembler leaves them where they stand.
      const bodies = ({ functions, insns }: LinkedProgram): ReadonlyMap<string, readonly number[]> =>
        new Map(
          functions.map((f) => [
            f.name,
            insns.slice(f.start, f.start + f.length).flatMap((i) => [i.code, i.dst, i.src, i.off]),
          ]),
        );
      expect(ours.functions[0]?.name).toBe("prog");
      expect(bodies(ours)).toEqual(bodies(theirs));
    });
});

describeWithOracle("assembler against llvm-mc", [mc, objcopy], () => {
  const folder = mkdtempSync(join(tmpdir(), "farcall-asm-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const theirs = (text: string, endian: Endian): Uint8Array => {
    const [object, flat] = [join(folder, "a.o"), join(folder, "a.bin")];
    const triple = endian === "le" ? "bpfel" : "bpfeb";
    const made = mc.run([`-triple=${triple}`, "-mcpu=v3", "-filetype=obj", "-o", object], text);
    expect(made.stderr).toBe("");
    expect(objcopy.run(["-O", "binary", "--only-section=.text", object, flat]).stderr).toBe("");
    return readFileSync(flat);
  };
  // What LLVM 14's assembler cannot read: BPF v4, `%=`, `&` conditions, stores of immediates, its own atomic functions.
  const knownToLlvm14 = (insns: readonly Insn[]): boolean =>
    insns.every((i) => {
      const mode = op.modeOf(i.code);
      if (op.isAluClass(i.code))
        return op.operationOf(i.code) !== op.BPF_MOD && i.off === 0 && i.code !== 0xd7;
      if (op.isJumpClass(i.code))
        return op.operationOf(i.code) !== op.BPF_JSET && i.code !== (op.BPF_JMP32 | op.BPF_JA);
      if (i.code === op.BPF_LD_IMM64) return i.src === 0;
      if (op.classOf(i.code) === op.BPF_ST || mode === op.BPF_MEMSX) return false;
      if (mode === op.BPF_ATOMIC) return op.sizeOf(i.code) === op.BPF_DW && (i.imm & 1) === 0;
      return true;
    });

  for (const endian of ["le", "be"] as const)
    it(`makes the same bytes of printed instructions (${endian})`, () => {
      const groups = fc.sample(canonical.filter(knownToLlvm14), { numRuns: 1500, seed: 2018 });
      const insns = groups.flat();
      const text = printInsns(insns, { kind: "llvm" })
        .map((line) => line.text)
        .join("\n");
      const expected = theirs(text, endian);
      expect(Buffer.compare(encodeInsns(assemble(text).insns, endian), expected)).toBe(0);
      expect(insns.reduce((n, i) => n + (slotsOf(i) - 1), 0)).toBeGreaterThan(10);
    });

  it("makes the same bytes of hand-written text", () => {
    const text = `
start:  r1 = 0x1234 ll
        if r1 s> -1 goto end ; w3 = w4
        r2=*(u8*)(r1+0)
        r0 = *(u16 *)skb[r7]
        goto start
        call f
end:    exit
f:      r0 = -0x10
        w0 s>>= 3
        callx_free_zone: if w1 <= 0xffffffff goto f
        exit
`;
    expect([...encodeInsns(assemble(text).insns, "le")]).toEqual([...theirs(text, "le")]);
  });
});
