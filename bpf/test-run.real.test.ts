// Test runs, contexts and arithmetic against the kernel of this machine.
import { describe, expect, it } from "vitest";
import { clang } from "../test/clang.ts";
import { describeWithKernel } from "../test/kernel-bpf.ts";
import { describeWithOracle } from "../test/oracles.ts";
import type { LinkedProgram } from "./elf/types.ts";
import type { Insn } from "./insn.ts";
import * as op from "./opcodes.ts";
import { assembled, testKernel } from "./test/kernel.ts";
import { RealProgram, type Answer, type Question } from "./test/real-kernel.ts";
import { TestRunError } from "./types/type.ts";
import type { Checked } from "./verifier/checked.ts";

type Type = "socket_filter" | "sched_cls" | "xdp";

/** In these programs it is r6 that holds the context, and nothing else. */
function contextInR6(program: LinkedProgram): Checked {
  const accesses = program.insns.flatMap(({ code, dst, src }, at) => {
    const kind = op.classOf(code);
    const base = kind === op.BPF_LDX ? src : kind === op.BPF_ST || kind === op.BPF_STX ? dst : undefined;
    return base === 6 ? [at] : [];
  });
  const functions = program.functions.map((f) => ({ ...f, stackDepth: 512, usesTailCall: false }));
  return { functions, contextAccesses: new Set(accesses), processedInsns: program.insns.length };
}

/** The answer of our interpreter in the shape of the kernel's. */
function ours(program: LinkedProgram, question: Question): Answer {
  const loaded = testKernel().core.load(program, { check: contextInR6 });
  try {
    const result = loaded.testRun({
      dataIn: question.data,
      ctxIn: question.ctx,
      repeat: question.repeat,
      run: (context) => loaded.interpret([context], 1_000_000),
    });
    if (result.kind !== "done") throw new Error(`stopped: ${result.outcome.kind}`);
    return { retval: result.retval, data: result.dataOut, ctx: result.ctxOut };
  } catch (error) {
    if (error instanceof TestRunError) return undefined;
    throw error;
  }
}

/** Loads a text in both kernels and compares the answers to all questions. */
function compare(text: string, type: Type, questions: readonly Question[]): void {
  const program = assembled(text, type);
  const real = RealProgram.ofInsns(program.insns, type);
  try {
    for (const question of questions) expect(ours(program, question)).toEqual(real.run(question));
  } finally {
    real.close();
  }
}

const ethernet = (destination: number, protocol: number): Uint8Array =>
  Uint8Array.of(...Array<number>(6).fill(destination), 2, 0, 0, 0, 0, 1, protocol >> 8, protocol & 0xff);
const packet = (bytes: number, destination = 0, protocol = 0x0800): Uint8Array => {
  const all = new Uint8Array(bytes).map((_, i) => (i * 37 + 11) & 0xff);
  all.set(ethernet(destination, protocol).subarray(0, bytes));
  return all;
};

/** A context with these 32-bit fields by offset. */
function context(bytes: number, fields: Readonly<Record<number, number>> = {}): Uint8Array {
  const all = new Uint8Array(bytes);
  for (const [offset, value] of Object.entries(fields))
    new DataView(all.buffer).setUint32(Number(offset), value, true);
  return all;
}

/** r7 = data for `need` bytes, or return 77. */
const packetStart = (need: number, dataOffset: number, endOffset: number): string => `
  r6 = r1
  r7 = *(u32 *)(r6 + ${dataOffset})
  r8 = *(u32 *)(r6 + ${endOffset})
  r9 = r7
  r9 += ${need}
  r0 = 77
  if r9 > r8 goto out
`;

