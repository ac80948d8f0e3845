// Space for images as a machine in use has it. Seen on Linux 6.1 ppc64el, 64K pages: 300 programs of 3 subprograms, 889 of 900
// calls within 32 MiB; 1200 images spread over 386 MB; of large programs' calls among others from 4 of 150 to 85 of 100 near.
// The model must come out in the same order of magnitude.
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../../bpf/assemble.ts";
import { Kernel } from "../../kernel/kernel.ts";
import type { Program } from "../../kernel/program.ts";
import { u64 } from "../../word/long.ts";
import { placedCalls } from "./calls.ts";
import { loadOthers, SUBPROGRAMS } from "./others.ts";
import { blReaches } from "./reach.ts";

/** How many calls are in reach of bl, and how many there are. */
function nearCalls(programs: readonly Program[]): readonly [number, number] {
  const calls = programs.flatMap(placedCalls);
  return [calls.filter(({ from, to }) => blReaches(from, to)).length, calls.length];
}

describe("300 other programs on hash64k-6.12", () => {
  const kernel = new Kernel({ layout: "hash64k-6.12", ramBytes: 512 * 2 ** 20 });
  const empty = kernel.imageAlloc.usage;
  const programs = loadOthers(kernel, 300, 0);

  it("each small one calls its three subprograms once, and returns", () => {
    for (const program of programs) expect(placedCalls(program)).toHaveLength(SUBPROGRAMS);
    const [program] = programs;
    expect(program?.run([u64(0)])).toMatchObject({ kind: "return" });
  });
  it("nearly all calls are in reach of bl", () => {
    const [near, calls] = nearCalls(programs);
    expect(near / calls).toBeGreaterThan(0.95);
  });
  it("the images are spread over some hundred megabytes", () => {
    const images = programs.flatMap((program) => program.images.map(({ image }) => image));
    const sorted = images.sort((a, b) => a.comp(b));
    const spread = (sorted.at(-1) ?? u64(0)).sub(sorted[0] ?? u64(0)).toNumber();
    expect(spread / 2 ** 20).toBeGreaterThan(200);
    expect(spread / 2 ** 20).toBeLessThan(800);
  });
  it("a program of 250 functions lies in holes and behind all: less than half of its calls are in reach", () => {
    const names = Array.from({ length: 250 }, (_, i) => `sub${i}`);
    const text = ["main: r0 = 0", ...names.map((name) => `call ${name}`), "exit"];
    const bodies = names.map((name) => `${name}: r0 = 0\nexit`);
    const linked = assembleProgram([...text, ...bodies].join("\n"), { type: "socket_filter", endian: "le" });
    const program = kernel.bpf.loadProgram(linked, { verify: false });
    const [near, calls] = nearCalls([program]);
    expect(calls).toBe(250);
    expect(near).toBeGreaterThan(4);
    expect(near).toBeLessThan(125);
    program.free();
  });
  it("the same seed gives the same programs in the same places", () => {
    const again = loadOthers(new Kernel({ layout: "hash64k-6.12", ramBytes: 512 * 2 ** 20 }), 300, 0);
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
