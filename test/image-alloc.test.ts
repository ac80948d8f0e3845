// Every layout × every strategy for images: the bundled examples return what a real kernel returned, or the kernel says why not.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpfObject, imageAllocStrategies, Kernel, layouts } from "../index.ts";
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

/** Every strategy, some with an argument too. */
const strategies: readonly string[] = [
  ...imageAllocStrategies.map(({ name, defaultArgument }) =>
    defaultArgument === undefined ? name : `${name}:default`,
  ),
  // A segment of its own, where hash has small pages too.
  "linear-end:0xc000010000000000",
];

/** The strategy's text, with an argument for the layout where it needs one. */
function textFor(strategy: string, layout: string): string {
  if (!strategy.endsWith(":default")) return strategy;
  const { name, defaultArgument } =
    imageAllocStrategies.find((each) => strategy === `${each.name}:default`) ?? {};
  return `${name ?? ""}:${defaultArgument?.(new Kernel({ layout })) ?? ""}`;
}

describe.each(layouts.map((layout) => layout.name))("on %s", (layout) => {
  it.each(strategies)("%s: the examples run, and everything is given back", (strategy) => {
    for (const endian of ["le", "be"] as const) {
      const imageAlloc = textFor(strategy, layout);
      const kernel = new Kernel({ layout, imageAlloc, endian, ramBytes: 128 * MIB });
      const before = kernel.imageAlloc.usage;
      loadAndRun(kernel);
      expect(kernel.imageAlloc.usage).toEqual(before);
    }
  });
});
