// Distances of our layouts against layouts.md's figures, and of other machines' against what their headers' addresses give.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64 } from "../../word/long.ts";
import { architectures } from "./arch/table.ts";
import { bitsOf, needsMoreThanImm, placesOf, reached, reachedBetween, type Places } from "./reach.ts";
import { layouts } from "./table.ts";

const at = (text: number, start: number, end: number): Places => ({
  text: { lowest: fromHalves(4, text), highest: fromHalves(4, text) },
  images: { start: fromHalves(4, start), end: fromHalves(4, end) },
});

describe("reach", () => {
  it("of the eight layouts: 61 or 62 bits on 4.15's hash, 47 on today's with 4K pages, else 52 or 53", () => {
    expect(layouts.map((layout) => [layout.name, bitsOf(placesOf(layout))])).toEqual([
      ["hash64k-4.15", { fewest: 61, most: 62 }],
      ["hash4k-4.15", { fewest: 61, most: 62 }],
      ["radix64k-4.15", { fewest: 52, most: 53 }],
      ["radix4k-4.15", { fewest: 52, most: 53 }],
      ["hash64k-6.12", { fewest: 52, most: 53 }],
      ["hash4k-6.12", { fewest: 47, most: 47 }],
      ["radix64k-6.12", { fewest: 52, most: 53 }],
      ["radix4k-6.12", { fewest: 52, most: 53 }],
    ]);
  });
  it("off and imm together hold it with today's hash MMU and 4K pages only; imm alone nowhere", () => {
    for (const layout of layouts) {
      const places = placesOf(layout);
      expect([layout.name, reached(places, 32), reached(places, 48)]).toEqual([
        layout.name,
        "none",
        layout.name === "hash4k-6.12" ? "all" : "none",
      ]);
    }
  });
  it("ends at the last byte of a signed number, either way", () => {
    const text = 0x8000_0000;
    expect(reached(at(text, text - 0x80, text + 0x80), 8)).toBe("all");
    expect(reached(at(text, text - 0x81, text + 0x80), 8)).toBe("some");
    expect(reached(at(text, text - 0x80, text + 0x81), 8)).toBe("some");
    expect(reached(at(text, text + 0x80, text + 0x90), 8)).toBe("none");
    expect(reached(at(text, text + 0x7f, text + 0x90), 8)).toBe("some");
    expect(reached(at(text, text - 0x90, text - 0x80), 8)).toBe("none");
    expect(bitsOf(at(text, text - 0x80, text + 0x80))).toEqual({ fewest: 1, most: 8 });
    expect(reachedBetween(at(text, 0, 0x80), 8)).toBe("all");
    expect(reachedBetween(at(text, 0, 0x81), 8)).toBe("some");
  });
});

describe("other machines", () => {
  const table = (name: string): readonly unknown[] =>
    architectures
      .filter((architecture) => architecture.name === name)
      .flatMap(({ call, layouts: all }) =>
        all.map(({ linux, places }) => [
          linux,
          hex64(places.images.start),
          hex64(places.images.end),
          bitsOf(places).most,
          reached(places, 32),
          reached(places, call.bits),
          needsMoreThanImm(places),
        ]),
      );
  it("s390x of 2018 had the same need: its modules were 4T or 8P from text; today text is 1M too far for imm", () => {
    expect(table("s390x")).toEqual([
      ["4.15", "0x000003ff80000000", "0x0000040000000000", 43, "none", "none", true],
      ["4.15", "0x001fffff80000000", "0x0020000000000000", 54, "none", "none", true],
      ["6.12", "0x000003ff60000000", "0x000003ffe0000000", 33, "some", "all", true],
    ]);
  });
  it("x86_64 has not: everything is in the highest 2G", () => {
    expect(table("x86_64").map((row) => (row as unknown[]).slice(3))).toEqual([
      [32, "all", "all", false],
      [32, "all", "all", false],
      [32, "all", "all", false],
      [32, "all", "all", false],
    ]);
  });
  it("arm64 had not without KASLR, and has it since images are in vmalloc", () => {
    expect(table("arm64")).toEqual([
      ["4.15", "0xffff000000000000", "0xffff000008000000", 29, "all", "some", false],
      ["4.15", "0xffff1fff08080000", "0xffff200108080000", 33, "some", "some", true],
      ["6.12", "0xffff800080000000", "0xfffffdffbf800000", 48, "some", "some", true],
      ["6.12", "0xffff800080000000", "0xfffffdffbf800000", 48, "some", "some", true],
    ]);
  });
  it("ppc64 has it in every layout", () => {
    expect(table("ppc64").map((row) => (row as unknown[])[6])).toEqual(layouts.map(() => true));
  });
  it("every figure has a source", () => {
    for (const { layouts: all } of architectures)
      for (const { sources } of all)
        for (const source of sources) expect(source).toMatch(/^[\w/.-]+(, [\w.-]+)* /);
  });
});
