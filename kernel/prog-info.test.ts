import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../bpf/assemble.ts";
import type { CallEncodingName } from "../bpf/core/encoding/encoding.ts";
import type { ProgType } from "../bpf/elf/object.ts";
import { helperByName } from "../bpf/helpers/table.ts";
import { decodeInsns, isPseudoCall } from "../bpf/insn.ts";
import { fromHalves, u64 } from "../word/long.ts";
import type { BpfLoadOptions } from "./bpf.ts";
import { Kernel } from "./kernel.ts";
import type { BpfProgInfo } from "./prog-info.ts";
import type { Program } from "./program.ts";

// Slot 1 calls slot 4, slot 2 a helper.
const SOURCE = `
main:
  r6 = 7
  call f
  call ktime_get_ns
  exit
f:
  r0 = 41
  exit
`;

const helper = (name: string): number | undefined => helperByName(name)?.id;

function load(kernel: Kernel, options: BpfLoadOptions = {}, text = SOURCE): Program {
  const { endian } = kernel;
  return kernel.bpf.loadProgram(assembleProgram(text, { type: "socket_filter", endian }, { helper }), {
    ...options,
  });
}

const insnsOf = (info: BpfProgInfo, kernel: Kernel): ReturnType<typeof decodeInsns> =>
  decodeInsns(info.xlated_prog_insns ?? new Uint8Array(), kernel.endian);

