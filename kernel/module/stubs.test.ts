// Stubs word by word, as Linux's module_64.c has them, and how many there is room for.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { u64, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import type { Module } from "./module.ts";
import { buildObject, DATA, TEXT, words } from "./test/object.ts";

const NOP = 0x6000_0000;
const BL = 0x4800_0001;
const B = 0x4800_0000;

interface Machine {
  readonly endian: "le" | "be";
  readonly abi: "elfv1" | "elfv2";
  readonly layout: string;
}

/** A module whose text is calls of kernel functions, each with what follows it. */
function loadCalls(
  machine: Machine,
  calls: readonly {
    readonly symbol: string;
    readonly branch?: number;
    readonly next?: number;
    readonly type?: number;
  }[],
): { readonly kernel: Kernel; readonly module: Module; readonly text: U64 } {
  const { endian, abi } = machine;
  const kernel = new Kernel({ ...machine, cpu: "power10", ramBytes: 64 * 1024 ** 2 });
  const code = calls.flatMap(({ branch = BL, next = NOP }) => [branch, next]);
  const file = buildObject({
    endian,
    abi,
    sections: [
      {
        name: ".text",
        flags: TEXT,
        data: words(endian, ...code),
        relocations: calls.map(({ symbol, type = 10 }, i) => ({ offset: 8 * i, type, symbol })),
      },
      { name: ".toc", flags: DATA, data: new Uint8Array(8) },
    ],
    symbols: [...new Set(calls.map(({ symbol }) => symbol))].map((name) => ({ name })),
  });
  const module = kernel.modules.load(file);
  return { kernel, module, text: module.sections.find(({ name }) => name === ".text")?.address ?? u64(0) };
}

function wordsAt(kernel: Kernel, address: U64, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const word = kernel.load(address.add(4 * i), 4);
    return word instanceof MemoryFault ? "fault" : (word.low >>> 0).toString(16).padStart(8, "0");
  });
}

describe("stubs", () => {
  it('ELFv2: off r2 to the function\'s address, which stands behind the word "stub"', () => {
    const { kernel, module } = loadCalls({ endian: "le", abi: "elfv2", layout: "hash64k-4.15" }, [
      { symbol: "_printk" },
    ]);
    const [stub] = module.stubs;
    // .text has 8 bytes, .stubs follow at 8; r2 = 0xd…1_8000: -0x17ff8 = -1 << 16 | 0x8008 with a signed low half.
    expect(stub?.address.low).toBe(8);
    expect(wordsAt(kernel, stub?.address ?? u64(0), 8)).toEqual([
      "3d62ffff", // addis r11,r2,-1
      "396b8008", // addi r11,r11,-0x7ff8
      "f8410018", // std r2,24(r1)
      "e98b0020", // ld r12,32(r11)
      "7d8903a6", // mtctr r12
      "4e800420", // bctr
      "00000000",
      "73747562",
    ]);
    expect(kernel.load(u64(8 + 32).or(stub?.address.shru(32).shl(32) ?? u64(0)), 8)).toEqual(
      kernel.text.exported("_printk"),
    );
  });

  it.each([
    { layout: "hash64k-4.15", bytes: 48 },
    { layout: "hash64k-6.12", bytes: 56 },
  ])("ELFv1 on $layout: r2 too is loaded, $bytes bytes each, higher symbols first", ({ layout, bytes }) => {
    const { kernel, module, text } = loadCalls({ endian: "be", abi: "elfv1", layout }, [
      { symbol: "_printk" },
      { symbol: "kfree" },
      { symbol: "_printk" },
    ]);
    const [first, second] = module.stubs;
    expect(module.stubs.map(({ symbol }) => symbol)).toEqual(["kfree", "_printk"]);
    expect(second?.address.sub(first?.address ?? u64(0)).toNumber()).toBe(bytes);
    expect(wordsAt(kernel, first?.address ?? u64(0), 8).slice(2)).toEqual([
      "f8410028", // std r2,40(r1)
      "e98b0020", // ld r12,32(r11)
      "e84b0028", // ld r2,40(r11)
      "7d8903a6",
      "4e800420",
      "73747562",
    ]);
    const descriptor = kernel.text.exported("kfree") ?? u64(0);
    for (const at of [0, 8])
      expect(kernel.load(first?.address.add(32 + at) ?? u64(0), 8)).toEqual(
        kernel.load(descriptor.add(at), 8),
      );
    // Room for two targets, and one more that stays empty.
    const section = module.sections.find(({ name }) => name === ".stubs");
    expect(section?.size).toBe(3 * bytes);
    expect(wordsAt(kernel, text, 6).filter((_, i) => i % 2 === 1)).toEqual(Array(3).fill("e8410028")); // ld r2,40(r1)
  });

  it("a pc-relative caller's stub loads the address off itself, and nothing is reloaded", () => {
    const { kernel, module, text } = loadCalls({ endian: "le", abi: "elfv2", layout: "radix64k-6.12" }, [
      { symbol: "_printk", type: 116, next: 0x3860_0001 },
    ]);
    const address = module.stubs[0]?.address ?? u64(0);
    expect(wordsAt(kernel, address, 4)).toEqual(["04100000", "e5800020", "7d8903a6", "4e800420"]);
    expect(address.low & 7).toBe(0);
    expect(wordsAt(kernel, text, 2)[1]).toBe("38600001");
  });

  it("a branch that does not come back needs no nop; a call does", () => {
    const machine = { endian: "le", abi: "elfv2", layout: "hash64k-4.15" } as const;
    const { kernel, text } = loadCalls(machine, [{ symbol: "_printk", branch: B, next: 0x3860_0001 }]);
    expect(wordsAt(kernel, text, 2)[1]).toBe("38600001");
    expect(() => loadCalls(machine, [{ symbol: "_printk", next: 0x3860_0001 }])).toThrow(
      /Expected nop after call, got 38600001 at 0xd000000000000004/,
    );
  });

  it("a profiling call becomes a nop, as ftrace makes it", () => {
    const { kernel, text, module } = loadCalls({ endian: "le", abi: "elfv2", layout: "radix64k-6.12" }, [
      { symbol: "_mcount", next: 0x3860_0001 },
    ]);
    expect(wordsAt(kernel, text, 2)).toEqual(["60000000", "38600001"]);
    expect(module.stubs).toEqual([]);
  });
});
