// Calls and jumps one word inside and one word outside of each reach, in both directions, compiled for a booted kernel and run on
// its processor: the words are written by hand from the distance, the result is the callee's, a refusal names both addresses.
// Reaches of a function's own branches beyond 32 MiB are words only (jit/opcode/jump.test.ts), as are TOC offsets below the TOC,
// where the kernel's address space ends.
import { describe, expect, it } from "vitest";
import { insn, type Insn } from "../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU64, BPF_CALL, BPF_EXIT, BPF_JA, BPF_JEQ, BPF_JMP, BPF_K, BPF_MOV, BPF_PSEUDO_CALL,
} from "../bpf/opcodes.ts";
import { Kernel, JitError, type KernelOptions } from "../index.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import { jitProgram, type JitedProgram } from "../jit/program.ts";
import { asm } from "../jit/test/asm.ts";
import { functionsOf } from "../jit/test/fixtures.ts";
import { jitTarget } from "../kernel/jit-memory.ts";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { PlacedImages } from "./placed-images.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const add = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_ADD | BPF_K, { dst, imm });
const callFirst = insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off: 1 });

/** Main returns what the callee returns, and 1. */
const CALLS = [
  [callFirst, add(0, 1), exit],
  [mov(0, 41), exit],
];

interface Case {
  readonly kernel: Kernel;
  readonly callSequence?: CallSequenceName;
  readonly helperSequence?: HelperSequenceName;
  readonly program?: readonly (readonly Insn[])[];
  /** Of the images' first bytes. */
  readonly places: readonly U64[];
  readonly table?: U64;
}

function compile(one: Case): JitedProgram {
  const { kernel, callSequence = "auto-shrink", helperSequence = "toc-relative", program = CALLS } = one;
  const target = jitTarget(kernel, { callSequence, helperSequence });
  return jitProgram(functionsOf(program), target, new PlacedImages(kernel, one.places, one.table));
}

/** r0 of the program when it has run, and the words of main from its `start`-th on. */
function run(one: Case, start: number, args: readonly U64[] = []): { r0: string; words: readonly number[] } {
  const jited = compile(one);
  const end = one.kernel.call(jited.entry, args);
  if (end.kind !== "return") throw new Error(end.kind === "oops" ? end.oops.text : end.kind);
  return { r0: hex64(end.value), words: (jited.functions[0]?.words ?? []).slice(start) };
}

