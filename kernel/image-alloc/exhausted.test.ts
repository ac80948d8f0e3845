// RAM or a range is used up: the JIT fails with ENOMEM as Linux's does, and nothing of the attempt stays.
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../../bpf/assemble.ts";
import { JitError } from "../../jit/error.ts";
import { OutOfMemoryError } from "../error.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";

const MIB = 2 ** 20;
/** Two functions, each an image. */
const SOURCE = "main:\n call twice\n exit\ntwice:\n r0 = 2\n exit\n";
const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: "le" });
const GAP: KernelOptions = {
  ramMap: [
    { start: 0, end: 96 * MIB, node: 0 },
    { start: 128 * MIB, end: 160 * MIB, node: 0 },
  ],
};

/** What may not change by an attempt that fails. */
const accounts = (kernel: Kernel): unknown => ({
  usage: kernel.imageAlloc.usage,
  held: kernel.pages.held("bpf image"),
  charged: kernel.jitLimit.current,
  areas: kernel.vmalloc.areas.length,
});

/** Takes all pages but `left`. */
function takeRam(kernel: Kernel, left: number): void {
  for (let count = 4096; count >= 1;) {
    const wanted = Math.min(count, kernel.pages.free - left);
    if (wanted <= 0) return;
    try {
      kernel.pages.allocate(wanted, "user");
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      count = Math.floor(wanted / 2);
    }
  }
}

/** Loads until it fails; how many programs there are then. */
function loadUntilFull(kernel: Kernel, most: number): number {
  for (let count = 0; count < most; count++) {
    const before = accounts(kernel);
    try {
      kernel.bpf.loadProgram(linked, { verify: false });
    } catch (error) {
      expect(error).toBeInstanceOf(JitError);
      expect(error).toMatchObject({ errno: "ENOMEM" });
      expect(accounts(kernel)).toEqual(before);
      return count;
    }
  }
  throw new Error(`${most} programs found memory`);
}

const strategies = ["module_alloc", "linear", "linear-end", "linear-gap", "prog-pack"] as const;
describe.each(["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])(
  "RAM is used up on %s",
  (layout) => {
    it.each(strategies)("%s", (imageAlloc) => {
      for (const left of [0, 1, 2, 3, 5, 20]) {
        const options = imageAlloc === "linear-gap" ? GAP : { ramBytes: 64 * MIB };
        const kernel = new Kernel({ layout, imageAlloc, ...options });
        kernel.bpf.core.helperContext.random();
        takeRam(kernel, left);
        expect(kernel.pages.free).toBe(left);
        const count = loadUntilFull(kernel, 60);
        if (left <= 1) expect(count).toBe(0);
      }
    });
  },
);

describe("a range is used up", () => {
  it.each([
    ["hash64k-4.15", "vmalloc_range:0xd000010000000000-0xd000010000010000", 0],
    ["hash64k-4.15", "vmalloc_range:0xd000010000000000-0xd000010000030000", 0],
    ["hash64k-4.15", "vmalloc_range:0xd000010000000000-0xd000010000040000", 1],
    // 51 pages of 64K, each image with a guard; a block of 16M of which 51 pages are near enough.
    ["radix64k-6.12", "near-text", 12],
    ["hash64k-4.15", "near-text", 25],
    ["radix64k-6.12", "linear-hole", 64],
    ["hash64k-4.15", "linear-hole", 128],
  ] as const)("%s %s: room for %i programs of two images", (layout, imageAlloc, count) => {
    const kernel = new Kernel({ layout, imageAlloc, ramBytes: 128 * MIB });
    const programs = loadUntilFull(kernel, count + 1);
    expect(programs).toBe(count);
  });
});
