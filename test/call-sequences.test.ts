// The bundled examples give what a real kernel gave under every call sequence, helper sequence, layout, processor, byte order and ABI
// that can work, and each that cannot says why. Here all pairs of these; every combination with FARCALL_NIGHTLY=1.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Insn } from "../bpf/insn.ts";
import { BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL } from "../bpf/opcodes.ts";
import { BpfObject, JitError, Kernel, KernelUsageError, parseU64, type PassLog } from "../index.ts";
import type { Program, U64 } from "../index.ts";
import { disassembleAll } from "../cpu/isa/disassemble-all.ts";
import { regionNamed } from "../kernel/layout/layout.ts";
import type { Expected } from "../scripts/examples.ts";
import { capturedFrames, examplePath, examples } from "../scripts/examples.ts";
import {
  allCells,
  AXES,
  byMachine,
  coveringPairs,
  machineOptions,
  reasons,
  type Cell,
} from "./call-matrix.ts";
import { outcome } from "./example-outcome.ts";

const isNightly = process.env["FARCALL_NIGHTLY"] === "1";
const expected = JSON.parse(readFileSync(examplePath("expected.json"), "utf8")) as Expected;
/** Enough that every example returns several values. */
const FRAMES = 24;
const frames = capturedFrames().slice(0, FRAMES);

const isCall = ({ code }: Insn): boolean => code === (BPF_JMP | BPF_CALL);

/** Of both byte orders. */
const objects = new Map(
  examples.flatMap(({ name }) =>
    (["le", "be"] as const).map((endian) => {
      const bytes = readFileSync(examplePath(`${name}.e${endian === "be" ? "b" : "l"}.o`));
      return [`${name} ${endian}`, BpfObject.parse(bytes)] as const;
    }),
  ),
);

/** What calls an example has: of its own functions, of helpers. */
const kinds = new Map(
  examples.map(({ name, program }) => {
    const calls = objects.get(`${name} le`)?.link(program).insns.filter(isCall) ?? [];
    return [name, new Set(calls.map(({ src }) => (src === BPF_PSEUDO_CALL ? "bpf" : "helper")))] as const;
  }),
);

/** What stands at a call of a function nearby, as mnemonics and registers; the copy of the result behind it. */
const CODE: Readonly<Record<Cell["call"], RegExp>> = {
  far: /^(\S+ r12,\S+ ?){1,5}(nop )*mtctr r12 bctrl $/,
  "far-notoc": /^(\S+ r9,\S+ ?){1,5}(nop )*mtctr r9 bctrl $/,
  near: /^bl \S+ $/,
  "auto-pad": /^bl \S+ (nop ){6}$/,
  "auto-skip": /^bl \S+ b \S+ (nop ){5}$/,
  "auto-shrink": /^bl \S+ $/,
  stub: /^bl \S+ $/,
  toc: /^addis r12,r2,\S+ ld r12,\S+ mtctr r12 bctrl $/,
  pcrel: /^(nop )?pla r12,\S+ mtctr r12 bctrl $/,
  "far-blrl": /^(\S+ r12,\S+ ?){1,5}(nop )*mtlr r12 blrl $/,
};

/** The code of each call of a BPF function in the last pass over each function. */
function callsOf(program: Program, passes: readonly PassLog[], cell: Cell): readonly string[] {
  return program.images.flatMap(({ index, code }) => {
    const last = passes.findLast((pass) => pass.index === index);
    const { insns } = program.loaded.functions[index] ?? { insns: [] };
    return (last?.calls ?? [])
      .filter(({ slot }) => insns[slot]?.src === BPF_PSEUDO_CALL)
      .map(({ words, offset }) =>
        [...disassembleAll(words.slice(0, -1), code.add(offset), { cpu: cell.cpu })]
          .map(({ text }) => `${text.replace(/\s+#.*/, "").replaceAll(/\s+/g, " ")} `)
          .join(""),
      );
  });
}

const signed = (value: U64): bigint => BigInt.asIntN(64, BigInt(value.toString()));