function refusal(one: Case): JitError {
  try {
    compile(one);
  } catch (error) {
    if (error instanceof JitError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const VALUE = hex64(u64(42));

/** Where main is in each layout, and what the upper half of addresses there is made by. */
const machines = [
  { options: { layout: "hash64k-4.15" }, high: 0xd000_0000, lis: "lis r12,-0x3000" },
  { options: { layout: "radix64k-6.12", cpu: "power10" }, high: 0xc008_0000, lis: "lis r12,-0x3ff8" },
  {
    options: { layout: "radix64k-6.12", endian: "be", abi: "elfv2" },
    high: 0xc008_0000,
    lis: "lis r12,-0x3ff8",
  },
] as const satisfies readonly { options: KernelOptions; high: number; lis: string }[];

/** Words before the first call of main: TOC, tail call count (2), LR (2), frame. */
const FIRST_CALL = 6;
const boot = (options: KernelOptions): Kernel => new Kernel({ ramBytes: 64 * 2 ** 20, ...options });

describe.each(machines)("32 MiB on $options", ({ options, high, lis }) => {
  const main = fromHalves(high, 0x1000_0000);
  const callee = (distance: number): U64 => main.add(u64(4 * FIRST_CALL + distance));
  const at = (callSequence: CallSequenceName, distance: number): Case => ({
    kernel: boot(options),
    callSequence,
    places: [main, callee(distance)],
  });
  const inside = [
    [0x1ff_fffc, "bl .+0x1fffffc"],
    [-0x200_0000, "bl .-0x2000000"],
  ] as const;
  const outside = [
    [0x200_0000, `${lis}; sldi r12,r12,32; oris r12,r12,0x1200; ori r12,r12,0x18`],
    // main + 0x18 - 0x200_0004
    [-0x200_0004, `${lis}; sldi r12,r12,32; oris r12,r12,0xe00; ori r12,r12,0x14`],
  ] as const;

  it.each(inside)("one word inside, %i bytes: bl", (distance, bl) => {
    const tails: readonly (readonly [CallSequenceName, string])[] = [
      ["near", ""],
      ["auto-shrink", ""],
      ["auto-pad", "nop; nop; nop; nop; nop; nop;"],
      ["auto-skip", "b .+24; nop; nop; nop; nop; nop;"],
    ];
    for (const [sequence, rest] of tails) {
      const { r0, words } = run(at(sequence, distance), FIRST_CALL);
      const expected = asm(`${bl}; ${rest} mr r8,r3; addi r8,r8,1`);
      expect([sequence, r0, words.slice(0, expected.length)]).toEqual([sequence, VALUE, expected]);
    }
  });
  it.each(outside)("one word outside, %i bytes: far, and near is refused", (distance, load) => {
    const tails: readonly (readonly [CallSequenceName, string])[] = [
      ["auto-shrink", "mtctr r12; bctrl;"],
      ["auto-pad", "mtctr r12; bctrl; nop;"],
      ["auto-skip", "nop; mtctr r12; bctrl;"],
    ];
    for (const [sequence, rest] of tails) {
      const { r0, words } = run(at(sequence, distance), FIRST_CALL);
      const expected = asm(`${load}; ${rest} mr r8,r3; addi r8,r8,1`);
      expect([sequence, r0, words.slice(0, expected.length)]).toEqual([sequence, VALUE, expected]);
    }
    const { errno, message } = refusal(at("near", distance));
    expect(errno).toBe("ERANGE");
    expect(message).toContain(`bl at ${hex64(main.add(u64(4 * FIRST_CALL)))} does not reach f1`);
    expect(message).toContain(hex64(callee(distance)));
  });
  it("a call comes into reach as the one before it shrinks: both are bl at last", () => {
    // The second call is six words nearer when the first is one word and not seven.
    const program = [[callFirst, callFirst, add(0, 1), exit], CALLS[1] ?? []];
    const second = main.add(u64(4 * (FIRST_CALL + 2)));
    const places = [main, second.sub(u64(0x200_0000))];
    const { r0, words } = run({ kernel: boot(options), program, places }, FIRST_CALL);
    expect(r0).toBe(VALUE);
    expect(words.slice(0, 4)).toEqual(asm("bl .-0x1fffff8; mr r8,r3; bl .-0x2000000; mr r8,r3"));
  });
});

describe("ELFv1, images behind descriptors: code is at a multiple of 8, main's call a word off", () => {
  const main = fromHalves(0xd000_0000, 0x1000_0000);
  // No TOC is loaded.
  const from = main.add(u64(24 + 4 * (FIRST_CALL - 1)));
  const at = (callSequence: CallSequenceName, distance: number): Case => ({
    kernel: boot({ endian: "be" }),
    callSequence,
    places: [main, from.add(u64(distance - 24))],
  });
  it.each([
    [0x1ff_fffc, "bl .+0x1fffffc"],
    [-0x1ff_fffc, "bl .-0x1fffffc"],
  ])("%i bytes: bl", (distance, bl) => {
    const { r0, words } = run(at("near", distance), FIRST_CALL - 1);
    expect(r0).toBe(VALUE);
    expect(words[0]).toBe(asm(bl)[0]);
  });
  it.each([0x200_0004, -0x200_0004])("%i bytes: refused, and far", (distance) => {
    expect(refusal(at("near", distance)).errno).toBe("ERANGE");
    expect(run(at("auto-shrink", distance), 0).r0).toBe(VALUE);
  });
});

describe("32 KiB: a conditional jump", () => {
  const kernel = boot({});
  let next = fromHalves(0xd000_0000, 0x2000_0000);
  /** `words` words between the two words of the branch and its target; r0 tells whether they were skipped. */
  const forward = (words: number): { taken: string; passed: string; branch: readonly number[] } => {
    const filler = Array.from({ length: words }, () => add(0, 1));
    const jeq = insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 1, off: words });
    const go = (r1: number): { r0: string; words: readonly number[] } => {
      const one = { kernel, program: [[mov(0, 5), jeq, ...filler, exit]], places: [next] };
      next = next.add(u64(0x10_0000));
      return run(one, 0, [u64(r1)]);
    };
    // TOC, two for the count, li r8,5, cmpldi.
    const [skipped, all] = [go(0), go(1)];
    return { taken: skipped.r0, passed: all.r0, branch: skipped.words.slice(4, 7) };
  };
  it("forward, one word inside and outside", () => {
    expect(forward(8189)).toEqual({
      taken: hex64(u64(5)),
      passed: hex64(u64(5 + 8189)),
      branch: asm("cmpldi r3,0; .long 0x41827ffc; nop"),
    });
    expect(forward(8190)).toEqual({
      taken: hex64(u64(5)),
      passed: hex64(u64(5 + 8190)),
      branch: asm("cmpldi r3,0; bne .+8; b .+0x7ffc"),
    });
  });
  it("backward, one word inside and outside", () => {
    for (const [words, branch] of [
      // cmpldi is one of the words that are jumped over.
      [8191, "cmpldi r3,0; .long 0x41828000; nop"],
      [8192, "cmpldi r3,0; bne .+8; b .-0x8008"],
    ] as const) {
      const filler = Array.from({ length: words - 1 }, () => add(0, 1));
      // Once around: r1 is 0 the first time, and 1 the second.
      const program = [
        mov(0, 0),
        insn(BPF_JMP | BPF_JA, { off: 0 }),
        add(1, 1),
        ...filler,
        insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 1, off: -(words + 1) }),
        exit,
      ];
      const places = [next];
      next = next.add(u64(0x10_0000));
      const { r0, words: code } = run({ kernel, program: [program], places }, 0, [u64(-1)]);
      expect(r0).toBe(hex64(u64(2 * (words - 1))));
      expect(code.slice(5 + words, 8 + words)).toEqual(asm(branch));
    }
  });
});

