// Calls among the functions of a program: what each sequence emits, and that addresses found later arrive in it.
import { describe, expect, test } from "vitest";
import type { CallEncodingName } from "../../bpf/core/encoding/encoding.ts";
import { callEncodingNamed } from "../../bpf/core/encoding/table.ts";
import { insn, type Insn } from "../../bpf/insn.ts";
import { BpfLoadError } from "../../bpf/load-error.ts";
import {
  BPF_ALU64,
  BPF_CALL,
  BPF_EXIT,
  BPF_JMP,
  BPF_K,
  BPF_LD_IMM64,
  BPF_MOV,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
} from "../../bpf/opcodes.ts";
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { JitError } from "../error.ts";
import { BPF_TAIL_CALL } from "../frame.ts";
import { type JitedProgram, jitProgram } from "../program.ts";
import { asm } from "../test/asm.ts";
import { bigEndianTarget, functionsOf, RecordingMemory, seenTarget, TABLE } from "../test/fixtures.ts";
import type { JitTarget } from "../target.ts";
import { autoShrink } from "./auto-shrink.ts";
import type { CallSequenceName, SharedParts } from "./sequence.ts";

const exit = insn(BPF_JMP | BPF_EXIT);
const mov = (imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { imm });
const callOf = (off: number): Insn => insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off });

/** ELFv2, only calls: a caller's first call is behind TOC, count, LR and r1. */
const FIRST_CALL_WORD = 6;

const main: U64 = fromHalves(0xd000_0000, 0x0004_0000);
const withSequence = (callSequence: CallSequenceName, target: JitTarget = seenTarget): JitTarget => ({
  ...target,
  callSequence,
});

/** A program whose main calls function 1, with images where told. */
function program(
  target: JitTarget,
  places: readonly U64[],
  bodies = [
    [callOf(1), exit],
    [mov(7), exit],
  ],
): JitedProgram {
  return jitProgram(functionsOf(bodies), target, new RecordingMemory(places));
}

const nothingShared: SharedParts = {
  stub: () => expect.unreachable("a stub"),
  slot: () => expect.unreachable("a slot"),
};

/** The words from the first call of main on. */
const callWords = (jited: JitedProgram, count: number, at = FIRST_CALL_WORD): readonly number[] =>
  (jited.functions[0]?.words ?? []).slice(at, at + count);

describe("far", () => {
  test("the address in five words whatever it is, through r12 and CTR; then r3 to r8", () => {
    const jited = program(withSequence("far"), [main, fromHalves(0xd000_0000, 0x1234_5678)]);
    expect(callWords(jited, 8)).toEqual(
      asm(`
        lis r12,-0x3000
        sldi r12,r12,32
        oris r12,r12,0x1234
        ori r12,r12,0x5678
        nop
        mtctr r12
        bctrl
        mr r8,r3`),
    );
  });

  test("ELFv1 goes behind the callee's descriptor", () => {
    const jited = program(withSequence("far", bigEndianTarget), [main, fromHalves(0xd000_0000, 0x1234_5678)]);
    // no TOC to load; 0x5678 + 24
    expect(callWords(jited, 7, FIRST_CALL_WORD - 1)).toEqual(
      asm(`lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x1234; ori r12,r12,0x5690; nop; mtctr r12; bctrl`),
    );
  });
});

