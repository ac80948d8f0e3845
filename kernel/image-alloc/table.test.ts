// Strategies by name, and the two that give vmalloc areas.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import { KernelUsageError } from "../error.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";
import { ImageAllocError } from "./strategy.ts";
import { imageAllocNamed, imageAllocStrategies } from "./table.ts";

const boot = (imageAlloc: string, options: KernelOptions = {}): Kernel =>
  new Kernel({ ramBytes: 0x400_0000, imageAlloc, ...options });

describe("the table of strategies", () => {
  it("names are told apart, and what stands behind the colon is the argument", () => {
    const names = imageAllocStrategies.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(imageAllocNamed("vmalloc_range:0x0-0x1:2")).toMatchObject({ argument: "0x0-0x1:2" });
  });
  it.each(["nothing", "vmalloc_range", "module_alloc:", "", ":", "vmalloc_range:", "vmalloc_range:1"])(
    "'%s' is refused in one line",
    (text) => {
      expect(() => boot(text)).toThrow(KernelUsageError);
      expect(() => boot(text)).toThrow(/^[^\n]+$/);
    },
  );
  it.each([
    ["0xd000000000000000-0xd000000000000000", "no address"],
    ["0xd000000000020000-0xd000000000010000", "no address"],
    ["0xd000000000000000-0xd000000000001000", "pages of 65536"],
    ["-1-2", "is no range"],
    ["0x1_0000_0000_0000_0000-0x2_0000_0000_0000_0000", "is no range"],
  ])("vmalloc_range:%s: %s", (argument, message) => {
    expect(() => boot(`vmalloc_range:${argument}`)).toThrow(KernelUsageError);
    expect(() => boot(`vmalloc_range:${argument}`)).toThrow(message);
  });
  it("a range outside vmalloc has no page tables on hash: EINVAL", () => {
    expect(() => boot("vmalloc_range:0xc000000010000000-0xc000000020000000")).toThrow(ImageAllocError);
  });
  it("a user's function wins over the strategy", () => {
    const kernel = boot("module_alloc", { overrides: { bpfJitImageAlloc: () => undefined } });
    expect(kernel.bpfJitBinaryAlloc(4)).toBeUndefined();
  });
});

describe("vmalloc_range", () => {
  it("images lie in the range, each with a guard page, until it is full; usage is exact", () => {
    const page = 0x1_0000;
    const start = fromHalves(0xd000_0100, 0);
    const kernel = boot("vmalloc_range:0xd000_0100_0000_0000-0xd000_0100_0005_0000");
    const { imageAlloc } = kernel;
    const first = kernel.bpfJitBinaryAlloc(4);
    const second = kernel.bpfJitBinaryAlloc(4);
    expect([first, second].map((binary) => hex64(binary?.header ?? start.sub(1)))).toEqual([
      hex64(start),
      hex64(start.add(2 * page)),
    ]);
    expect(kernel.bpfJitBinaryAlloc(4)).toBeUndefined();
    expect(imageAlloc.usage).toEqual({ ramBytes: 2 * page, vaBytes: 4 * page });
    expect(kernel.load(start.add(page), 4)).toBeInstanceOf(MemoryFault);
    imageAlloc.free(start);
    expect(imageAlloc.usage).toEqual({ ramBytes: page, vaBytes: 2 * page });
  });
});