describe("2 GiB from the TOC: a call through the table", () => {
  // Every layout has its TOC at 0xc000_0000_0114_8100.
  const main = (high: number): U64 => fromHalves(high, 0x1000_0000);
  const at = (options: KernelOptions, high: number, slot: U64): Case => ({
    kernel: boot(options),
    callSequence: "toc",
    places: [main(high), main(high).add(0x10_0000)],
    table: slot,
  });
  it.each(machines)("the last doubleword that addis and ld reach, $options", ({ options, high }) => {
    // toc + 0x7fff_7ff8
    const { r0, words } = run(at(options, high, fromHalves(0xc000_0000, 0x8114_00f8)), FIRST_CALL);
    expect(r0).toBe(VALUE);
    expect(words.slice(0, 4)).toEqual(asm("addis r12,r2,0x7fff; ld r12,0x7ff8(r12); mtctr r12; bctrl"));
  });
  it.each(machines)(
    "the one behind it, $options: refused with the slot's address and the TOC's",
    ({ options, high }) => {
      const { errno, message } = refusal(at(options, high, fromHalves(0xc000_0000, 0x8114_0100)));
      expect(errno).toBe("ERANGE");
      expect(message).toContain("0xc000000081140100");
      expect(message).toContain("0xc000000001148100");
    },
  );
});

const power10 = machines.filter(({ options }) => "cpu" in options);

