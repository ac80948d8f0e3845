// Every layout × every strategy for images: the bundled examples return what a real kernel returned, or the kernel says why not.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpfObject, ImageAllocError, imageAllocStrategies, Kernel, layouts } from "../index.ts";
import type { KernelOptions } from "../index.ts";
import { capturedFrames, examplePath, examples } from "../scripts/examples.ts";
import type { Expected } from "../scripts/examples.ts";
import { outcome } from "./example-outcome.ts";

const expected = JSON.parse(readFileSync(examplePath("expected.json"), "utf8")) as Expected;
/** Enough that every example returns several values. */
const FRAMES = 24;
const frames = capturedFrames().slice(0, FRAMES);
const MIB = 2 ** 20;

function loadAndRun(kernel: Kernel): void {
  for (const example of examples) {
    const file = examplePath(`${example.name}.e${kernel.endian === "be" ? "b" : "l"}.o`);
    const program = kernel.bpf.load(BpfObject.parse(readFileSync(file))).program(example.program);
    const outcomes = frames.map((frame) => outcome(program, frame));
    expect(outcomes).toEqual(expected.programs[example.name]?.runs.slice(0, FRAMES));
    program.free();
  }
}

const RAM = 128 * MIB;
const GAP: KernelOptions = {
  ramMap: [
    { start: 0, end: 96 * MIB, node: 0 },
    { start: 128 * MIB, end: 160 * MIB, node: 0 },
  ],
};

/** Every strategy, some with an argument or a RAM map of their own too. */
const settings: readonly (readonly [strategy: string, options: KernelOptions])[] = [
  ...imageAllocStrategies.map(({ name }) => [name, name === "linear-gap" ? GAP : { ramBytes: RAM }] as const),
  // A segment of its own, where hash has small pages too.
  ["linear-end:0xc000010000000000", { ramBytes: RAM }],
  ["linear-hole:32M", { ramBytes: RAM }],
  ["prog-pack", GAP],
];

/** The strategy's text, with an argument for the layout where it needs one. */
function textFor(strategy: string, layout: string): string {
  const { needsArgument, defaultArgument } =
    imageAllocStrategies.find((each) => strategy === each.name) ?? {};
  return needsArgument === true ? `${strategy}:${defaultArgument?.(new Kernel({ layout })) ?? ""}` : strategy;
}

describe.each(layouts.map((layout) => layout.name))("on %s", (layout) => {
  it.each(settings)("%s: the examples run, and everything is given back", (strategy, options) => {
    for (const endian of ["le", "be"] as const) {
      const kernel = new Kernel({ layout, imageAlloc: textFor(strategy, layout), endian, ...options });
      const before = kernel.imageAlloc.usage;
      loadAndRun(kernel);
      expect(kernel.imageAlloc.usage).toEqual(before);
      expect(kernel.jitLimit.current).toBe(0);
    }
  });
});

/** What no layout can have, each with the reason that it gives. */
const refusals: readonly (readonly [strategy: string, options: KernelOptions, errno: string, why: RegExp])[] =
  [
    ["linear-gap", { ramBytes: RAM }, "ENXIO", /the RAM map 0-128M has no gap/],
    // 64M: the hole, a block of 16M for images on hash, the hash or process table at the end.
    ["linear-hole:32M", { ramBytes: 64 * MIB }, "EBUSY", /not all of 33554432 bytes of RAM .* are free/],
    ["linear-end:0xc000000004000000", { ramBytes: RAM }, "EINVAL", /is not behind RAM in the linear region/],
    ["linear-end:0xd000000000000000", { ramBytes: RAM }, "EINVAL", /is not behind RAM in the linear region/],
    ["linear-end:0xc000010000000004", { ramBytes: RAM }, "EINVAL", /is not aligned to \d+ bytes/],
    ["vmalloc_range:0xc000000010000000-0xc000000020000000", { ramBytes: RAM }, "EINVAL", /is not inside/],
  ];

describe.each(layouts.map((layout) => layout.name))("%s cannot have", (layout) => {
  it.each(refusals)("%s", (imageAlloc, options, errno, why) => {
    const boot = (): Kernel => new Kernel({ layout, imageAlloc, ...options });
    expect(boot).toThrow(ImageAllocError);
    expect(boot).toThrow(why);
    expect(boot).toThrow(expect.objectContaining({ errno }) as Error);
  });
});
