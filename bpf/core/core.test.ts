import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex64, u64 } from "../../word/long.ts";
import { assemble } from "../assemble.ts";
import type { LinkedProgram } from "../elf/types.ts";
import { insn, isPseudoCall, jumpTarget, type Insn } from "../insn.ts";
import * as op from "../opcodes.ts";
import { assembled, definition, testKernel } from "../test/kernel.ts";
import type { Checked } from "../verifier/checked.ts";
import { patch } from "./patch.ts";
import type { BpfFunction, JitedImages } from "./prog.ts";

describe("putting instructions in the place of others", () => {
  it("leaves every jump going where it went", () => {
    const nop = insn(op.BPF_JMP | op.BPF_JA);
    const jumps = fc.array(fc.nat(30), { minLength: 31, maxLength: 31 });
    const lengths = fc.array(fc.option(fc.nat(5), { nil: undefined }), { minLength: 31, maxLength: 31 });
    fc.assert(
      fc.property(jumps, lengths, (targets, sizes) => {
        // Slots that are replaced are plain; the others jump to a slot each.
        const program = targets.map((target, at) =>
          sizes[at] === undefined
            ? insn(op.BPF_JMP | op.BPF_JEQ, { off: target - at - 1 })
            : insn(op.BPF_ALU),
        );
        const replacements = new Map(
          sizes.flatMap((n, at) => (n === undefined ? [] : [[at, Array<Insn>(n).fill(nop)] as const])),
        );
        const { insns, origin, position } = patch(program, replacements);
        insns.forEach((i, at) => {
          const from = origin[at] ?? -1;
          if (!replacements.has(from)) expect(jumpTarget(i, at)).toBe(position[targets[from] ?? -1]);
        });
      }),
    );
  });

  it("refuses a jump that no longer fits 16 bits", () => {
    const program = [
      insn(op.BPF_JMP | op.BPF_JA, { off: 1 }),
      insn(op.BPF_ALU),
      insn(op.BPF_JMP | op.BPF_EXIT),
    ];
    const long = Array<Insn>(40_000).fill(insn(op.BPF_ALU));
    expect(() => patch(program, new Map([[1, long]]))).toThrow(expect.objectContaining({ errno: "ERANGE" }));
  });

  it("moves calls and long jumps by their immediate", () => {
    const { insns } = assemble("call f\n gotol +0\n exit\nf:\n r0 = 1\n exit");
    const { insns: moved } = patch(insns, new Map([[1, [insn(op.BPF_ALU), insn(op.BPF_ALU)]]]));
    expect(moved[0]?.imm).toBe(3);
  });
});