describeWithKernel("test runs as the kernel of this machine does them", () => {
  describeWithOracle("with clang", [clang], () => {
    const fieldOffsets = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 68, 72, 84, 160, 164, 176];
    const ctx = context(192, {
      8: 0x1122_3344,
      32: 7,
      36: 9,
      40: 1,
      48: 0xaabb_ccdd,
      64: 5,
      160: 2000,
      164: 3,
      176: 99,
    });

    it("a classifier reads the same fields", () => {
      const stores = fieldOffsets.map(
        (at, i) => ` r0 = *(u32 *)(r6 + ${at})\n *(u32 *)(r7 + ${i * 4}) = r0\n`,
      );
      const narrow = [1, 2, 3].map((at) => ` r0 = *(u8 *)(r6 + ${8 + at})\n *(u8 *)(r7 + ${80 + at}) = r0\n`);
      const parts = [
        ` r0 = *(u8 *)(r6 + 17)\n *(u8 *)(r7 + 84) = r0\n r0 = *(u16 *)(r6 + 10)\n *(u16 *)(r7 + 86) = r0\n`,
      ];
      const times = [
        " r0 = *(u64 *)(r6 + 152)\n *(u64 *)(r7 + 88) = r0\n r0 = *(u64 *)(r6 + 184)\n *(u64 *)(r7 + 96) = r0\n",
      ];
      const text = `${packetStart(104, 76, 80)} ${[...stores, ...narrow, ...parts, ...times].join("")} r0 = 0\nout:\n exit`;
      const destinations = [
        packet(200),
        packet(200, 0xff),
        packet(200, 1),
        packet(200, 2),
        packet(200, 0, 0x86dd),
      ];
      const questions: Question[] = destinations.flatMap((data) => [{ data }, { data, ctx }]);
      questions.push(
        { data: packet(103) },
        { data: packet(200, 0, 0x05ff) },
        { data: packet(200), ctx: context(8) },
      );
      compare(text, "sched_cls", questions);
    });

    it("a classifier writes the same fields", () => {
      const writes = [8, 12, 32, 44, 72].map(
        (at, i) => ` r0 = ${i + 0x1_0005}\n *(u32 *)(r6 + ${at}) = r0\n`,
      );
      const text = ` r6 = r1
        ${writes.join("")}
        *(u64 *)(r6 + 152) = r0
        r0 = 0x1234
        *(u8 *)(r6 + 48) = r0
        *(u16 *)(r6 + 50) = r0
        *(u64 *)(r6 + 56) = r0
        r1 = *(u32 *)(r6 + 12)
        r0 = *(u32 *)(r6 + 44)
        r0 <<= 16
        r0 += r1
        exit`;
      compare(text, "sched_cls", [
        { data: packet(60), ctx },
        { data: packet(60), repeat: 3 },
      ]);
    });

    it("a socket filter sees the packet behind its Ethernet header", () => {
      const text = `
        r6 = r1
        r0 = *(u8 *)skb[0]
        r7 = r0
        r0 = *(u16 *)skb[2]
        r7 <<= 8
        r7 += r0
        r2 = 20
        r0 = *(u32 *)skb[r2]
        r7 += r0
        r0 = *(u16 *)skb[-2097140]
        r7 += r0
        r0 = *(u8 *)skb[-1048576]
        r7 += r0
        r0 = *(u32 *)(r6 + 0)
        r7 += r0
        r0 = *(u32 *)(r6 + 48)
        *(u32 *)(r6 + 52) = r0
        r7 += r0
        r0 = r7
        exit`;
      compare(text, "socket_filter", [
        { data: packet(60) },
        { data: packet(60), ctx },
        { data: packet(38) },
        { data: packet(37) },
      ]);
    });

    it("an XDP program moves nothing, reads its fields and writes the packet, repeatedly", () => {
      const text = `${packetStart(20, 0, 4)}
        r0 = *(u8 *)(r7 + 14)
        r0 += 1
        *(u8 *)(r7 + 14) = r0
        r1 = *(u32 *)(r6 + 8)
        r2 = r7
        r2 -= r1
        *(u8 *)(r7 + 15) = r2
        r0 = *(u32 *)(r6 + 12)
        r1 = *(u32 *)(r6 + 16)
        r0 <<= 8
        r0 += r1
        out:
        exit`;
      const md = (fields: Readonly<Record<number, number>>): Uint8Array => context(24, fields);
      compare(text, "xdp", [
        { data: packet(60), repeat: 5 },
        { data: packet(14) },
        { data: packet(13) },
        { data: packet(60), ctx: md({ 0: 8, 4: 60 }) },
        { data: packet(60), ctx: md({ 0: 6, 4: 60 }) },
        { data: packet(60), ctx: md({ 0: 0, 4: 60, 8: 1 }) },
        { data: packet(60), ctx: md({ 0: 0, 4: 60, 12: 1 }) },
        { data: packet(60), ctx: md({ 0: 0, 4: 60, 16: 1 }) },
        { data: packet(3400) },
      ]);
    });

    const edges = [
      "0",
      "1",
      "-1",
      "0x7fffffff",
      "0x80000000",
      "0x80000001",
      "0x100000000",
      "0x8000000000000000",
      "0x7fffffffffffffff",
      "0x123456789abcdef0",
    ];
    const operators = [
      "+=",
      "-=",
      "*=",
      "/=",
      "%=",
      "|=",
      "&=",
      "^=",
      "<<=",
      ">>=",
      "s>>=",
      "s/=",
      "s%=",
      "=",
    ];
    const conditions = ["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"];
    /** Operands from the packet, so that the kernel's verifier knows nothing of them. */
    const operands = " r1 = *(u64 *)(r7 + 14)\n r2 = *(u64 *)(r7 + 22)\n";
    const pair = (a: string, b: string): Uint8Array => {
      const data = packet(900);
      new DataView(data.buffer).setBigUint64(14, BigInt.asUintN(64, BigInt(a)), true);
      new DataView(data.buffer).setBigUint64(22, BigInt.asUintN(64, BigInt(b)), true);
      return data;
    };
    const pairs = edges.flatMap((a, i) =>
      edges.filter((_, j) => (i + j) % 2 === 0 || i === 7).map((b) => pair(a, b)),
    );

    it("every operation of arithmetic gives the same on edge values", () => {
      let slot = 0;
      const store = (): string => ` *(u64 *)(r7 + ${30 + 8 * slot++}) = r1\n`;
      const wide = operators.map((o) => `${operands} r1 ${o} r2\n${store()}`);
      const half = operators.map((o) => `${operands} w1 ${o} w2\n${store()}`);
      const immediate = ["s/= -1", "s%= -1", "/= 3", "s%= -7", "*= -5", "s>>= 33", "+= -2147483648"].map(
        (o) => `${operands} r1 ${o}\n${store()}`,
      );
      const moves = [
        "r1 = (s8)r2",
        "r1 = (s16)r2",
        "r1 = (s32)r2",
        "w1 = (s8)w2",
        "w1 = (s16)w2",
        "r1 = -r1",
        "w1 = -w1",
        "r1 = bswap16 r1",
        "r1 = bswap32 r1",
        "r1 = bswap64 r1",
        "r1 = be16 r1",
        "r1 = be32 r1",
        "r1 = be64 r1",
        "r1 = le16 r1",
        "r1 = le32 r1",
        "r1 = le64 r1",
      ].map((o) => `${operands} ${o}\n${store()}`);
      const text = `${packetStart(30 + 8 * slot, 0, 4)} ${[...wide, ...half, ...immediate, ...moves].join("")} r0 = 0\nout:\n exit`;
      compare(
        text,
        "xdp",
        pairs.map((data) => ({ data })),
      );
    });

    it("every condition decides the same on edge values", () => {
      const tests = conditions.flatMap((c) =>
        ["r1 C r2", "w1 C w2", "r1 C -1", "w1 C -1", "r1 C 0x7fffffff"].map(
          (form) => `${operands} r5 <<= 1\n if ${form.replace("C", c)} goto +1\n r5 |= 1\n`,
        ),
      );
      const text = `${packetStart(40, 0, 4)} r5 = 0\n ${tests.join("")} *(u64 *)(r7 + 30) = r5\n r0 = r5\n r0 >>= 32\nout:\n exit`;
      compare(
        text,
        "xdp",
        pairs.map((data) => ({ data })),
      );
    });

    it("atomic operations leave the same in memory and registers", () => {
      let slot = 0;
      const keep = (register: string): string => ` *(u64 *)(r7 + ${30 + 8 * slot++}) = ${register}\n`;
      const one = (line: string, register: string): string =>
        `${operands} *(u64 *)(r10 - 8) = r1\n r0 = r2\n ${line}\n${keep(register)} r3 = *(u64 *)(r10 - 8)\n${keep("r3")}`;
      const lines = [32, 64].flatMap((bits) => {
        const [m, r] = bits === 64 ? ["*(u64 *)(r10 - 8)", "r"] : ["*(u32 *)(r10 - 8)", "w"];
        const u = `(${bits === 64 ? "u64" : "u32"} *)(r10 - 8)`;
        const suffix = bits === 64 ? "_64" : "32_32";
        return [
          ...["+=", "|=", "&=", "^="].map((o) => one(`lock ${m} ${o} ${r}2`, "r2")),
          ...["add", "or", "and", "xor"].map((o) => one(`${r}2 = atomic_fetch_${o}(${u}, ${r}2)`, "r2")),
          one(`${r}2 = xchg${suffix}(${bits === 64 ? "r10 - 8" : "r10 - 8"}, ${r}2)`, "r2"),
          one(`${r}0 = cmpxchg${suffix}(r10 - 8, ${r}0, ${r}2)`, "r0"),
          one(`${r}0 = ${r}1\n ${r}0 = cmpxchg${suffix}(r10 - 8, ${r}0, ${r}2)`, "r0"),
        ];
      });
      const text = `${packetStart(30 + 8 * slot, 0, 4)} ${lines.join("")} r0 = 0\nout:\n exit`;
      compare(
        text,
        "xdp",
        pairs.slice(0, 20).map((data) => ({ data })),
      );
    });
  });
});