describe("near", () => {
  test("one word; the call is six words into main", () => {
    const jited = program(withSequence("near"), [main, main.add(u64(0x200_0000 - 4 + 24))]);
    expect(callWords(jited, 2)).toEqual(asm("bl .+0x1fffffc; mr r8,r3"));
  });

  test("out of reach: an error with both addresses, and nothing stays allocated", () => {
    const callee = main.add(u64(0x200_0000 + 24));
    const memory = new RecordingMemory([main, callee]);
    let error: unknown;
    try {
      jitProgram(functionsOf([[callOf(1), exit], [exit]]), withSequence("near"), memory);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(JitError);
    expect(error).toMatchObject({ errno: "ERANGE" });
    expect(String(error)).toContain(hex64(callee));
    expect(String(error)).toContain(hex64(main.add(u64(24))));
    expect(memory.freed).toHaveLength(2);
  });
});

describe("auto-shrink", () => {
  test("bl where it reaches; the image was sized for the longest call", () => {
    const memory = new RecordingMemory([main, main.add(u64(0x1000))]);
    const jited = jitProgram(functionsOf([[callOf(1), exit], [exit]]), seenTarget, memory);
    // bl of 0x1000 - 24 bytes
    expect(callWords(jited, 2)).toEqual(asm("bl .+0xfe8; mr r8,r3"));
    expect(memory.sizes[0]).toBe((jited.functions[0]?.bytes ?? 0) + 6 * 4);
    expect(jited.passes.filter(({ name }) => name === "f0").map(({ shrink }) => shrink)).toEqual([0, 24, 0]);
  });

  test("the shortest constant where it does not", () => {
    const jited = program(seenTarget, [main, fromHalves(0xd000_0000, 0x1234_0000)]);
    expect(callWords(jited, 6)).toEqual(
      asm("lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x1234; mtctr r12; bctrl; mr r8,r3"),
    );
  });

  test("the last callee in reach, and the first out of it, in both directions", () => {
    const from = main.add(u64(FIRST_CALL_WORD * 4));
    const length = (bytes: number): number =>
      (program(seenTarget, [main, from.add(u64(bytes))]).functions[0]?.bytes ?? 0) / 4;
    // prologue 6, mr, epilogue: addi ld mtlr mr blr
    expect(length(0x1ff_fffc)).toBe(6 + 1 + 1 + 5);
    expect(length(0x200_0000)).toBeGreaterThan(13);
    expect(length(-0x200_0000)).toBe(13);
    expect(length(-0x200_0004)).toBeGreaterThan(13);
  });

  test("a call comes into reach because those before it shrank", () => {
    // Three calls: sized 8 words each. The third is 2 * 6 words nearer when the others are bl.
    const third = main.add(u64((FIRST_CALL_WORD + 2 * 2) * 4));
    const places = [main, main.add(u64(0x1000)), third.subtract(u64(0x200_0000))];
    const bodies = [[callOf(1), callOf(1), callOf(2), exit], [exit], [exit]];
    const jited = program(seenTarget, places, bodies);
    expect(callWords(jited, 6).filter((word) => word >>> 26 === 18)).toHaveLength(3);
  });

  test("a call that fell out of reach stays far, so passes end", () => {
    const sequence = autoShrink.create(seenTarget);
    const callee = { kind: "bpf", callee: "f1", site: 3, to: { global: main, local: main } } as const;
    const at = (bytes: number): number =>
      sequence.words({ ...callee, from: main.add(u64(bytes)) }, nothingShared).length;
    expect(at(0x200_0000)).toBe(1);
    expect(at(0x200_0004)).toBeGreaterThan(1);
    expect(at(0x200_0000)).toBeGreaterThan(1);
  });

  test("short jumps stay short while the calls before them shrink", () => {
    // Sized, the tail call lies 72,000 bytes farther on than it will: more than a conditional branch reaches.
    const calls = Array.from({ length: 3000 }, () => callOf(1));
    const tailCall = insn(BPF_JMP | BPF_TAIL_CALL);
    const [first] = program(seenTarget, [main], [[...calls, tailCall, exit], [exit]]).functions;
    const at = (first?.insnOffsets[3000] ?? 0) / 4;
    // A tail call is 18 words, and here addi ld mtlr for the frame; lwz clrlwi cmplw are before the first branch out of it.
    expect(first?.words[at + 3]).toBe(asm("bge .+72")[0]);
    expect(first?.insnOffsets[3001]).toBe((at + 3) * 4 + 72);
  });

  test("a function's own calls of itself", () => {
    const jited = program(
      seenTarget,
      [main],
      [
        [callOf(1), exit],
        [callOf(1), exit],
      ],
    );
    expect(jited.functions[1]?.words[FIRST_CALL_WORD]).toBe(asm("bl .-24")[0]);
  });
});

describe("stub", () => {
  const bodies = [
    [callOf(1), callOf(2), callOf(1), exit],
    [mov(7), exit],
    [callOf(1), exit],
  ];
  const far = fromHalves(0xd000_0000, 0x1234_5678);

  test("stubs stand behind the epilogue, one for each callee, and count as code", () => {
    const memory = new RecordingMemory([main, far]);
    const jited = jitProgram(functionsOf(bodies), withSequence("stub"), memory);
    const [caller] = jited.functions;
    // prologue 6, three calls of bl and mr, epilogue: addi ld mtlr mr blr
    expect(caller?.stubsOffset).toBe((6 + 3 * 2 + 5) * 4);
    // 17 words of code; the calls are words 6, 8 and 10, the second stub is 6 words behind the first
    expect(callWords(jited, 6)).toEqual(asm("bl .+44; mr r8,r3; bl .+60; mr r8,r3; bl .+28; mr r8,r3"));
    expect(callWords(jited, 6, 17)).toEqual(
      asm(`lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x1234; ori r12,r12,0x5678; mtctr r12; bctr`),
    );
    expect(caller?.bytes).toBe((caller?.words.length ?? 0) * 4);
    expect(memory.written.get(main.toString(16))).toHaveLength(caller?.bytes ?? 0);
    // sized with seven words for each of two stubs
    expect(memory.sizes[0]).toBe((17 + 2 * 7) * 4);
  });

  test("helpers and functions have their stubs in one place", () => {
    const helper = insn(BPF_JMP | BPF_CALL, { imm: 0x00aa_0000 - 0x0033_2f20 });
    const target = { ...withSequence("stub"), helperSequence: "stub" } as const;
    const jited = program(target, [main, far], [[helper, callOf(1), helper, exit], [exit]]);
    const stubs = (jited.functions[0]?.stubsOffset ?? 0) / 4;
    expect(callWords(jited, 11, stubs)).toEqual(
      asm(`lis r12,-0x4000; sldi r12,r12,32; oris r12,r12,0xaa; mtctr r12; bctr
           lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x1234; ori r12,r12,0x5678; mtctr r12; bctr`),
    );
  });

  test("ELFv1: two descriptors of one code have a stub each, and are sized so", () => {
    const code = fromHalves(0xc000_0000, 0x00aa_0000);
    const target = { ...bigEndianTarget, helperSequence: "stub", localEntry: () => code } as const;
    const [one, two] = [0x1000, 0x2000].map((imm) => insn(BPF_JMP | BPF_CALL, { imm }));
    if (one === undefined || two === undefined) throw new RangeError();
    const memory = new RecordingMemory([main]);
    const [caller] = jitProgram(functionsOf([[one, two, one, exit]]), target, memory).functions;
    // count 2, LR 2, frame 1; three calls of bl and mr; addi ld mtlr mr blr
    expect(caller?.stubsOffset).toBe((5 + 3 * 2 + 5) * 4);
    // lis sldi oris ori; ld mtctr bctr; sized with a constant of five words
    expect(caller?.words).toHaveLength(5 + 3 * 2 + 5 + 2 * 7);
    expect(memory.sizes).toEqual([24 + (5 + 3 * 2 + 5 + 2 * 8) * 4]);
  });

  test("a function without calls has none", () => {
    const { functions } = program(withSequence("stub"), [main, far], bodies);
    expect(functions[1]?.stubsOffset).toBe(functions[1]?.bytes);
  });
});

describe("toc", () => {
  const bodies = [[callOf(1), callOf(2), exit], [exit], [callOf(1), exit]];

  test.each([
    { endian: "le", target: seenTarget, offset: 0 },
    { endian: "be", target: bigEndianTarget, offset: 24 },
  ])(
    "one table for the program, each callee once, in the order of the guest: $endian",
    ({ target, offset }) => {
      const memory = new RecordingMemory();
      const jited = jitProgram(functionsOf(bodies), withSequence("toc", target), memory);
      expect(jited.table).toEqual(TABLE);
      expect(memory.tables).toEqual([{ address: TABLE, bytes: 3 * 8 }]);
      const table = memory.written.get(TABLE.toString(16)) ?? new Uint8Array();
      const view = new DataView(table.buffer);
      expect(
        Array.from({ length: table.length / 8 }, (_, i) => view.getBigUint64(i * 8, offset === 0)),
      ).toEqual([1, 2].map((n) => BigInt(jited.functions[n]?.image.toString() ?? "") + BigInt(offset)));
      expect(memory.freed).toEqual([]);
    },
  );

  test("no table where nothing loads from it", () => {
    expect(program(withSequence("toc"), [], [[exit]]).table).toBeUndefined();
    expect(program(withSequence("far"), []).table).toBeUndefined();
  });

  test("ENOMEM where there is no memory, and what there is goes back where a later call cannot be", () => {
    class Full extends RecordingMemory {
      override allocateTable(): undefined {
        return undefined;
      }
    }
    const load = (memory: RecordingMemory, callSequence: CallSequenceName): unknown => {
      try {
        return jitProgram(functionsOf(bodies), { ...seenTarget, callSequence, kernelToc: u64(0) }, memory);
      } catch (error) {
        return error;
      }
    };
    expect(load(new Full(), "toc")).toMatchObject({ errno: "ENOMEM" });
    const memory = new RecordingMemory();
    expect(load(memory, "toc")).toMatchObject({ errno: "ERANGE" });
    expect(memory.freed).toHaveLength(4);
    expect(memory.freed).toContainEqual(TABLE);
  });
});

describe("pcrel", () => {
  test("sized with its nop, which only a call at the end of 64 bytes has", () => {
    const target = { ...withSequence("pcrel"), cpu: "power10" } as const;
    // The call is six words into main.
    for (const [place, nops] of [
      [0x28, 0],
      [0x24, 1],
      [0x20, 0],
    ] as const) {
      const memory = new RecordingMemory([main.add(u64(place)), main.add(u64(0x1000))]);
      const jited = jitProgram(functionsOf([[callOf(1), exit], [exit]]), target, memory);
      expect(jited.functions[0]?.words).toHaveLength(6 + nops + 4 + 1 + 5);
      expect(memory.sizes[0]).toBe((6 + 5 + 1 + 5) * 4);
    }
  });
});

describe("which function a call means", () => {
  test("`off` is the place in the list; outside of it: EINVAL", () => {
    for (const off of [-1, 2, 0x7fff])
      expect(() => program(seenTarget, [], [[callOf(off), exit], [exit]])).toThrow(
        expect.objectContaining({ errno: "EINVAL" }),
      );
  });
  test("a program of one function has an empty list", () => {
    expect(() => program(seenTarget, [], [[callOf(0), exit]])).toThrow(
      expect.objectContaining({ errno: "EINVAL" }),
    );
  });
  test.each<[CallEncodingName, { off: number; imm: number }]>([
    ["callee-list", { off: 0, imm: 0 }],
    ["callee-list", { off: -1, imm: 0 }],
    ["prog-id", { off: 0, imm: 3 }],
    ["prog-id", { off: 1, imm: 0 }],
  ])("%s %j names none of two functions: EINVAL, and nothing stays allocated", (name, fields) => {
    const functions = functionsOf([[{ ...callOf(1), ...fields }, exit], [exit]], {
      callEncoding: callEncodingNamed(name),
    });
    const memory = new RecordingMemory();
    expect(() => jitProgram(functions, seenTarget, memory)).toThrow(
      expect.objectContaining({ name: "JitError", errno: "EINVAL" }),
    );
    expect(memory.freed).toHaveLength(2);
  });
  test("what the core throws between the rounds leaves nothing allocated either", () => {
    const memory = new RecordingMemory();
    const refuse = (): never => {
      throw new BpfLoadError("too far", "ERANGE");
    };
    expect(() => jitProgram(functionsOf([[callOf(1), exit], [exit]]), seenTarget, memory, refuse)).toThrow(
      "too far",
    );
    expect(memory.freed).toHaveLength(2);
  });
  test("`imm` says nothing", () => {
    const misled = { ...callOf(1), imm: 0x1234 };
    expect(program(seenTarget, [main], [[misled, exit], [exit]]).functions[0]?.words).toEqual(
      program(seenTarget, [main], [[callOf(1), exit], [exit]]).functions[0]?.words,
    );
  });
});

test("the address of a function, once it has one", () => {
  const load = [insn(BPF_LD_IMM64, { dst: 2, src: BPF_PSEUDO_FUNC, off: 1 }), insn(0)];
  const memory = new RecordingMemory([main, fromHalves(0xd000_0000, 0x1234_5678)]);
  const jited = jitProgram(functionsOf([[...load, exit], [exit]]), seenTarget, memory);
  expect(jited.functions[0]?.words.slice(3, 7)).toEqual(
    asm("lis r4,-0x3000; sldi r4,r4,32; oris r4,r4,0x1234; ori r4,r4,0x5678"),
  );
  // sized with five words
  expect(memory.sizes[0]).toBe((jited.functions[0]?.bytes ?? 0) + 4);
});
