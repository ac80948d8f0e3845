// What an allocator of images makes of sizes that are none, and of a machine whose tables a guest has overwritten: no memory is an
// answer, a message too, but never an error of ours.
import { describe, expect, it } from "vitest";
import { u64 } from "../../word/long.ts";
import { KernelUsageError } from "../error.ts";
import { Kernel } from "../kernel.ts";
import { linear } from "../layout/image.ts";

const strategies = ["module_alloc", "linear", "linear-hole", "linear-end", "near-text", "prog-pack"] as const;
const layouts = ["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"] as const;
const cases = layouts.flatMap((layout) => strategies.map((imageAlloc) => ({ layout, imageAlloc })));

const boot = (options: (typeof cases)[number]): Kernel => new Kernel({ ...options, ramBytes: 0x800_0000 });

describe.each(cases)("$imageAlloc on $layout", (options) => {
  it("no bytes, less than none, and more than there are: no memory, and none is held", () => {
    const kernel = boot(options);
    const accounts = (): unknown => [kernel.imageAlloc.usage, kernel.pages.free, kernel.vmalloc.areas.length];
    const before = accounts();
    for (const bytes of [0, -1, Number.NaN, 2 ** 52, Infinity]) {
      expect(kernel.imageAlloc.allocate(bytes), String(bytes)).toBeUndefined();
      expect(accounts(), String(bytes)).toEqual(before);
    }
  });
  it("what was freed already, and addresses inside an image or beside it, free nothing", () => {
    const kernel = boot(options);
    const accounts = (): unknown => [
      kernel.imageAlloc.usage,
      kernel.jitLimit.current,
      kernel.pages.held("bpf image"),
    ];
    // One of more than a page, and one whose block or pack stays.
    const [image, other] = [kernel.bpfJitBinaryAlloc(0x2_0000), kernel.bpfJitBinaryAlloc(100)];
    if (image === undefined || other === undefined) throw new Error("no memory");
    const { header, bytes } = image;
    const before = accounts();
    for (const offset of [4, kernel.pages.pageBytes, bytes]) {
      const inner = header.add(offset);
      if (!inner.eq(other.header)) expect(kernel.imageAlloc.free(inner), String(offset)).toBe(false);
    }
    for (const address of [u64(0), u64(-1), linear(0)]) expect(kernel.imageAlloc.free(address)).toBe(false);
    expect(accounts()).toEqual(before);
    kernel.bpfJitBinaryFree(image);
    const after = accounts();
    kernel.bpfJitBinaryFree(image);
    expect(accounts()).toEqual(after);
    kernel.bpfJitBinaryFree(other);
    expect(kernel.jitLimit.current).toBe(0);
  });
  it.each([0, 0x80, 0xff])("page tables and the processor's table full of %i", (byte) => {
    const kernel = boot(options);
    const { pages, imageAlloc, tables, cpu } = kernel;
    const [locked, open] = [kernel.bpfJitBinaryAlloc(100), kernel.bpfJitBinaryAlloc(100)];
    if (locked === undefined || open === undefined) throw new Error("no memory");
    imageAlloc.lock(locked.header, locked.bytes);
    for (let real = 0; real < cpu.ram.size; real += pages.pageBytes) {
      if (pages.ownerOf(real) === "page tables") cpu.ram.bytes(real, pages.pageBytes).fill(byte);
    }
    cpu.ram.bytes(tables.start, tables.end - tables.start).fill(byte);
    cpu.flushTlb();
    const steps: readonly (() => unknown)[] = [
      () => imageAlloc.write(locked.image, Uint8Array.of(1, 2, 3, 4)),
      () => imageAlloc.write(open.image, Uint8Array.of(1, 2, 3, 4)),
      () => imageAlloc.lock(open.header, open.bytes),
      () => kernel.bpfJitBinaryAlloc(100),
      () => kernel.bpfJitBinaryAlloc(0x20_0000),
      () => {
        kernel.bpfJitBinaryFree(locked);
      },
      () => {
        kernel.bpfJitBinaryFree(open);
      },
    ];
    const ours = steps.flatMap((step) => {
      try {
        step();
      } catch (error) {
        if (!(error instanceof KernelUsageError)) return [error];
      }
      return [];
    });
    expect(ours).toEqual([]);
  });
});

it("a write into locked text wants no memory: the page tables of the poke area are there from the start", () => {
  const kernel = new Kernel({ layout: "hash64k-4.15", imageAlloc: "linear-end", ramBytes: 0x800_0000 });
  const held = kernel.pages.held("page tables");
  expect(kernel.bpfJitBinaryAlloc(100)).toBeDefined();
  expect(kernel.pages.held("page tables")).toBe(held);
});
