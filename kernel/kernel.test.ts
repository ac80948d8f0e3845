import { describe, expect, it } from "vitest";
import { encode } from "../cpu/isa/encode.ts";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { regionNamed } from "./layout/layout.ts";
import { Kernel, type CallOutcome, type KernelOptions } from "./kernel.ts";

const machines: readonly (KernelOptions & { readonly layout: string })[] = [
  { layout: "hash64k-4.15", cpu: "power9", engine: "reference" },
  { layout: "hash64k-4.15", cpu: "power9", engine: "interpreter" },
  { layout: "hash64k-4.15", cpu: "power8" },
  { layout: "hash64k-4.15", cpu: "power9", endian: "be" },
  { layout: "radix64k-6.12", cpu: "power9", engine: "reference" },
  { layout: "radix64k-6.12", cpu: "power9", engine: "interpreter" },
  { layout: "radix64k-6.12", cpu: "power10", endian: "be" },
  { layout: "hash4k-4.15" },
  { layout: "radix64k-4.15" },
  { layout: "radix4k-4.15" },
  { layout: "hash64k-6.12", cpu: "power8" },
  { layout: "hash4k-6.12" },
  { layout: "radix4k-6.12" },
];

/** Writes words into a locked image; its C pointer (no descriptor: the ABI of these tests is elfv2). */
function load(kernel: Kernel, words: readonly number[], lock = true): U64 {
  const binary = kernel.bpfJitBinaryAlloc(4 * words.length);
  if (binary === undefined) throw new Error("no memory");
  words.forEach((word, i) => {
    kernel.store(binary.image.add(4 * i), 4, u64(word));
  });
  if (lock) kernel.setMemoryRox(binary.header, binary.bytes);
  return binary.image;
}

const BLR = encode("bclr", { BO: 20 });

function oopsOf(outcome: CallOutcome): Extract<CallOutcome, { kind: "oops" }>["oops"] {
  if (outcome.kind !== "oops") throw new Error(`no oops but ${outcome.kind}`);
  return outcome.oops;
}

