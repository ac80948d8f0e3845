// bpf_jit_limit: what is charged, who is refused, and what the limit is when nobody sets it.
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../../bpf/assemble.ts";
import type { JitError } from "../../jit/error.ts";
import { KernelUsageError } from "../error.ts";
import { Kernel } from "../kernel.ts";
import { ImageMemory } from "../jit-memory.ts";
import type { Program } from "../program.ts";
import { JitLimit } from "./jit-limit.ts";

const PAGE = 0x1_0000;

describe("bpf_jit_limit", () => {
  it("grants up to the limit, the byte beyond it only to the privileged, and a refusal charges nothing", () => {
    const limit = new JitLimit(100);
    expect(limit.charge(100, false)).toBe(true);
    expect(limit.charge(1, false)).toBe(false);
    expect(limit.current).toBe(100);
    expect(limit.charge(1, true)).toBe(true);
    limit.uncharge(101);
    expect(limit.current).toBe(0);
  });
  it("a limit that is no number of bytes is refused; 0 and no limit are limits", () => {
    for (const bpfJitLimit of [-1, NaN, 0.5])
      expect(() => new Kernel({ bpfJitLimit })).toThrow(KernelUsageError);
    for (const bpfJitLimit of [0, Infinity])
      expect(new Kernel({ bpfJitLimit }).jitLimit.bytes).toBe(bpfJitLimit);
  });
  it("images are charged in whole pages, or in chunks of a pack, and uncharged when they are freed", () => {
    for (const [imageAlloc, bytes] of [
      ["module_alloc", PAGE],
      // 100 + 8 + 16 bytes, in chunks of 64.
      ["prog-pack", 128],
    ] as const) {
      const kernel = new Kernel({ imageAlloc, bpfJitLimit: bytes });
      const images = new ImageMemory(kernel, false);
      const image = images.allocate(100, 4);
      expect(kernel.jitLimit.current).toBe(bytes);
      expect(() => images.allocate(100, 4)).toThrow(
        expect.objectContaining({ name: "JitError", errno: "EPERM" }) as JitError,
      );
      expect(kernel.jitLimit.current).toBe(bytes);
      const another = images.chargedTo(true).allocate(100, 4);
      expect(kernel.jitLimit.current).toBe(2 * bytes);
      for (const each of [image, another]) if (each !== undefined) images.free(each.header);
      expect(kernel.jitLimit.current).toBe(0);
      expect(kernel.imageAlloc.usage.ramBytes).toBe(0);
    }
  });
  it("an unprivileged user's program beyond the limit is interpreted, a privileged one's is not", () => {
    const kernel = new Kernel({ bpfJitLimit: PAGE });
    const linked = assembleProgram("main:\n r0 = 7\n exit\n", { type: "socket_filter", endian: "le" });
    const load = (privileged: boolean): Program => kernel.bpf.loadProgram(linked, { privileged });
    const programs = [load(false), load(false), load(true)];
    expect(programs.map(({ images }) => images.length)).toEqual([1, 0, 1]);
    expect(kernel.jitLimit.current).toBe(2 * PAGE);
    for (const program of programs) {
      expect(program.testRun()).toMatchObject({ kind: "done", retval: 7 });
      program.free();
    }
    expect(kernel.jitLimit.current).toBe(0);
  });
  it("is none in 4.15, half of vmalloc in 6.12, half of a range that is the images' own", () => {
    const limitOf = (layout: string, imageAlloc = "module_alloc"): number =>
      new Kernel({ layout, imageAlloc }).jitLimit.bytes;
    expect(limitOf("hash64k-4.15")).toBe(Infinity);
    expect(limitOf("radix64k-6.12")).toBe(2 ** 48);
    expect(limitOf("hash4k-6.12")).toBe(2 ** 39);
    expect(limitOf("radix64k-6.12", "linear")).toBe(2 ** 48);
    expect(limitOf("radix64k-6.12", "linear-hole")).toBe(2 ** 23);
  });
  it("a limit that is no number of bytes is refused", () => {
    for (const bpfJitLimit of [-1, Number.NaN])
      expect(() => new Kernel({ bpfJitLimit })).toThrow(`bpf_jit_limit of ${bpfJitLimit} bytes`);
  });
});