describe("a loaded program", () => {
  const calls = "r6 = 5\n call f\n exit\nf:\n r0 = 1\n r1 = 2\n r0 /= r1\n call bpf_ktime_get_ns\n exit";

  it("calls its functions by off, an index, and imm is the cut distance of the image", () => {
    const { core } = testKernel();
    // An image in the vmalloc range, further away than 32 bits say.
    const images = [0x4_1028, 0x5_2000].map((low) => ({
      image: u64(0xd000).shl(48).or(u64(low)),
      bytes: 100,
    }));
    const jit = (fns: readonly BpfFunction[], encodeCalls: () => void): JitedImages => {
      images.forEach(({ image }, i) => {
        const fn = fns[i];
        if (fn !== undefined) fn.bpfFunc = image;
      });
      encodeCalls();
      return { functions: images };
    };
    const { functions, jited } = core.load(assembled(calls), { jit });
    const call = functions[0]?.insns.find(isPseudoCall);
    expect(call).toMatchObject({ off: 1, imm: 0x5_2000 - 0x20_0000 });
    expect(functions[0]?.aux.func[1]).toBe(functions[1]);
    expect(functions[0]?.aux.funcCnt).toBe(2);
    expect(hex64(functions[1]?.bpfFunc ?? u64(0))).toBe("0xd000000000052000");
    expect(jited?.functions).toBe(images);
  });

  it("calls helpers by their distance from __bpf_call_base", () => {
    const { functions } = testKernel().core.load(assembled(calls));
    expect(functions[1]?.insns).toContainEqual(insn(op.BPF_JMP | op.BPF_CALL, { imm: 0x1000 + 5 * 32 }));
  });

  it("shows calls in dumps by distance and index", () => {
    const { xlated } = testKernel().core.load(assembled(calls));
    expect(xlated.insns[1]).toMatchObject({ src: 1, off: 1, imm: 1 });
    expect(xlated.functions).toEqual([
      { name: "main", start: 0, length: 3 },
      { name: "f", start: 3, length: 8 },
    ]);
    // The division has become four instructions.
    expect(xlated.origin).toEqual([0, 1, 2, 3, 4, 5, 5, 5, 5, 6, 7]);
  });

  it("reads and writes its maps in guest memory", () => {
    const { core, memory } = testKernel();
    const initial = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const maps = [
      definition("array", { name: "m" }),
      definition("array", { name: ".data", maxEntries: 1, initial }),
    ];
    const text = `
      r1 = 0 ll
      r2 = 3
      *(u32 *)(r10 - 4) = r2
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      r1 = 42
      *(u64 *)(r0 + 0) = r1
      r1 = 0 ll
      r0 = *(u64 *)(r1 + 0)
      exit`;
    const program: LinkedProgram = assembled(text, "xdp", { maps });
    const slots = program.insns.flatMap((i, at) => (i.code === op.BPF_LD_IMM64 ? [at] : []));
    const insns = program.insns.map((i, at) => {
      if (at === slots[0]) return { ...i, src: op.BPF_PSEUDO_MAP_FD, imm: 0 };
      return at === slots[1] ? { ...i, src: op.BPF_PSEUDO_MAP_VALUE, imm: 1 } : i;
    });
    const loaded = core.load({ ...program, insns });
    expect(loaded.interpret([])).toMatchObject({ kind: "return", value: u64(1) });
    expect(loaded.maps[0]?.entries()[3]?.value[0]).toBe(42);
    expect(loaded.xlated.insns[slots[1] ?? 0]).toMatchObject({
      src: op.BPF_PSEUDO_MAP_VALUE,
      imm: loaded.maps[1]?.id,
    });
    loaded.free();
    expect(memory.liveAllocations).toBe(0);
  });

  it.each([
    ["xdp", "r0 = *(u32 *)(r1 + 24)", "off=24 size=4"],
    ["xdp", "r0 = *(u64 *)(r1 + 0)", "off=0 size=8"],
    ["xdp", "r0 = *(u8 *)(r1 + 0)", "off=0 size=1"],
    ["xdp", "r0 = *(u32 *)(r1 + 2)", "off=2 size=4"],
    ["xdp", "*(u32 *)(r1 + 16) = r1", "off=16 size=4"],
    ["xdp", "r0 = *(u32 *)(r1 - 4)", "off=-4 size=4"],
    ["socket_filter", "r0 = *(u32 *)(r1 + 76)", "off=76 size=4"],
    ["socket_filter", "*(u32 *)(r1 + 8) = r1", "off=8 size=4"],
    ["socket_filter", "r0 = *(u64 *)(r1 + 8)", "off=8 size=8"],
    ["sched_cls", "*(u32 *)(r1 + 0) = r1", "off=0 size=4"],
    ["sched_cls", "*(u8 *)(r1 + 8) = r1", "off=8 size=1"],
    ["sched_cls", "r0 = *(u32 *)(r1 + 152)", "off=152 size=4"],
    ["sched_cls", "r0 = *(u32 *)(r1 + 192)", "off=192 size=4"],
  ] as const)("of type %s may not do %s", (type, access, place) => {
    const check = ({ functions }: LinkedProgram): Checked => ({
      functions: functions.map((f) => ({ ...f, stackDepth: 0, usesTailCall: false })),
      contextAccesses: new Set([0]),
      processedInsns: 1,
    });
    const { core, memory } = testKernel();
    const load = (): unknown => core.load(assembled(`${access}\n r0 = 0\n exit`, type), { check });
    expect(load).toThrow(`invalid bpf_context access ${place}`);
    expect(load).toThrow(expect.objectContaining({ errno: "EACCES" }));
    expect(memory.liveAllocations).toBe(0);
  });

  it("keeps the maps that it shares until no other needs them", () => {
    const { core, memory } = testKernel();
    const program = assembled("r0 = 0\n exit", "xdp", { maps: [definition("hash", { name: "m" })] });
    const first = core.load(program);
    const maps = new Map(first.maps.map((map) => [map.definition.name, map]));
    const second = core.load(program, { maps });
    expect(second.maps).toEqual(first.maps);
    first.free();
    first.free();
    const four = Uint8Array.of(1, 0, 0, 0);
    second.maps[0]?.update(four, new Uint8Array(8), 0);
    expect(second.maps[0]?.entries()).toHaveLength(1);
    second.free();
    expect(memory.liveAllocations).toBe(0);
    // Of maps that are gone none is used again.
    const third = core.load(program, { maps });
    expect(third.maps[0]?.entryCount).toBe(0);
    third.free();
    expect(memory.liveAllocations).toBe(0);
  });

  it("without a helper of that number is refused", () => {
    expect(() => testKernel().core.load(assembled("call 999\n exit"))).toThrow("#999");
  });
});
