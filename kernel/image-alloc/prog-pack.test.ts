// Packs as kernel/bpf/core.c of 6.12 has them: chunks, headers, traps, when packs come and go.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { u64, type U64 } from "../../word/long.ts";
import { TRAP_WORD, type JitBinary } from "../bpf-jit-alloc.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";

const PACK = 0x20_0000;
const MIB = 2 ** 20;

function boot(options: KernelOptions = {}): Kernel {
  return new Kernel({ layout: "radix64k-6.12", imageAlloc: "prog-pack", ...options });
}

function binary(kernel: Kernel, proglen: number): JitBinary {
  const made = kernel.bpfJitBinaryAlloc(proglen);
  if (made === undefined) throw new Error("no memory");
  return made;
}

/** Words at an address, in the kernel's byte order. */
function words(kernel: Kernel, address: U64, bytes: number): readonly number[] {
  return Array.from({ length: bytes / 4 }, (_, i) => {
    const word = kernel.load(address.add(4 * i), 4);
    if (word instanceof MemoryFault) throw new Error("fault");
    return word.low;
  });
}

describe.each(["le", "be"] as const)("packs, %s", (endian) => {
  it("a header of 8 bytes says the size in chunks of 64, proglen + 8 + 16 rounded up; the rest is traps", () => {
    const kernel = boot({ endian });
    // 104 + 24 = 128 bytes are two chunks, four bytes more three.
    const [two, three] = [binary(kernel, 104), binary(kernel, 108)];
    expect([two.bytes, three.bytes]).toEqual([128, 192]);
    expect(three.header.eq(two.header.add(128))).toBe(true);
    expect(words(kernel, two.header, 128)).toEqual([128, ...Array.from({ length: 31 }, () => TRAP_WORD)]);
    for (const { header, image, bytes } of [two, three]) {
      const start = image.sub(header).toNumber();
      expect(start % 4).toBe(0);
      expect(start).toBeGreaterThanOrEqual(8);
      expect(start + bytes - 24).toBeLessThanOrEqual(bytes);
    }
  });
  it("freed text is traps again, its chunks are used again, the last image takes the pack with it", () => {
    const kernel = boot({ endian });
    const [first, second] = [binary(kernel, 40), binary(kernel, 40)];
    expect(kernel.imageAlloc.usage).toEqual({ ramBytes: PACK, vaBytes: PACK + kernel.pages.pageBytes });
    kernel.imageAlloc.write(first.image, Uint8Array.of(1, 2, 3, 4));
    kernel.bpfJitBinaryFree(first);
    expect(words(kernel, first.header, 64)).toEqual(Array.from({ length: 16 }, () => TRAP_WORD));
    expect(binary(kernel, 40).header.eq(first.header)).toBe(true);
    kernel.bpfJitBinaryFree({ ...first });
    kernel.bpfJitBinaryFree(second);
    expect(kernel.imageAlloc.usage).toEqual({ ramBytes: 0, vaBytes: 0 });
    expect(kernel.load(first.header, 4)).toBeInstanceOf(MemoryFault);
  });
});

it("what does not fit begins another pack, what is larger than a pack has pages of its own", () => {
  const kernel = boot();
  const page = kernel.pages.pageBytes;
  const nearly = binary(kernel, PACK - 24 - 64);
  const small = binary(kernel, 40);
  expect(small.header.eq(nearly.header.add(PACK - 64))).toBe(true);
  const other = binary(kernel, 41);
  expect(kernel.imageAlloc.usage.ramBytes).toBe(2 * PACK);
  const large = binary(kernel, PACK);
  expect(large.bytes).toBe(PACK + 64);
  expect(kernel.imageAlloc.usage).toEqual({ ramBytes: 3 * PACK + page, vaBytes: 3 * PACK + 4 * page });
  expect(words(kernel, large.header.add(u64(PACK)), 64)).toEqual(Array.from({ length: 16 }, () => TRAP_WORD));
  for (const each of [nearly, small, other, large]) kernel.bpfJitBinaryFree(each);
  expect(kernel.imageAlloc.usage.ramBytes).toBe(0);
});

it("a pack has 2 MiB for each NUMA node", () => {
  const ramMap = [0, 1, 2].map((node) => ({ start: node * 64 * MIB, end: (node + 1) * 64 * MIB, node }));
  const kernel = boot({ layout: "radix4k-6.12", ramMap });
  binary(kernel, 4);
  expect(kernel.imageAlloc.usage.ramBytes).toBe(3 * PACK);
});

it("text in a pack can be executed and not be stored to, from the start", () => {
  const kernel = boot({ layout: "hash64k-6.12" });
  const { image } = binary(kernel, 4);
  expect(kernel.store(image, 4, u64(0))).toBeInstanceOf(MemoryFault);
  expect(kernel.cpu.mmu.translate(image, "fetch").kind).toBe("page");
});
