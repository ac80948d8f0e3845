import { describe, expect, it } from "vitest";
import type { LinkedProgram } from "../elf/types.ts";
import type { Endian } from "../insn.ts";
import * as op from "../opcodes.ts";
import { assembled, testKernel } from "../test/kernel.ts";
import type { Checked } from "../verifier/checked.ts";

/** Every load through r1 is one of the context. */
const contextInR1 = (program: LinkedProgram): Checked => ({
  functions: program.functions.map((f) => ({ ...f, stackDepth: 0, usesTailCall: false })),
  contextAccesses: new Set(
    program.insns.flatMap(({ code, src }, at) => (op.classOf(code) === op.BPF_LDX && src === 1 ? [at] : [])),
  ),
  processedInsns: program.insns.length,
});

/** What a classifier reads with one load from a context that has 0x11223344 as its mark. */
function read(load: string, endian: Endian, destination = 0): number {
  const { core } = testKernel(endian);
  const program = core.load(assembled(`r0 = ${load}\n exit`, "sched_cls", { endian }), {
    check: contextInR1,
  });
  const ctxIn = new Uint8Array(192);
  new DataView(ctxIn.buffer).setUint32(8, 0x1122_3344, endian === "le");
  const dataIn = Uint8Array.of(
    ...Array<number>(6).fill(destination),
    0,
    0,
    0,
    0,
    0,
    0,
    0x86,
    0xdd,
    ...Array<number>(50),
  );
  const result = program.testRun({ dataIn, ctxIn, run: (context) => program.interpret([context]) });
  if (result.kind !== "done") throw new Error(result.outcome.kind);
  return result.retval;
}

describe.each(["le", "be"] as const)("struct __sk_buff on a machine that is %s", (endian) => {
  it("has in each part of a field the bytes that lie there in memory", () => {
    const whole = new DataView(new ArrayBuffer(4));
    whole.setUint32(0, 0x1122_3344, endian === "le");
    expect(read("*(u32 *)(r1 + 8)", endian)).toBe(0x1122_3344);
    for (const at of [0, 1, 2, 3]) expect(read(`*(u8 *)(r1 + ${8 + at})`, endian)).toBe(whole.getUint8(at));
    for (const at of [0, 2])
      expect(read(`*(u16 *)(r1 + ${8 + at})`, endian)).toBe(whole.getUint16(at, endian === "le"));
  });

  it("has the protocol in network order, the packet's type and the lengths as numbers", () => {
    expect(read("*(u32 *)(r1 + 16)", endian)).toBe(endian === "le" ? 0xdd86 : 0x86dd);
    // PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST [Linux 6.12 include/uapi/linux/if_packet.h]
    expect([0, 1, 2].map((first) => read("*(u32 *)(r1 + 4)", endian, first))).toEqual([0, 2, 3]);
    expect(read("*(u32 *)(r1 + 0)", endian)).toBe(64);
    expect(read("*(u32 *)(r1 + 160)", endian)).toBe(64);
    expect(read("*(u32 *)(r1 + 40)", endian)).toBe(1);
  });
});

describe("a program that writes over the structures of its test run", () => {
  // struct sk_buff: len at 112, data at 200; struct xdp_buff: data_end at 8, data_meta at 16 [Linux 6.12].
  it.each([
    ["sched_cls", "*(u32 *)(r2 + 112) = r3"],
    ["sched_cls", "*(u64 *)(r2 + 200) = r3"],
    ["xdp", "*(u64 *)(r2 + 16) = r3"],
    ["xdp", "*(u64 *)(r2 + 8) = r3"],
  ] as const)("of type %s by %s gets EFAULT", (type, store) => {
    const { core, memory } = testKernel();
    const program = core.load(assembled(`r2 = r1\n r3 = -1\n ${store}\n r0 = 0\n exit`, type));
    const run = (): unknown => program.testRun({ run: (context) => program.interpret([context]) });
    expect(run).toThrow(expect.objectContaining({ name: "TestRunError", errno: "EFAULT" }));
    program.free();
    expect(memory.liveAllocations).toBe(0);
  });
});