describe("what the kernel tells of a program", () => {
  it("to a capable user: images as they stand in memory, their addresses and lengths", () => {
    const kernel = new Kernel();
    const program = load(kernel);
    const info = program.info();
    const [main, f] = program.images;
    if (main === undefined || f === undefined) throw new Error("two functions, two images");
    expect(info).toMatchObject({ type: 1, id: program.loaded.id, name: "main", created_by_uid: 0 });
    expect(info).toMatchObject({ nr_jited_ksyms: 2, nr_jited_func_lens: 2, btf_id: 0, nr_func_info: 0 });
    expect(info.jited_ksyms).toEqual([main.image, f.image]);
    expect(info.jited_func_lens).toEqual([main.bytes, f.bytes]);
    expect(info.jited_prog_len).toBe(main.bytes + f.bytes);
    expect(info.xlated_prog_len).toBe(6 * 8);
    expect(info.jited_prog_insns?.subarray(0, main.bytes)).toEqual(kernel.read(main.code, main.bytes));
    expect(info.jited_prog_insns?.subarray(main.bytes)).toEqual(kernel.read(f.code, f.bytes));
    expect(insnsOf(info, kernel)[1]).toMatchObject({ src: 1, off: 2, imm: 1 });
  });

  it("of ELFv1, images with the descriptors that they start with", () => {
    const kernel = new Kernel({ endian: "be" });
    const program = load(kernel);
    const info = program.info();
    const [main] = program.images;
    const bytes = info.jited_prog_insns;
    if (main === undefined || bytes === undefined) throw new Error("no image");
    expect(info.jited_ksyms?.[0]).toEqual(main.image);
    expect(info.jited_func_lens?.[0]).toBe(24 + main.bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(fromHalves(view.getUint32(0), view.getUint32(4))).toEqual(main.image.add(u64(24)));
    expect(fromHalves(view.getUint32(8), view.getUint32(12))).toEqual(kernel.text.toc);
    expect(kernel.kallsyms.lookup(main.code)).toMatchObject({ offset: 24 });
  });

  it("to a user without CAP_BPF: that there is one, and nothing of its instructions", () => {
    const info = load(new Kernel()).info({ capable: false, rawOk: false });
    expect(info).toMatchObject({ name: "main", xlated_prog_len: 0, jited_prog_len: 0, nr_jited_ksyms: 0 });
    expect(info).toMatchObject({ nr_jited_func_lens: 0, nr_func_info: 0, nr_line_info: 0 });
    expect(info.xlated_prog_insns).toBeUndefined();
    expect(info.jited_prog_insns).toBeUndefined();
  });

  it.each<[CallEncodingName, number, number]>([
    ["imm32", 2, 0],
    ["imm48", 0, 0],
    ["callee-list", 2, 0],
    ["aux-func", 2, 0],
    ["prog-id", 2, 2],
  ])(
    "to who may not see addresses: lengths and numbers, and no address in a call (%s)",
    (callEncoding, off, imm) => {
      const kernel = new Kernel({ layout: "hash4k-6.12" });
      const info = load(kernel, { callEncoding }).info({ capable: true, rawOk: false });
      expect(info).toMatchObject({ nr_jited_ksyms: 2, nr_jited_func_lens: 2, xlated_prog_len: 48 });
      expect(info.jited_ksyms).toBeUndefined();
      expect(info.jited_func_lens).toBeUndefined();
      expect(info.jited_prog_insns).toBeUndefined();
      const insns = insnsOf(info, kernel);
      expect(insns[1]).toMatchObject({ off, imm });
      expect(insns[2]).toMatchObject({ src: 0, off: 0, imm: 0 });
    },
  );

  it("of an interpreted program there are no images, and calls show distances in every encoding", () => {
    const kernel = new Kernel();
    for (const callEncoding of ["imm48", "prog-id"] as const) {
      const info = load(kernel, { jit: false, callEncoding }).info();
      expect(info).toMatchObject({ jited_prog_len: 0, nr_jited_ksyms: 0, nr_jited_line_info: 0 });
      expect(insnsOf(info, kernel).find(isPseudoCall)).toMatchObject({ off: 2, imm: 1 });
    }
  });

  it("types and lines of an object: each line at its instruction, and at its code", () => {
    const kernel = new Kernel();
    const object = kernel.bpf.load(readFileSync(new URL("../examples/calls.el.o", import.meta.url)));
    const program = object.program();
    const info = program.info();
    expect(info.nr_func_info).toBe(program.images.length);
    expect(info.func_info[0]?.insn_off).toBe(0);
    expect(kernel.bpf.btf(info.btf_id)?.type(info.func_info[0]?.type_id ?? 0)?.name).toBe("calls");
    expect(info.nr_jited_line_info).toBe(info.nr_line_info);
    expect(info.jited_line_info?.[0]).toEqual(program.images[0]?.code);
    // The second function's first line is said of its prologue, the second one of its second instruction.
    const second = info.line_info.findIndex(({ insn_off }) => insn_off === info.func_info[1]?.insn_off);
    const [, image] = program.images;
    expect(info.jited_line_info?.[second]).toEqual(image?.code);
    const next = (info.line_info[second + 1]?.insn_off ?? 0) - (info.line_info[second]?.insn_off ?? 0);
    expect(info.jited_line_info?.[second + 1]).toEqual(image?.code.add(u64(image.insnOffsets[next] ?? -1)));
    expect(object.program().info().btf_id).toBe(info.btf_id);
    const interpreted = kernel.bpf.load(object.object, { jit: false }).program().info();
    expect(interpreted).toMatchObject({ nr_line_info: info.nr_line_info, nr_jited_line_info: 0 });
    expect(interpreted.jited_line_info).toBeUndefined();
  });
});

describe("kallsyms", () => {
  it("with net.core.bpf_jit_kallsyms=0 has no images in its text, and an oops knows them all the same", () => {
    const kernel = new Kernel();
    const [main] = load(kernel, { kallsyms: false }).images;
    if (main === undefined) throw new Error("no image");
    expect(kernel.kallsyms.text(true)).not.toContain("bpf_prog_");
    expect(kernel.kallsyms.lookup(main.code)?.name).toMatch(/^bpf_prog_[0-9a-f]{16}_main$/);
    const symbol = `${main.image.toString(16)} t bpf_prog_`;
    expect(kernel.kallsyms.text(true, () => true)).toContain(symbol);
    load(kernel);
    expect(kernel.kallsyms.text(true)).toMatch(/^[0-9a-f]{16} t bpf_prog_[0-9a-f]{16}_main\t\[bpf\]$/m);
  });

  it("shows zeros to who may not see addresses", () => {
    const kernel = new Kernel();
    load(kernel);
    const lines = kernel.kallsyms.text(false).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toMatch(/^0{16} [A-Za-z] \S+(\t\[bpf\])?$/);
  });
});

describe("a user without CAP_BPF", () => {
  const refuse = (text: string, type: ProgType, errno: string, message: string | RegExp): void => {
    const kernel = new Kernel();
    const linked = assembleProgram(text, { type, endian: "le" }, { helper });
    const attempt = (): unknown => kernel.bpf.loadProgram(linked, { privileged: false });
    expect(attempt).toThrow(expect.objectContaining({ errno }));
    expect(attempt).toThrow(message);
    expect(kernel.bpf.loadProgram(linked, {}).info().created_by_uid).toBe(0);
  };

  it("loads socket filters of 4096 instructions, which are not in kallsyms", () => {
    const kernel = new Kernel();
    const linked = assembleProgram("r0 = 0\n".repeat(4095) + "exit", { type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { privileged: false });
    expect(program.info().created_by_uid).toBe(1000);
    expect(kernel.kallsyms.text(true, () => true)).not.toContain("bpf_prog_");
    program.free();
  });

  it("gets E2BIG for more instructions, EPERM for other types", () => {
    refuse("r0 = 0\n".repeat(4096) + "exit", "socket_filter", "E2BIG", "4097 instructions");
    refuse("r0 = 0\n exit", "xdp", "EPERM", "type xdp needs CAP_BPF");
  });

  it("gets EPERM for calls of functions, EINVAL for loops and for helpers that need more", () => {
    refuse(SOURCE, "socket_filter", "EPERM", "allowed for CAP_BPF");
    const loop = "r1 = 3\n l:\n r1 += -1\n if r1 != 0 goto l\n r0 = 0\n exit";
    refuse(loop, "socket_filter", "EINVAL", "back-edge from insn 2 to 1");
    const print = "r1 = r10\n r1 += -8\n r2 = 0\n *(u64 *)(r1 + 0) = r2\n r2 = 8\n call trace_printk\n exit";
    refuse(print, "socket_filter", "EINVAL", /trace_printk/);
  });

  it("may jump over what a loop would need to come back to", () => {
    const kernel = new Kernel();
    const forward = "r0 = 0\n if r0 == 0 goto a\n r0 = 1\n a:\n if r0 == 0 goto b\n r0 = 2\n b:\n exit";
    const linked = assembleProgram(forward, { type: "socket_filter", endian: "le" });
    expect(kernel.bpf.loadProgram(linked, { privileged: false }).images).toHaveLength(1);
  });
});