/** Loads a text in both kernels and compares the rewritten instructions; where helpers are is each kernel's own. */
function compareXlated(text: string, type: Type): void {
  const program = assembled(text, type);
  const real = RealProgram.ofInsns(program.insns, type);
  const isHelperCall = ({ code, src }: Insn): boolean => code === (op.BPF_JMP | op.BPF_CALL) && src === 0;
  const plain = (insns: readonly Insn[]): readonly Insn[] =>
    insns.map((i) => (isHelperCall(i) ? { ...i, imm: 0 } : i));
  try {
    const { xlated } = testKernel().core.load(program, { check: contextInR6 });
    expect(plain(xlated.insns)).toEqual(plain(real.xlated()));
  } finally {
    real.close();
  }
}

describeWithKernel("instructions rewritten as the kernel of this machine does", () => {
  describeWithOracle("with clang", [clang], () => {
    it("accesses to struct __sk_buff", () => {
      const reads = [
        0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 68, 72, 76, 80, 84, 140, 160, 164, 176,
      ];
      const text = `r6 = r1
        ${reads.map((at) => `r0 = *(u32 *)(r6 + ${at})\n`).join("")}
        ${[9, 11, 17, 37, 49].map((at) => `r0 = *(u8 *)(r6 + ${at})\n`).join("")}
        ${[0, 10, 16, 50].map((at) => `r0 = *(u16 *)(r6 + ${at})\n`).join("")}
        ${[48, 152, 184].map((at) => `r0 = *(u64 *)(r6 + ${at})\n`).join("")}
        r0 = 5
        ${[8, 12, 32, 44, 48, 64, 72].map((at) => `*(u32 *)(r6 + ${at}) = r0\n`).join("")}
        *(u64 *)(r6 + 152) = r0
        *(u8 *)(r6 + 51) = r0
        exit`;
      compareXlated(text, "sched_cls");
    });

    it("accesses to struct xdp_md", () => {
      const reads = [0, 4, 8, 12, 16].map((at) => `r0 = *(u32 *)(r6 + ${at})\n`);
      compareXlated(`r6 = r1\n ${reads.join("")} r0 = 0\n exit`, "xdp");
    });

    it("divisions, packet loads and the jumps over them", () => {
      const divisions = ["/=", "%=", "s/=", "s%="].flatMap((o) =>
        ["r2 O r3", "w2 O w3", "r2 O 3", ...(o.startsWith("s") ? ["r2 O -1", "w2 O -1"] : [])].map(
          (form) => `if r2 == r3 goto 1f\n ${form.replace("O", o)}\n1:\n`,
        ),
      );
      const text = `r6 = r1\n r2 = *(u32 *)(r6 + 0)\n r3 = *(u32 *)(r6 + 8)
        ${divisions.join("")}
        r0 = *(u8 *)skb[14]
        r2 = 6
        r0 = *(u16 *)skb[r2]
        exit`;
      compareXlated(text, "socket_filter");
    });
  });
});

describe("a test run", () => {
  it("refuses a packet without an Ethernet header and names its bytes", () => {
    const program = testKernel().core.load(assembled("r0 = 0\n exit", "xdp"), { check: contextInR6 });
    const run = (bytes: number) => () =>
      program.testRun({ dataIn: new Uint8Array(bytes), run: (c) => program.interpret([c]) });
    expect(run(13)).toThrow("13 bytes");
    expect(run(14)).not.toThrow();
  });
});
