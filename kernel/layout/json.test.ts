// Layouts as JSON: there and back, what an edited one gives, and every way of being impossible in one line that names the member.
import { describe, expect, it } from "vitest";
import { encode } from "../../cpu/isa/encode.ts";
import { hex64, u64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { layoutDocument, parseLayout, type LayoutDocument, type RegionDocument } from "./json.ts";
import { layoutNamed, layouts } from "./table.ts";

type Edit = Partial<Record<keyof LayoutDocument, unknown>>;

function document(name: string): LayoutDocument {
  const layout = layoutNamed(name);
  if (layout === undefined) throw new Error(name);
  return layoutDocument(layout);
}

/** The document of a layout with other members; a region's by its name. */
function edited(
  name: string,
  edit: Edit,
  regions: Readonly<Record<string, Partial<Record<keyof RegionDocument, unknown>>>> = {},
): string {
  const original = document(name);
  const changed = original.regions.map((region) => ({ ...region, ...regions[region.name] }));
  return JSON.stringify({ ...original, regions: changed, ...edit });
}

function problem(text: string): string {
  try {
    parseLayout(text);
  } catch (error) {
    const { name, message } = error as Error;
    expect(name).toBe("KernelUsageError");
    expect(message).not.toContain("\n");
    return message;
  }
  return "";
}

describe("a layout as JSON", () => {
  it("there and back gives each built-in layout again", () => {
    for (const layout of layouts) expect(parseLayout(JSON.stringify(layoutDocument(layout)))).toEqual(layout);
  });
  it("what the command line adds to a document is no hindrance", () => {
    const { regions, ...rest } = document("hash64k-4.15");
    const printed = { ...rest, regions: regions.map((r) => ({ ...r, size: "1T" })), reach: {}, contents: [] };
    expect(parseLayout(JSON.stringify(printed)).name).toBe("hash64k-4.15");
  });
  it("vmalloc moved on hash and on radix: images are there, and code runs in them", () => {
    const moved = parseLayout(
      edited("hash64k-4.15", { name: "moved" }, { vmalloc: { start: "0xd000_1000_0000_0000" } }),
    );
    const near = parseLayout(
      edited(
        "radix64k-6.12",
        { name: "near" },
        {
          "linear map": { end: "0xc000000040000000" },
          vmalloc: { start: "0xc000000040000000", end: "0xc000000080000000" },
        },
      ),
    );
    for (const [layout, address] of [
      [moved, "0xd000100000000000"],
      [near, "0xc000000040000000"],
    ] as const) {
      const kernel = new Kernel({ layout, ramBytes: 0x400_0000 });
      const image = kernel.moduleAlloc(1);
      if (image === undefined) throw new Error("no memory");
      expect(hex64(image)).toBe(address);
      const words = [encode("addi", { RT: 3, RA0: 0, SI: 42 }), encode("bclr", { BO: 20 })];
      expect(kernel.write(image, new Uint8Array(new Uint32Array(words).buffer))).toBeUndefined();
      expect(kernel.setMemoryRox(image, 1)).toBe(true);
      expect(kernel.call(image, [])).toMatchObject({ kind: "return", value: u64(42) });
    }
  });
  it("regions may stand in any order, and notes may be left out", () => {
    const { regions, ...rest } = document("radix4k-4.15");
    const bare = [...regions].reverse().map(({ name, start, end }) => ({ name, start, end }));
    const layout = parseLayout(JSON.stringify({ ...rest, regions: bare }));
    expect(layout.regions.map((region) => region.name)).toEqual(["linear map", "vmalloc", "vmemmap", "IO"]);
  });
});

describe("a document that is no layout", () => {
  it("is said in one line that names the member", () => {
    const nameless = { ...document("hash64k-4.15"), name: undefined };
    expect([
      problem("{"),
      problem("[]"),
      problem("null"),
      problem(JSON.stringify(nameless)),
      problem(edited("hash64k-4.15", { name: "a b" })),
      problem(edited("hash64k-4.15", { linux: "5.4" })),
      problem(edited("hash64k-4.15", { mmu: "book3e" })),
      problem(edited("hash64k-4.15", { page_size: 16384 })),
      problem(edited("hash64k-4.15", { context_bits: "49" })),
      problem(edited("hash64k-4.15", { index_bits: { pte: 8, pmd: 10, pud: 7 } })),
      problem(edited("hash64k-4.15", { regions: {} })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { name: "modules" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { start: 0xd000 } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { start: "0x1_0000_0000_0000_0000" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { context: 1.5 } })),
      problem(edited("radix64k-6.12", {}, { vmalloc: { context: 5 } })),
      problem(edited("radix64k-6.12", { context_bits: 49 })),
    ]).toEqual([
      expect.stringMatching(/^not JSON: /),
      "a layout: [] is not an object",
      "a layout: null is not an object",
      "name is missing: a string",
      'name: "a b" is not 1 to 64 letters, digits or any of _ . + -',
      'linux: "5.4" is not "4.15" or "6.12"',
      'mmu: "book3e" is not "hash" or "radix"',
      "page_size: 16384 is not 4096 or 65536",
      'context_bits: "49" is not a whole number',
      "index_bits pgd is missing: a whole number",
      "regions: {} is not a list",
      'regions[1] name: "modules" is not "linear map" or "vmalloc" or "IO" or "vmemmap"',
      'region vmalloc: start: 53248 is not a 64-bit address as in "0xd000000000000000"',
      'region vmalloc: start: "0x1_0000_0000_0000_0000" is not a 64-bit address as in "0xd000000000000000"',
      "region vmalloc: context: 1.5 is not a whole number",
      'regions[1]: no member "context" (there are: name, start, end, size, note)',
      expect.stringMatching(/^a layout: no member "context_bits" \(there are: name, linux/),
    ]);
  });
});

describe("a layout that no kernel can have", () => {
  it("regions that lack, overlap, are nowhere or too small", () => {
    const { regions } = document("hash64k-4.15");
    expect([
      problem(edited("hash64k-4.15", { regions: regions.slice(1) })),
      problem(edited("hash64k-4.15", { regions: [...regions, regions[1]] })),
      problem(edited("hash64k-4.15", {}, { "linear map": { start: "0xc000000001000000" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { start: "0xb000000000000000" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { end: "0xd000000000000000" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { start: "0xd000000000001000" } })),
      problem(edited("hash64k-4.15", {}, { IO: { start: "0xd000370000000000" } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { end: "0xd000000000010000" } })),
      problem(edited("hash64k-4.15", {}, { "linear map": { end: "0xc000000002000000" } })),
    ]).toEqual([
      "regions: there is no linear map",
      "regions: there are 2 of vmalloc",
      "region linear map: start 0xc000000001000000 has to be 0xc000000000000000, where the kernel is",
      "region vmalloc: start 0xb000000000000000 is below 0xc000000000000000, no kernel address",
      "region vmalloc: end 0xd000000000000000 is not above start 0xd000000000000000",
      "region vmalloc: start 0xd000000000001000 is no multiple of page_size 64K",
      "region IO: start 0xd000370000000000 is inside vmalloc, which ends at 0xd000380000000000",
      "region vmalloc: 64K from start to end; it needs 16M",
      "region linear map: 32M from start to end; it needs 64M",
    ]);
  });
  it("what the page tables do not reach", () => {
    expect([
      problem(edited("radix64k-6.12", {}, { vmemmap: { end: "0xc011000000000000" } })),
      problem(edited("radix64k-6.12", { index_bits: { pte: 9, pmd: 9, pud: 9, pgd: 13 } })),
      problem(edited("hash64k-4.15", { index_bits: { pte: 8, pmd: 8, pud: 5, pgd: 8 } })),
      problem(edited("hash64k-4.15", { index_bits: { pte: 8, pmd: 10, pud: 7, pgd: 14 } })),
      problem(edited("hash64k-4.15", { index_bits: { pte: 8, pmd: 4, pud: 13, pgd: 8 } })),
      problem(edited("hash64k-4.15", { index_bits: { pte: 12, pmd: 12, pud: 12, pgd: 12 } })),
      problem(
        edited(
          "hash4k-4.15",
          {},
          {
            vmalloc: { start: "0xd000000000000000", end: "0xd000200000000000" },
            IO: { start: "0xd000400000000000", end: "0xd000500000000000" },
          },
        ),
      ),
    ]).toEqual([
      "region vmemmap: end 0xc011000000000000 is outside what the radix tree reaches, up to 0xc010000000000000",
      "index_bits: the radix MMU walks 13, 9, 9, 5 (pgd, pud, pmd, pte) with page_size 64K, not 13, 9, 9, 9",
      "region vmalloc: 0xd000000000000000 to 0xd000380000000000 goes beyond what page tables of 45 bits reach (index_bits), 32T",
      "index_bits: pgd 14 is no whole number from 5 to 13",
      "index_bits: pmd 4 is no whole number from 5 to 13",
      "index_bits: 12, 12, 12, 12 and page_size 64K are 64 bits of an address; 60 at most",
      "region IO: page tables of 46 bits (index_bits) have it at the place of vmalloc",
    ]);
  });
  it("what the contexts of the hash MMU do not reach", () => {
    expect([
      problem(edited("hash64k-4.15", { context_bits: 50 })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { context: 0 } })),
      problem(edited("hash64k-4.15", {}, { vmalloc: { context: 5 } })),
      problem(edited("hash64k-6.12", {}, { vmalloc: { context: 8 } })),
      problem(edited("hash64k-4.15", {}, { "linear map": { end: "0xc00a000000000000" } })),
      problem(edited("hash64k-6.12", {}, { vmalloc: { context: 4 } })),
      problem(edited("hash64k-6.12", {}, { vmemmap: { end: "0xc00f000000000000" } })),
      problem(
        edited(
          "hash64k-6.12",
          {},
          { vmalloc: { start: "0xc007800000000000" }, "linear map": { end: "0xc007800000000000" } },
        ),
      ),
      problem(
        edited(
          "hash64k-4.15",
          {},
          {
            "linear map": { end: "0xc000000080000000" },
            vmalloc: { start: "0xc000000080000000", end: "0xc000000100000000" },
          },
        ),
      ),
      problem(
        edited(
          "hash64k-4.15",
          {},
          { vmalloc: { end: "0xd000378000000000" }, IO: { start: "0xd000378000000000", context: 3 } },
        ),
      ),
    ]).toEqual([
      "context_bits: 50 is no whole number from 40 to 49",
      "region vmalloc: context 0 is not from 1 to 4, which are the kernel's in Linux 4.15",
      "region vmalloc: context 5 is not from 1 to 4, which are the kernel's in Linux 4.15",
      "region vmalloc: context 8 is not from 1 to 7, which are the kernel's in Linux 6.12",
      "region linear map: 2560T take the contexts 1 to 5; the kernel's end at 4",
      "region vmalloc: context 4 has the same segments of linear map; one of them needs another context",
      "region vmemmap: 768T from 0xc00c000000000000 on are more than one context covers, 512T",
      "region vmalloc: 640T from 0xc007800000000000 on are more than one context covers, 512T",
      "region vmalloc at 0xc000000080000000 is in a segment (1T) together with linear map, whose base pages are larger",
      "region IO at 0xd000378000000000 is in a segment (1T) together with vmalloc, which has context 2, not 3",
    ]);
  });
  it("RAM that has no room in it", () => {
    const small = parseLayout(edited("radix64k-6.12", {}, { "linear map": { end: "0xc000000004000000" } }));
    expect(() => new Kernel({ layout: small })).toThrow(
      "layout radix64k-6.12: region linear map: 64M cannot hold RAM up to 256M",
    );
    const tiny = parseLayout(edited("radix4k-6.12", {}, { vmemmap: { end: "0xc00c000000100000" } }));
    expect(() => new Kernel({ layout: tiny })).toThrow(
      "layout radix4k-6.12: region vmemmap: 1M cannot hold 4M of struct page, for RAM up to 256M",
    );
  });
});
