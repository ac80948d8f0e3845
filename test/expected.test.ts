// The bundled examples over a real capture return what a real kernel returned, change what it changed, and leave its maps,
// whatever the layout, engine, byte order, ABI, call sequence, JITed or interpreted.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpfObject, Kernel } from "../index.ts";
import type { BpfLoadOptions, KernelOptions, Program } from "../index.ts";
import { capturedFrames, examplePath, examples } from "../scripts/examples.ts";
import type { Example, Expected } from "../scripts/examples.ts";
import { outcome } from "./example-outcome.ts";

const expected = JSON.parse(readFileSync(examplePath("expected.json"), "utf8")) as Expected;
const frames = capturedFrames();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

type Setting = KernelOptions & BpfLoadOptions & { readonly frames?: number };

/** Every dimension alone and the corners; the slow engines on fewer frames. */
const settings: Readonly<Record<string, Setting>> = {
  "hash, interpreter": { layout: "hash64k-4.15", engine: "interpreter" },
  "radix, interpreter": { layout: "radix64k-6.12", engine: "interpreter" },
  "hash, reference": { layout: "hash64k-4.15", engine: "reference", frames: 24 },
  "radix, reference": { layout: "radix64k-6.12", engine: "reference", frames: 24 },
  "hash, far calls": { layout: "hash64k-4.15", callSequence: "far" },
  "radix, near calls": { layout: "radix64k-6.12", callSequence: "near" },
  "hash, 4K pages, power8": { layout: "hash4k-6.12", cpu: "power8" },
  "radix, 4K pages, power10": { layout: "radix4k-4.15", cpu: "power10" },
  "hash, big-endian, ELFv1": { endian: "be" },
  "radix, big-endian, ELFv2, far calls": {
    layout: "radix64k-6.12",
    endian: "be",
    abi: "elfv2",
    callSequence: "far",
  },
  "hash, big-endian, reference": { endian: "be", engine: "reference", frames: 24 },
  "BPF interpreter": { jit: false },
  "BPF interpreter, big-endian": { jit: false, endian: "be" },
};

function load(example: Example, setting: Setting): Program {
  const { callSequence, jit, ...machine } = setting;
  const kernel = new Kernel({ ...machine, ramBytes: 64 * 1024 ** 2 });
  const object = readFileSync(examplePath(`${example.name}.e${machine.endian === "be" ? "b" : "l"}.o`));
  return kernel.bpf.load(BpfObject.parse(object), { callSequence, jit }).program(example.program);
}

/** Numbers of these widths in little-endian order, as the record has them. */
function littleEndian(bytes: Uint8Array, widths: readonly number[], endian: "le" | "be"): string {
  let at = 0;
  const numbers = widths.map((width) => bytes.slice(at, (at += width)));
  return numbers.map((number) => hex(endian === "be" ? number.reverse() : number)).join("");
}

describe.each(examples.map((example) => [example.name, example] as const))(
  "%s, as %s returned",
  (name, example) => {
    const record = expected.programs[name];

    it.each(Object.entries(settings))("%s", (_, setting) => {
      const program = load(example, setting);
      const some = frames.slice(0, setting.frames);
      const outcomes = some.map((frame) => outcome(program, frame));
      expect(outcomes).toEqual(record?.runs.slice(0, setting.frames));
      if (some.length < frames.length) return;
      const endian = setting.endian ?? "le";
      for (const [map, { key, value }] of Object.entries(example.maps)) {
        const found = program.maps.find(({ definition }) => definition.name === map);
        const items = (found?.entries() ?? []).map((item) => ({
          key: littleEndian(item.key, key, endian),
          value: littleEndian(item.value, value, endian),
        }));
        items.sort((a, b) => (a.key < b.key ? -1 : 1));
        expect({ map, items }).toEqual({ map, items: record?.maps[map] });
      }
    });
  },
);

it("the record is of every frame, and the programs' answers differ from frame to frame", () => {
  for (const { name } of examples) {
    const runs = expected.programs[name]?.runs ?? [];
    expect(runs).toHaveLength(frames.length);
    expect(new Set(runs.map((run) => run.retval)).size).toBeGreaterThan(2);
  }
});
