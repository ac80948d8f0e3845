// Space for images as a machine in use has it. Seen on Linux 6.1 ppc64el, 64K pages: 300 programs of 3 subprograms, 889 of 900
// calls within 32 MiB; 1200 images spread over 386 MB. The model must come out in the same order of magnitude.
import { describe, expect, it } from "vitest";
import { Kernel } from "../../kernel/kernel.ts";
import { u64 } from "../../word/long.ts";
import { placedCalls } from "./calls.ts";
import { loadOthers, SUBPROGRAMS } from "./others.ts";
import { blReaches } from "./reach.ts";

describe("300 other programs on hash64k-6.12", () => {
  const kernel = new Kernel({ layout: "hash64k-6.12" });
  const empty = kernel.imageAlloc.usage;
  const programs = loadOthers(kernel, 300, 0);

  it("each small one calls its three subprograms once, and returns", () => {
    for (const program of programs) expect(placedCalls(program)).toHaveLength(SUBPROGRAMS);
    const [program] = programs;
    expect(program?.run([u64(0)])).toMatchObject({ kind: "return" });
  });
  it("nearly all calls are in reach of bl, but not all", () => {
    const calls = programs.flatMap(placedCalls);
    const share = calls.filter(({ from, to }) => blReaches(from, to)).length / calls.length;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1);
  });
  it("the images are spread over hundreds of megabytes", () => {
    const images = programs.flatMap((program) => program.images.map(({ image }) => image));
    const sorted = images.sort((a, b) => a.comp(b));
    const spread = (sorted.at(-1) ?? u64(0)).sub(sorted[0] ?? u64(0)).toNumber();
    expect(spread / 2 ** 20).toBeGreaterThan(100);
    expect(spread / 2 ** 20).toBeLessThan(1000);
  });
  it("the same seed gives the same programs in the same places", () => {
    const again = loadOthers(new Kernel({ layout: "hash64k-6.12" }), 300, 0);
    const places = (all: typeof programs): readonly string[] =>
      all.flatMap((program) => program.images.map(({ image }) => image.toString(16)));
    expect(places(again)).toEqual(places(programs));
  });
  it("holds a page and a guard for each function of each program, at least", () => {
    const { ramBytes, vaBytes } = kernel.imageAlloc.usage;
    const images = programs.length * (SUBPROGRAMS + 1);
    expect(ramBytes - empty.ramBytes).toBeGreaterThan(images * 0x1_0000);
    expect(vaBytes - empty.vaBytes).toBeGreaterThan(images * 0x2_0000);
  });
});
