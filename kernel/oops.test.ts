// Whatever a guest does, it ends in a value: an oops that says what happened, a return, or the end of its budget.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../cpu/isa/encode.ts";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kernel, type CallOutcome } from "./kernel.ts";
import { oopsJson, type Oops } from "./oops.ts";

const BLR = encode("bclr", { BO: 20 });
const RAM = 0x400_0000;

function load(kernel: Kernel, words: readonly number[]): U64 {
  const binary = kernel.bpfJitBinaryAlloc(4 * words.length);
  if (binary === undefined) throw new Error("no memory");
  words.forEach((word, i) => void kernel.store(binary.image.add(4 * i), 4, u64(word)));
  kernel.setMemoryRox(binary.header, binary.bytes);
  return binary.image;
}

function oopsOf(outcome: CallOutcome): Oops {
  if (outcome.kind !== "oops") throw new Error(`no oops but ${outcome.kind}`);
  return outcome.oops;
}

describe("an oops", () => {
  const kernel = new Kernel({ layout: "radix64k-6.12", ramBytes: RAM });
  const words = [
    encode("mfspr", { RT: 0, SPR: 8 }),
    encode("std", { RS: 0, DS: 16, RA0: 1 }),
    encode("stdu", { RS: 1, DS: -64, RA: 1 }),
    encode("addi", { RT: 9, RA0: 0, SI: 0x123 }),
    encode("stb", { RS: 3, D: 5, RA0: 3 }),
    BLR,
  ];
  const image = load(kernel, words);
  kernel.kallsyms.add({ name: "bpf_prog_1234_main", address: image, size: 4 * words.length, type: "t" });
  const oops = oopsOf(kernel.call(image, [u64(0x10)]));

  it("names the address, the symbol and the callers, and shows the code around", () => {
    const lines = oops.text.split("\n");
    expect(lines[0]).toBe("BUG: Kernel NULL pointer dereference on write at 0x00000015");
    expect(lines[1]).toBe(`Faulting instruction address: 0x${hex64(image.add(16)).slice(2)}`);
    expect(lines[2]).toBe("Oops: Kernel access of bad area, sig: 11 [#1]");
    expect(lines[3]).toBe("LE PAGE_SIZE=64K MMU=Radix SMP NR_CPUS=1 PowerNV");
    const place = "bpf_prog_1234_main+0x10/0x18";
    expect(oops.text).toContain(`\nNIP [${hex64(image.add(16)).slice(2)}] ${place}\n`);
    expect(oops.text).toContain(" TRAP: 0300 ");
    expect(oops.text).toContain("MSR:  9000000000009033 <SF,HV,EE,ME,IR,DR,RI,LE>");
    expect(oops.text).toContain("DAR: 0000000000000015 DSISR: 42000000");
    expect(oops.text).toMatch(/\nGPR08: [0-9a-f]{16} 0000000000000123 /);
    expect(oops.text).toMatch(/\n\[[0-9a-f]{16}\] \[[0-9a-f]{16}\] bpf_test_run\+0x18\/0x2c\n/);
    const dumped = oops.text.slice(oops.text.indexOf("Instruction dump:"));
    expect(dumped).toContain(
      `${hex64(u64(words[3] ?? 0)).slice(10)} <${hex64(u64(words[4] ?? 0)).slice(10)}> 4e800020`,
    );
  });
  it("is data for JSON", () => {
    const json = oopsJson(oops);
    expect(json).toMatchObject({
      trap: "0x300",
      nip: hex64(image.add(16)),
      symbol: "bpf_prog_1234_main",
      offset: 16,
      dar: "0x0000000000000015",
      dsisr: "0x42000000",
    });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
  it("4.15 says it in its own words", () => {
    const old = new Kernel({ ramBytes: RAM });
    const wild = load(old, [encode("lbz", { RT: 3, D: 0, RA0: 3 }), BLR]);
    const { message, text } = oopsOf(old.call(wild, [fromHalves(0xd000_0000, 0x1234_5678)]));
    expect(message).toBe("Unable to handle kernel paging request for data at address 0xd000000012345678");
    expect(text).toMatch(/\nCFAR: [0-9a-f]{16} DAR: d000000012345678 DSISR: 40000000 SOFTE: 1\n/);
  });
});

describe("what ends in which interrupt", () => {
  const kernel = new Kernel({ ramBytes: RAM });
  const trapOf = (words: readonly number[], args: readonly U64[] = []): number =>
    oopsOf(kernel.call(load(kernel, words), args)).trap;
  it("running into the trap fill is a program check with the trap bit", () => {
    const oops = oopsOf(kernel.call(load(kernel, [encode("ori", { RA: 0, RS: 0, UI: 0 })]), []));
    expect([oops.trap, oops.msr.low & 0x000f_0000]).toEqual([0x700, 0x0002_0000]);
    expect(oops.text).toContain("sig: 5");
  });
  it("sc, an illegal word, a stray attn, and a jump to 0", () => {
    expect(trapOf([encode("sc", {})])).toBe(0xc00);
    expect(trapOf([0])).toBe(0xe40);
    expect(trapOf([encode("attn", {})])).toBe(0x700);
    const jump = [encode("mtspr", { SPR: 9, RS: 3 }), encode("bcctr", { BO: 20 })];
    const oops = oopsOf(kernel.call(load(kernel, jump), [u64(0)]));
    expect([oops.trap, hex64(oops.nip)]).toEqual([0x400, hex64(u64(0))]);
    expect(oopsJson(oops)).toMatchObject({ dar: null, dsisr: null });
    expect(oopsOf(kernel.call(u64(0), [])).trap).toBe(0x400);
    // The two low-order bits of CTR do not count.
    expect(hex64(oopsOf(kernel.call(load(kernel, jump), [u64(-1)])).nip)).toBe(hex64(u64(-4)));
  });
  it("the kernel works on after each of them", () => {
    const fine = load(kernel, [encode("addi", { RT: 3, RA0: 3, SI: 1 }), BLR]);
    expect(kernel.call(fine, [u64(1)])).toEqual({ kind: "return", value: u64(2), instructions: 2 });
  });
  it("a guest that destroys SLB, MSR and LPCR ends, and the next one runs", () => {
    const fine = load(kernel, [encode("addi", { RT: 3, RA0: 3, SI: 1 }), BLR]);
    const destroyers = [
      [encode("slbie", { RB: 3 }), encode("slbia", {}), encode("lbz", { RT: 3, D: 0, RA0: 3 }), BLR],
      [encode("mtmsrd", { RS: 4 }), encode("lbz", { RT: 3, D: 0, RA0: 3 }), BLR],
      [encode("mtspr", { SPR: 318, RS: 4 }), encode("lbz", { RT: 3, D: 0, RA0: 4 }), BLR],
      [encode("mtspr", { SPR: 464, RS: 3 }), encode("lbz", { RT: 3, D: 0, RA0: 4 }), BLR],
      [encode("rfid", {})],
    ];
    for (const words of destroyers) {
      const outcome = kernel.call(load(kernel, words), [fromHalves(0xc000_0000, 0), u64(0)]);
      expect(["oops", "return", "max-insns"]).toContain(outcome.kind);
      expect(kernel.call(fine, [u64(1)])).toMatchObject({ kind: "return", value: u64(2) });
    }
  });
  it("a function of the kernel that faults is an oops inside it", () => {
    const pointer = kernel.addFunction({ symbol: "bpf_bad", call: ([a]) => new MemoryFault(a, "store", 8) });
    const oops = oopsOf(kernel.call(pointer, [u64(64)]));
    expect([oops.trap, oops.dsisr, hex64(oops.dar)]).toEqual([0x300, 0x4200_0000, hex64(u64(64))]);
    expect(oops.symbol?.name).toBe("bpf_bad");
  });
  it("an endless loop ends with its budget", () => {
    const loop = load(kernel, [encode("b", { LI: 0 })]);
    expect(kernel.call(loop, [], { maxInsns: 1000 })).toEqual({ kind: "max-insns", instructions: 1000 });
  });
  it("calls inside calls keep the outer one's registers", () => {
    const inner = load(kernel, [
      encode("addi", { RT: 3, RA0: 3, SI: 1 }),
      encode("addi", { RT: 14, RA0: 0, SI: 7 }),
      BLR,
    ]);
    const pointer = kernel.addFunction({
      symbol: "bpf_loop",
      call: ([a]) => {
        const outcome = kernel.call(inner, [a]);
        return outcome.kind === "return" ? outcome.value.mul(10) : u64(0);
      },
    });
    expect(kernel.call(pointer, [u64(4)])).toMatchObject({ kind: "return", value: u64(50) });
    expect(kernel.cpu.state.gpr(14)).toEqual(u64(0));
  });
});

describe("ELFv1", () => {
  it("calls through descriptors, both ways", () => {
    const kernel = new Kernel({ ramBytes: RAM, endian: "be" });
    expect(kernel.abi).toBe("elfv1");
    const pointer = kernel.addFunction({ symbol: "bpf_sum", call: ([a, b]) => a.add(b) });
    expect(kernel.call(pointer, [u64(2), u64(3)])).toMatchObject({ kind: "return", value: u64(5) });
    expect(kernel.kallsyms.lookup(kernel.text.localEntry(pointer))?.name).toBe(".bpf_sum");
    expect(oopsOf(kernel.call(u64(8), [])).trap).toBe(0x300);
  });
});

for (const layout of ["hash64k-4.15", "radix64k-6.12"]) {
  describe(`random instructions on ${layout}`, () => {
    it("memory that the guest has overwritten, page tables and all, is survived", () => {
      for (const fill of [0xff, 0x00, 0x80, 0xc0]) {
        const kernel = new Kernel({ layout, ramBytes: RAM });
        const image = load(kernel, [encode("lbz", { RT: 3, D: 0, RA0: 3 }), BLR]);
        const other = load(kernel, [BLR]);
        kernel.call(image, [other]);
        const linear = fromHalves(0xc000_0000, 0);
        kernel.write(linear.add(0x100_0000), new Uint8Array(RAM - 0x100_0000).fill(fill));
        for (const arg of [other, linear, u64(0)]) kernel.call(image, [arg], { maxInsns: 100 });
        kernel.moduleAlloc(0x2_0000);
        kernel.load(other, 8);
        kernel.setMemoryRw(kernel.vmalloc.find(other)?.address ?? other, 1);
        for (const area of kernel.vmalloc.areas) expect(kernel.vfree(area.address)).toBe(true);
        expect(kernel.pages.held("vmalloc")).toBe(0);
      }
    });
    it("never end in an error of ours", () => {
      const kernel = new Kernel({ layout, ramBytes: RAM });
      const edge = fc.constantFrom(
        0,
        1,
        0x1fff,
        0xc000_0000,
        0xd000_0000,
        0xc008_0000,
        0xf000_0000,
        0x8000_0000,
        0xffff_ffff,
      );
      const value = fc
        .tuple(edge, fc.oneof(edge, fc.nat(0xffff_ffff)))
        .map(([high, low]) => fromHalves(high, low));
      const word = fc.oneof(
        fc.nat(0xffff_ffff),
        // Loads, stores and branches with random operands.
        fc
          .tuple(fc.constantFrom(16, 18, 19, 31, 32, 34, 36, 38, 46, 47, 58, 62), fc.nat(0x3ff_ffff))
          .map(([op, rest]) => op * 2 ** 26 + rest),
        fc.constant(encode("mtspr", { SPR: 9, RS: 3 })),
        fc.constant(encode("or", { RA: 1, RS: 4, RB: 4 })),
        fc.constant(encode("or", { RA: 13, RS: 4, RB: 4 })),
      );
      fc.assert(
        fc.property(
          fc.array(word, { minLength: 1, maxLength: 12 }),
          fc.array(value, { maxLength: 8 }),
          (words, args) => {
            const image = load(kernel, words);
            const outcome = kernel.call(image, args, { maxInsns: 500 });
            expect(["oops", "return", "max-insns"]).toContain(outcome.kind);
            if (outcome.kind === "oops") expect(outcome.oops.text).toContain("Instruction dump:");
            kernel.vfree(kernel.vmalloc.find(image)?.address ?? image);
          },
        ),
        { numRuns: 400 },
      );
    });
  });
}
