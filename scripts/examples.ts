// What the bundled examples are: sources, objects, programs and the shapes of their maps. Nothing is run here.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Example {
  /** File name without suffix of the source in examples/ and, with `.el.o` or `.eb.o`, of its objects. */
  readonly name: string;
  /** The program's function in the object. */
  readonly program: string;
  /** `-mcpu` for clang. */
  readonly mcpu: "v1" | "v2" | "v3";
  /** Name of each map in the object, and the widths in bytes of the numbers in its keys and values (1: plain bytes). */
  readonly maps: Readonly<
    Record<string, { readonly key: readonly number[]; readonly value: readonly number[] }>
  >;
}

const u32s = (count: number): readonly number[] => Array.from({ length: count }, () => 4);

export const examples: readonly Example[] = [
  {
    name: "xdp_parse",
    program: "xdp_parse",
    mcpu: "v3",
    maps: {
      verdicts: { key: [4], value: [8, 8] },
      flows: { key: [2, 2, 1, 1, 2], value: [8] },
    },
  },
  { name: "calls", program: "calls", mcpu: "v2", maps: {} },
  {
    name: "counters",
    program: "counters",
    mcpu: "v3",
    maps: {
      lengths: { key: [4], value: [8] },
      ".bss": { key: [4], value: [8, 4] },
      ".data": { key: [4], value: [8, ...u32s(4)] },
      ".rodata": { key: [4], value: u32s(9) },
    },
  },
];

/** Those that call functions of a kernel module, with its source in examples/modules/: no other kernel runs them. */
export const kfuncExamples: readonly (Pick<Example, "name" | "program" | "mcpu"> & {
  readonly module: string;
})[] = [{ name: "kfunc", program: "kfunc", mcpu: "v2", module: "ledger" }];

export const ENDIANS = ["el", "eb"] as const;

export function examplePath(file: string): string {
  return fileURLToPath(new URL(`../examples/${file}`, import.meta.url));
}

/** The frames of examples/frames.pcap, in order (a little-endian capture file with microseconds). */
export function capturedFrames(): readonly Uint8Array[] {
  const file = readFileSync(examplePath("frames.pcap"));
  if (file.readUInt32LE(0) !== 0xa1b2_c3d4) throw new Error("frames.pcap is no little-endian capture file");
  const frames: Uint8Array[] = [];
  for (let at = 24; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    frames.push(new Uint8Array(file.subarray(at + 16, at + 16 + length)));
    at += 16 + length;
  }
  return frames;
}

/** examples/expected.json: what a real kernel answered (scripts/record-expected.ts). */
export interface Expected {
  /** `uname -r` and architecture of the kernel that answered. */
  readonly kernel: string;
  readonly programs: Readonly<Record<string, ExpectedProgram>>;
}
export interface ExpectedProgram {
  /** One for each captured frame, in order, on one loaded program. */
  readonly runs: readonly ExpectedRun[];
  /** After the last frame; little-endian hex, items sorted by key. */
  readonly maps: Readonly<Record<string, readonly { readonly key: string; readonly value: string }[]>>;
}
export interface ExpectedRun {
  readonly retval: number;
  /** The bytes that differ from the frame, as offset in bytes and hex; absent where none does. */
  readonly changed?: readonly [number, string];
}
