// The public bpf_conformance suite under every call and helper sequence, and under all pairs of these with layout, processor, byte
// order, ABI and place of images: each program gives what the suite says, or is refused for the calls that it has. In one process.
// FARCALL_CONFORMANCE names the tests/ directory of a clone (https://github.com/Alan-Jowett/bpf_conformance); with FARCALL_NIGHTLY=1.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rawProgram } from "../bpf/raw.ts";
import { BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL } from "../bpf/opcodes.ts";
import { JitError, Kernel, type LinkedProgram } from "../index.ts";
import { readDataFile } from "../scripts/conformance/data-file.ts";
import { hex64 } from "../word/long.ts";
import {
  allCells,
  AXES,
  byMachine,
  coveringPairs,
  machineOptions,
  reasons,
  type Cell,
} from "./call-matrix.ts";

const directory = process.env["FARCALL_CONFORMANCE"] ?? "";
const isNightly = process.env["FARCALL_NIGHTLY"] === "1";
const found = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".data")) : [];
if (isNightly && found.length === 0)
  console.log("skipped: FARCALL_CONFORMANCE names no tests/ directory of a clone of bpf_conformance");

interface Test {
  readonly name: string;
  readonly linked: Readonly<Record<"le" | "be", LinkedProgram>>;
  readonly memory: Uint8Array;
  /** r0 on a little-endian machine, for which the suite is written. */
  readonly result: string;
  readonly kinds: ReadonlySet<"bpf" | "helper">;
}

/** A call by register is of none of the suite's default groups. */
const tests = found
  .filter((name) => name !== "callx.data")
  .map((name): Test => {
    const { insns, memory, expected } = readDataFile(readFileSync(join(directory, name), "utf8"));
    const link = (endian: "le" | "be"): LinkedProgram =>
      rawProgram(insns, { name: "main", type: "xdp", endian });
    const calls = insns.filter(({ code }) => code === (BPF_JMP | BPF_CALL));
    return {
      name,
      linked: { le: link("le"), be: link("be") },
      memory,
      result: expected.kind === "result" ? hex64(expected.value) : expected.text,
      kinds: new Set(calls.map(({ src }) => (src === BPF_PSEUDO_CALL ? "bpf" : "helper"))),
    };
  });

/** r0, or how it ended instead. */
function run(kernel: Kernel, test: Test, options: Parameters<Kernel["bpf"]["loadProgram"]>[1]): string {
  const program = kernel.bpf.loadProgram(test.linked[kernel.endian], { ...options, verify: false });
  const end = program.runOnMemory(test.memory);
  program.free();
  return end.kind === "done" ? hex64(end.r0) : end.kind;
}

/** What each test gives in the BPF interpreter of this kernel: on big-endian machines numbers in memory are others. */
function interpreted(kernel: Kernel): readonly string[] {
  return tests.map((test) => (kernel.endian === "le" ? test.result : run(kernel, test, { jit: false })));
}

/** What is wrong, and how many ran and were refused. */
function check(
  kernel: Kernel,
  { call, helper, ...machine }: Cell,
  wanted: readonly string[],
): { readonly wrong: readonly string[]; readonly ran: number; readonly refused: number } {
  const why = reasons({ call, helper, ...machine });
  let [ran, refused] = [0, 0];
  const wrong = tests.flatMap((test, i) => {
    const errnos = why.filter(({ kind }) => test.kinds.has(kind)).map(({ errno }) => errno as string);
    try {
      const got = run(kernel, test, { callSequence: call, helperSequence: helper });
      ran++;
      return errnos.length === 0 && got === wanted[i] ? [] : [`${test.name}: ${got}, not ${wanted[i] ?? ""}`];
    } catch (error) {
      if (!(error instanceof JitError)) throw error;
      refused++;
      return errnos.includes(error.errno) ? [] : [`${test.name}: ${error.message}`];
    }
  });
  return { wrong, ran, refused };
}

/** The default machine: the first value of each axis. */
const isDefault = ({ cpu, layout, order, imageAlloc }: Cell): boolean =>
  cpu === AXES.cpu[0] &&
  layout === AXES.layout[0] &&
  order === AXES.order[0] &&
  imageAlloc === AXES.imageAlloc[0];

const wanted = isNightly && tests.length > 0;
const all = wanted ? allCells() : [];
const pairs = [true, false].flatMap((works) =>
  coveringPairs(all.filter((cell) => (reasons(cell).length === 0) === works)),
);
const cells = [...all.filter(isDefault), ...pairs.filter((cell) => !isDefault(cell))];

describe.skipIf(!wanted)("the bpf_conformance suite", () => {
  let [ran, refused] = [0, 0];
  it.each([...byMachine(cells)])("%s", { timeout: 300_000 }, (_, group) => {
    const [first] = group;
    if (first === undefined) return;
    const kernel = new Kernel({ ...machineOptions(first), engine: "interpreter" });
    const results = interpreted(kernel);
    for (const cell of group) {
      const { wrong, ...counts } = check(kernel, cell, results);
      expect([cell, wrong]).toEqual([cell, []]);
      expect(counts.ran + counts.refused).toBe(tests.length);
      ran += counts.ran;
      refused += counts.refused;
    }
  });
  it("has run", () => {
    console.log(
      `bpf_conformance: ${tests.length} programs in ${cells.length} cells: ${ran} ran, ${refused} refused`,
    );
    expect(ran).toBeGreaterThan(tests.length * AXES.call.length * AXES.helper.length * 0.9);
    expect(refused).toBeGreaterThan(0);
  });
});