/** That the message of a refusal tells one of the reasons, with addresses that bear it out. */
function checkRefusal(error: JitError, cell: Cell, kernel: Kernel): void {
  const why = reasons(cell);
  expect(why.map(({ errno }) => errno)).toContain(error.errno);
  const [from, to] = [...error.message.matchAll(/0x[0-9a-f]{16}/g)].map(([text]) => parseU64(text));
  if (from === undefined || to === undefined) throw new Error(error.message);
  const { start, end } = regionNamed(
    kernel.layout,
    cell.imageAlloc === "near-text" ? "linear map" : "vmalloc",
  );
  expect([from.gte(start), from.lt(end)], error.message).toEqual([true, true]);
  const bytes = signed(to.sub(from));
  if (error.errno === "ERANGE") {
    expect(bytes >= -(1n << 25n) && bytes < 1n << 25n, error.message).toBe(false);
    // The entry of a helper, perhaps behind what computes its TOC.
    expect(kernel.kallsyms.lookup(to), error.message).toMatchObject({ offset: expect.anything() as unknown });
    expect(kernel.text.isCoreText(to), error.message).toBe(true);
  } else expect(error.message).toContain(cell.cpu);
}

/** Loads and runs every example; how many ran and how many were refused. */
function check(kernel: Kernel, cell: Cell): { readonly ran: number; readonly refused: number } {
  let [ran, refused] = [0, 0];
  const why = reasons(cell);
  for (const { name, program: function_ } of examples) {
    const object = objects.get(`${name} ${kernel.endian}`);
    if (object === undefined) throw new Error(name);
    const passes: PassLog[] = [];
    const options = {
      callSequence: cell.call,
      helperSequence: cell.helper,
      onPass: (pass: PassLog) => void passes.push(pass),
    };
    const isRefused = why.some(({ kind }) => kinds.get(name)?.has(kind) === true);
    const where = `${name} ${JSON.stringify(cell)}`;
    let program: Program;
    try {
      program = kernel.bpf.load(object, options).program(function_);
    } catch (error) {
      if (!(error instanceof JitError)) throw error;
      expect([where, isRefused, error.message]).toEqual([where, true, error.message]);
      checkRefusal(error, cell, kernel);
      refused++;
      continue;
    }
    expect([where, isRefused]).toEqual([where, false]);
    expect(
      frames.map((frame) => outcome(program, frame)),
      where,
    ).toEqual(expected.programs[name]?.runs.slice(0, FRAMES));
    for (const code of callsOf(program, passes, cell)) expect(code, where).toMatch(CODE[cell.call]);
    program.free();
    ran++;
  }
  return { ran, refused };
}

const working = allCells().filter((cell) => reasons(cell).length === 0);
const refused = allCells().filter((cell) => reasons(cell).length > 0);
const cells = isNightly ? allCells() : [...coveringPairs(working), ...coveringPairs(refused)];

/** Programs loaded in all cells. */
const counts = { ran: 0, refused: 0 };

describe.each([...byMachine(cells)])("%s", (_, group) => {
  it(`${group.length} ways to call`, () => {
    const [first] = group;
    if (first === undefined) return;
    const kernel = new Kernel(machineOptions(first));
    const before = kernel.imageAlloc.usage;
    for (const cell of group) {
      const { ran, refused } = check(kernel, cell);
      expect(ran + refused).toBe(examples.length);
      counts.ran += ran;
      counts.refused += refused;
    }
    expect(kernel.imageAlloc.usage).toEqual(before);
  });
});

describe("the matrix", () => {
  it("has every pair that can work in a cell that works, and refuses in every way it should", () => {
    const refusals = new Set(
      cells.flatMap((cell) => reasons(cell).map(({ errno, kind }) => `${errno} ${kind}`)),
    );
    expect([...refusals].sort()).toEqual(["ENOTSUPP bpf", "ENOTSUPP helper", "ERANGE helper"]);
    for (const call of AXES.call)
      for (const helper of AXES.helper) {
        const cell = cells.find(
          (one) => one.call === call && one.helper === helper && reasons(one).length === 0,
        );
        expect(cell, `${call}, ${helper}`).toBeDefined();
      }
  });
  it("has run", () => {
    if (isNightly)
      console.log(`${cells.length} cells: ${counts.ran} programs ran, ${counts.refused} were refused`);
    expect(counts.ran).toBeGreaterThan(counts.refused);
  });
  it.each(AXES.layout.filter((name) => name.startsWith("radix")))(
    "POWER8 has no radix MMU: no machine, %s",
    (layout) => {
      const boot = (): Kernel => new Kernel({ cpu: "power8", layout });
      expect(boot).toThrow(KernelUsageError);
      expect(boot).toThrow(/power8.*radix|radix.*power8/i);
    },
  );
});
