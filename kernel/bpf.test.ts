import { describe, expect, it } from "vitest";
import { assembleProgram } from "../bpf/assemble.ts";
import { fromHalves, hex64, ZERO, type U64 } from "../word/long.ts";
import { KernelUsageError } from "./error.ts";
import { Kernel } from "./kernel.ts";

// r0 = 7 + 3 * 5, by way of a subprogram and a helper
const SOURCE = `
main:
  r6 = 7
  r1 = 5
  call triple
  r6 += r0
  call 8
  r0 += r6
  exit
triple:
  r0 = r1
  r0 *= 3
  exit
`;

const machines = ["hash64k-4.15", "radix64k-6.12"].flatMap((layout) =>
  (["reference", "interpreter"] as const).flatMap((engine) =>
    (["le", "be"] as const).map((endian) => ({ layout, engine, endian })),
  ),
);

describe("BPF in the kernel", () => {
  it.each(machines)("a program with a subprogram runs in every way: $layout $engine $endian", (machine) => {
    const kernel = new Kernel(machine);
    const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: machine.endian });
    const ways = [
      { callSequence: "far" },
      { callSequence: "near" },
      { callSequence: "auto-shrink" },
      { jit: false },
    ] as const;
    for (const way of ways) {
      const program = kernel.bpf.loadProgram(linked, { verify: false, ...way });
      const run = program.runOnMemory(new Uint8Array(8));
      expect(run).toMatchObject({ kind: "done", retval: 22 });
      program.free();
    }
  });

  it("images have names in kallsyms until the program is freed", () => {
    const kernel = new Kernel();
    const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { verify: false });
    const [main, triple] = program.images;
    if (main === undefined || triple === undefined) throw new Error("two functions, two images");
    expect(kernel.kallsyms.lookup(main.code)?.name).toBe(`bpf_prog_${program.tag}_main`);
    expect(kernel.kallsyms.lookup(triple.code.add(4))?.name).toMatch(/^bpf_prog_[0-9a-f]{16}_triple$/);
    expect(kernel.kallsyms.lookup(triple.code.add(4))?.offset).toBe(4);
    program.free();
    expect(kernel.kallsyms.lookup(main.code)).toBeUndefined();
  });

  it.each<[string, (k: Kernel, size: number) => U64, RegExp]>([
    ["where nothing is", () => fromHalves(0xd000_0100, 0), /0xd000010000000000 cannot be written/],
    ["in kernel text", (k) => k.text.bpfCallBase, /cannot be written/],
    ["in the linear map", (k, size) => k.allocate(size), /is no vmalloc area/],
    ["at 0", () => ZERO, /0x0000000000000000 cannot be written/],
  ])("images that a replaced bpf_jit_image_alloc puts %s are the caller's error", (_, alloc, message) => {
    const kernel = new Kernel({ overrides: { bpfJitImageAlloc: (k, size) => alloc(k, size) } });
    const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: "le" });
    const load = (): unknown => kernel.bpf.loadProgram(linked, { verify: false });
    expect(load).toThrow(KernelUsageError);
    expect(load).toThrow(message);
    const program = kernel.bpf.loadProgram(linked, { verify: false, jit: false });
    expect(program.runOnMemory(new Uint8Array(8))).toMatchObject({ kind: "done", retval: 22 });
  });

  it("bpf_jit_image_alloc can be replaced, and its images are protected like any other", () => {
    const [start, end] = [fromHalves(0xd000_0100, 0), fromHalves(0xd000_0200, 0)];
    const bpfJitImageAlloc = (k: Kernel, size: number): U64 | undefined =>
      k.vmallocNodeRange({ size, align: 0x1_0000, start, end });
    const kernel = new Kernel({ overrides: { bpfJitImageAlloc } });
    const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { verify: false });
    for (const { code } of program.images) {
      expect(code.high >>> 0).toBe(0xd000_0100);
      expect(kernel.write(code, new Uint8Array(4))?.kind).toBe("fault");
    }
    expect(program.runOnMemory(new Uint8Array(8))).toMatchObject({ kind: "done", retval: 22 });
  });

  it("a program that runs away is stopped at the limit", () => {
    const kernel = new Kernel({ maxInsns: 10_000 });
    const linked = assembleProgram("main:\n goto main\n exit\n", { type: "socket_filter", endian: "le" });
    for (const jit of [true, false]) {
      const program = kernel.bpf.loadProgram(linked, { verify: false, jit });
      expect(program.runOnMemory(new Uint8Array(8))).toMatchObject({
        kind: "max-insns",
        instructions: 10_000,
      });
    }
  });

  it("a stray access in JITed code is an oops that names function, address and access", () => {
    const kernel = new Kernel();
    const source = "main:\n r1 = 0x10 ll\n r0 = *(u32 *)(r1 + 4)\n exit\n";
    const linked = assembleProgram(source, { type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { verify: false });
    const run = program.runOnMemory(new Uint8Array(8));
    if (run.kind !== "oops") throw new Error(`ended with ${run.kind}`);
    // The segment is the running process's own, so it is the page that is missing.
    expect(run.oops.trap).toBe(0x300);
    expect(run.oops.dsisr).toBe(0x4000_0000);
    expect(hex64(run.oops.dar)).toBe("0x0000000000000014");
    expect(run.oops.symbol?.name).toBe(`bpf_prog_${program.tag}_main`);
  });

  it("a helper that programs of a type may not call is refused in the kernel's words", () => {
    // Checked on Linux 6.18: BPF_PROG_LOAD of this as XDP says so.
    const linked = assembleProgram("main:\n call 26\n exit\n", { type: "xdp", endian: "le" });
    expect(() => new Kernel().bpf.loadProgram(linked)).toThrow(
      "program of this type cannot use helper bpf_skb_load_bytes#26",
    );
  });
});