for (const options of machines) {
  const { layout, cpu = "power9", endian = "le", engine = "auto" } = options;
  describe(`a kernel with ${layout} on ${cpu} ${endian}, ${engine}`, () => {
    const kernel = new Kernel({ abi: "elfv2", ramBytes: 0x400_0000, ...options });
    it("runs a routine in the vmalloc range to its return", () => {
      const image = load(kernel, [encode("add", { RT: 3, RA: 3, RB: 4 }), BLR]);
      const outcome = kernel.call(image, [u64(40), u64(2)]);
      if (outcome.kind === "oops") throw new Error(outcome.oops.text);
      expect(outcome).toEqual({ kind: "return", value: u64(42), instructions: 2 });
      // And again, with SLB and hash table filled.
      expect(kernel.call(image, [u64(40), u64(2)])).toEqual(outcome);
      expect(() => kernel.call(image, Array<U64>(9).fill(u64(0)))).toThrow("9 arguments");
    });
    it("a store into locked text is a protection fault", () => {
      const image = load(kernel, [encode("stw", { RS: 3, D: 0, RA0: 3 }), BLR]);
      const oops = oopsOf(kernel.call(image, [image]));
      expect(oops.trap).toBe(0x300);
      expect(oops.dsisr).toBe(0x0a00_0000);
      expect(hex64(oops.dar)).toBe(hex64(image));
      expect(hex64(oops.nip)).toBe(hex64(image));
    });
    it("a jump into data that is not executable is an instruction storage interrupt", () => {
      const image = load(kernel, [BLR], false);
      const oops = oopsOf(kernel.call(image, []));
      expect(oops.trap).toBe(0x400);
      expect(oops.msr.low & 0x783f_0000).toBe(0x1000_0000);
      expect(hex64(oops.nip)).toBe(hex64(image));
    });
    it("the guard page behind an area is not mapped", () => {
      const image = load(kernel, [encode("lbz", { RT: 3, D: 0, RA0: 3 }), BLR]);
      const area = kernel.vmalloc.find(image);
      const guard = area?.address.add(area.bytes) ?? u64(0);
      const oops = oopsOf(kernel.call(image, [guard]));
      expect(oops.trap).toBe(0x300);
      expect(oops.dsisr).toBe(0x4000_0000);
      expect(hex64(oops.dar)).toBe(hex64(guard));
    });
    it("an access that runs over the end of an area faults on the guard page and stores nothing", () => {
      const image = load(kernel, [encode("std", { RS: 4, DS: 0, RA0: 3 }), BLR]);
      const area = kernel.moduleAlloc(1) ?? u64(0);
      const end = area.add(kernel.pages.pageBytes);
      const oops = oopsOf(kernel.call(image, [end.sub(4), u64(-1)]));
      expect([oops.trap, oops.dsisr]).toEqual([0x300, 0x4200_0000]);
      expect([hex64(end), hex64(end.sub(4))]).toContain(hex64(oops.dar));
      expect(kernel.load(end.sub(4), 4)).toEqual(u64(0));
    });
    it("code in the vmalloc range calls a kernel function through r12 and CTR and gets its value", () => {
      const pointer = kernel.addFunction({ symbol: "bpf_sum", call: ([a, b]) => a.add(b).add(1) });
      const words = [
        encode("mfspr", { RT: 0, SPR: 8 }),
        encode("std", { RS: 0, DS: 16, RA0: 1 }),
        encode("stdu", { RS: 1, DS: -32, RA: 1 }),
        encode("or", { RA: 12, RS: 5, RB: 5 }),
        encode("mtspr", { SPR: 9, RS: 12 }),
        encode("bcctr", { BO: 20, LK: 1 }),
        encode("addi", { RT: 1, RA0: 1, SI: 32 }),
        encode("ld", { RT: 0, DS: 16, RA0: 1 }),
        encode("mtspr", { SPR: 8, RS: 0 }),
        BLR,
      ];
      const image = load(kernel, words);
      const outcome = kernel.call(image, [u64(40), u64(1), pointer]);
      if (outcome.kind === "oops") throw new Error(outcome.oops.text);
      // The words above, and addis, addi, attn, blr of the function.
      expect(outcome).toEqual({ kind: "return", value: u64(42), instructions: words.length + 4 });
    });
    it("a load from address 0 is an oops with the address", () => {
      const image = load(kernel, [encode("ld", { RT: 3, DS: 8, RA0: 3 }), BLR]);
      const oops = oopsOf(kernel.call(image, [u64(0)]));
      expect([oops.trap, oops.dsisr, hex64(oops.dar)]).toEqual([0x300, 0x4000_0000, hex64(u64(8))]);
    });
    it("what has no page has none under the address of another region either", () => {
      // Regions start at multiples of a power of two: their first pages have the same place in tables of fewer bits.
      const image = load(kernel, [encode("ld", { RT: 3, DS: 0, RA0: 3 }), BLR]);
      for (const name of ["IO", "vmemmap"] as const) {
        // The struct page of a real address behind all RAM; the first one is there.
        const { start } = regionNamed(kernel.layout, name);
        const place = name === "IO" ? start : start.add(fromHalves(0, 0x4000_0000));
        const oops = oopsOf(kernel.call(image, [place]));
        expect([0x300, 0x380]).toContain(oops.trap);
        expect(hex64(oops.dar)).toBe(hex64(place));
      }
    });
    it("an address in no region is a segment interrupt", () => {
      const image = load(kernel, [encode("ld", { RT: 3, DS: 0, RA0: 3 }), BLR]);
      const wild = fromHalves(0x5a5a_5a5a, 0x5a5a_5a58);
      const oops = oopsOf(kernel.call(image, [wild]));
      expect([oops.trap, hex64(oops.dar)]).toEqual([0x380, hex64(wild)]);
    });
  });
}