describe("8 GiB: pla", () => {
  const [{ options, high } = machines[1]] = power10;
  /** The prefix would be the last word of 64 bytes where the call is at 0x3c: main is 6 words before. */
  const plain = fromHalves(high, 0x1000_0000);
  const crossing = fromHalves(high, 0x1000_0024);
  const at = (main: U64, distance: number): Case => ({
    kernel: boot(options),
    callSequence: "pcrel",
    places: [main, main.add(u64(4 * FIRST_CALL + distance))],
  });
  it.each([
    [2 ** 33 - 4, "0x1fffffffc"],
    [-(2 ** 33), "-0x200000000"],
  ])("one word inside, %i bytes", (distance, text) => {
    const { r0, words } = run(at(plain, distance), FIRST_CALL);
    expect(r0).toBe(VALUE);
    expect(words.slice(0, 4)).toEqual(asm(`pla r12,${text}; mtctr r12; bctrl`));
  });
  it.each([2 ** 33, -(2 ** 33) - 4])("one word outside, %i bytes: refused", (distance) => {
    const { errno, message } = refusal(at(plain, distance));
    expect(errno).toBe("ERANGE");
    expect(message).toContain(hex64(plain.add(u64(4 * FIRST_CALL))));
    expect(message).toContain(hex64(plain.add(u64(4 * FIRST_CALL + distance))));
  });
  it.each([
    [2 ** 33, "0x1fffffffc"],
    [-(2 ** 33) + 4, "-0x200000000"],
  ])("behind a nop where the prefix would cross 64 bytes, %i bytes from the nop", (distance, text) => {
    const { r0, words } = run(at(crossing, distance), FIRST_CALL);
    expect(r0).toBe(VALUE);
    expect(words.slice(0, 5)).toEqual(asm(`nop; pla r12,${text}; mtctr r12; bctrl`));
  });
  it.each([2 ** 33 + 4, -(2 ** 33)])("and one word outside of that, %i bytes: refused", (distance) => {
    expect(refusal(at(crossing, distance)).errno).toBe("ERANGE");
  });
  it("at every word of 64 bytes the program does the same, and no prefix crosses", () => {
    for (let word = 0; word < 16; word++) {
      const one = at(plain.add(4 * word), 0x10_0000);
      expect(run(one, 0).r0).toBe(VALUE);
      const [first] = compile({ ...one, kernel: boot(options) }).functions;
      const prefix = first?.words.findIndex((each) => each >>> 26 === 1) ?? -1;
      expect((4 * (word + prefix)) % 64).not.toBe(60);
    }
  });
});

describe("helpers", () => {
  /** A kernel with a function of its own for programs to call, and how a call names it. */
  function withHelper(options: KernelOptions): { kernel: Kernel; local: U64; program: readonly Insn[][] } {
    const kernel = boot(options);
    const pointer = kernel.addFunction({ symbol: "edge", call: ([r3]) => r3.add(1) });
    const imm = pointer.sub(kernel.text.bpfCallBase).toSigned().toNumber();
    const program = [[mov(1, 40), insn(BPF_JMP | BPF_CALL, { imm }), add(0, 1), exit]];
    return { kernel, local: kernel.text.localEntry(pointer), program };
  }
  /** li r3,40 comes before the call. */
  const CALL = FIRST_CALL + 1;
  it.each([
    { layout: "hash64k-4.15" },
    { layout: "radix64k-6.12", cpu: "power10" },
    { layout: "hash64k-4.15", endian: "be", abi: "elfv1" },
  ] as const)("near: an image behind the kernel, one word inside and outside, %j", (options) => {
    const { kernel, local, program } = withHelper(options);
    // ELFv1 has a descriptor and no TOC to load; its image is at a multiple of 8.
    const before = kernel.abi === "elfv1" ? 24 + 4 * (CALL - 1) : 4 * CALL;
    const skew = kernel.abi === "elfv1" ? local.sub(before).and(4).toNumber() : 0;
    const at = (distance: number, one = kernel): Case => ({
      kernel: one,
      helperSequence: "near",
      program,
      places: [local.add(u64(distance - before - skew))],
    });
    const inside = 0x200_0000;
    const start = kernel.abi === "elfv1" ? CALL - 1 : CALL;
    const { r0, words } = run(at(inside), start);
    expect(r0).toBe(VALUE);
    expect(words.slice(0, 2)).toEqual(asm(`bl .-0x${(inside - skew).toString(16)}; mr r8,r3`));
    const { errno, message } = refusal(at(inside + (skew === 0 ? 4 : 8), withHelper(options).kernel));
    expect(errno).toBe("ERANGE");
    expect(message).toContain(hex64(local));
  });

  it("pcrel: from kernelbase, at every word of 64 bytes", () => {
    const [{ options, high } = machines[1]] = power10;
    const { kernel, program } = withHelper(options);
    for (let word = 0; word < 16; word++) {
      const place = fromHalves(high, 0x1000_0000 + 0x1_0000 * word + 4 * word);
      const { r0, words } = run({ kernel, helperSequence: "pcrel", program, places: [place] }, CALL);
      expect(r0).toBe(VALUE);
      // ld r12,kernelbase(r13) is at word 7, the prefix at 8: where that is the last of 64 bytes a nop stands before it.
      const isLast = (word + CALL + 1) % 16 === 15;
      expect([word, words[1] === asm("nop")[0]]).toEqual([word, isLast]);
      expect((words[isLast ? 2 : 1] ?? 0) >>> 26).toBe(1);
    }
  });
});
