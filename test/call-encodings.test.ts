// Every call encoding on every layout and both ABIs: which programs load, which return what they should, where a call that is
// cut goes, and what a dump can say with names in kallsyms and without.
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../bpf/assemble.ts";
import { auxFunc } from "../bpf/core/encoding/aux-func.ts";
import type { CallEncodingName } from "../bpf/core/encoding/encoding.ts";
import { callEncodings } from "../bpf/core/encoding/table.ts";
import { decodeInsns } from "../bpf/insn.ts";
import { resolveCalls } from "../bpf/print/calls.ts";
import { SymbolTable } from "../bpf/print/symbol-table.ts";
import { Kernel } from "../kernel/kernel.ts";
import { layouts } from "../kernel/layout/table.ts";
import type { Oops } from "../kernel/oops.ts";
import type { Program } from "../kernel/program.ts";
import { farcall, farcallJson } from "./farcall.ts";

// f(1) + g(f(2)) + 3 = 11 + (2 + 10) * 2 + 3: calls of the second and third function, forth and back.
const SOURCE = `
main:
  r1 = 1
  call f
  r6 = r0
  r1 = 2
  call g
  r0 += r6
  r0 += 3
  exit
f:
  r0 = r1
  r0 += 10
  exit
g:
  call f
  r0 *= 2
  exit
`;
const RESULT = 38;
const CALLS = 3;

const machines = layouts.flatMap(({ name: layout }) =>
  (["le", "be"] as const).map((endian) => ({ layout, endian })),
);
/** Where 48 signed bits reach from text to module_alloc's range. */
const REACHED_BY_48 = ["hash4k-6.12"];

function load(kernel: Kernel, callEncoding: CallEncodingName, options: { jit?: boolean } = {}): Program {
  const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: kernel.endian });
  return kernel.bpf.loadProgram(linked, { callEncoding, callSequence: "far", ...options });
}

/** How the calls resolve for root, with names of JITed code in kallsyms and without. */
const kinds = (kernel: Kernel, program: Program): readonly string[] =>
  [true, false].map((jitKallsyms) => {
    const info = program.info();
    const text = kernel.kallsyms.text(true, ({ module }) => jitKallsyms || module !== "bpf");
    const found = resolveCalls({
      insns: decodeInsns(info.xlated_prog_insns ?? new Uint8Array(), kernel.endian),
      ksymCount: info.nr_jited_ksyms,
      ksyms: info.jited_ksyms,
      encoding: program.loaded.functions[0]?.aux.callEncoding ?? auxFunc,
      symbols: new SymbolTable(text),
      nameOfId: (id) => kernel.bpf.nameOfId(id),
    });
    expect(found).toHaveLength(CALLS);
    return [...new Set(found.map(({ kind }) => kind))].join();
  });

const number = (value: { toString(radix: number): string }): bigint => BigInt(`0x${value.toString(16)}`);

/** Where `imm` leads the JIT, in arithmetic of its own: the distance's low 32 bits with their sign, and behind the descriptor. */
function cutTarget(kernel: Kernel, program: Program, callee: number): bigint {
  const image = number(program.images[callee]?.image ?? 0);
  const base = number(kernel.text.bpfCallBase);
  const target = base + BigInt.asIntN(32, image - base);
  return BigInt.asUintN(64, target + (kernel.abi === "elfv1" ? 24n : 0n));
}

function oopsOf(program: Program): Oops {
  const run = program.testRun();
  if (run.kind !== "oops") throw new Error(`no oops but ${run.kind}`);
  return run.oops;
}

describe.each(machines)("on $layout, $endian", (machine) => {
  const kernel = new Kernel({ ...machine, ramBytes: 0x400_0000 });

  it.each(callEncodings)("$name interpreted: calls arrive, and dumps have distances alone", ({ name }) => {
    const program = load(kernel, name, { jit: false });
    expect(program.testRun()).toMatchObject({ kind: "done", retval: RESULT });
    expect(kinds(kernel, program)).toEqual(["nothing", "nothing"]);
    program.free();
  });

  it.each<[CallEncodingName, readonly string[]]>([
    ["callee-list", ["wrong", "wrong"]],
    ["aux-func", ["resolved", "address"]],
    ["prog-id", ["resolved", "resolved"]],
  ])("%s reaches whatever is far", (name, expected) => {
    const program = load(kernel, name);
    expect(program.testRun()).toMatchObject({ kind: "done", retval: RESULT });
    expect(kinds(kernel, program)).toEqual(expected);
    program.free();
  });

  it("imm32 goes astray: CTR has the cut address, LR the caller; a dump shows the cut address, too", () => {
    const program = load(kernel, "imm32");
    const oops = oopsOf(program);
    expect(number(oops.ctr)).toBe(cutTarget(kernel, program, 1));
    expect(oops.lrSymbol?.name).toBe(`bpf_prog_${program.tag}_main`);
    expect(kinds(kernel, program)).toEqual(["wrong", "wrong"]);
    program.free();
  });

  it("imm48 is refused where 48 bits do not reach, with nothing left behind", () => {
    const before = kernel.pages.held("bpf image") + kernel.pages.held("vmalloc");
    if (!REACHED_BY_48.includes(machine.layout)) {
      expect(() => load(kernel, "imm48")).toThrow(expect.objectContaining({ errno: "ERANGE" }));
      expect(kernel.pages.held("bpf image") + kernel.pages.held("vmalloc")).toBe(before);
      return;
    }
    const program = load(kernel, "imm48");
    expect(program.testRun()).toMatchObject({ kind: "done", retval: RESULT });
    expect(kinds(kernel, program)).toEqual(["resolved", "address"]);
    program.free();
  });
});

describe("imm32 where it reaches", () => {
  it.each(["hash64k-4.15", "radix4k-6.12"])(
    "runs, and a dump has what the others have: %s near-text",
    (layout) => {
      for (const endian of ["le", "be"] as const) {
        const kernel = new Kernel({ layout, endian, imageAlloc: "near-text" });
        for (const name of ["imm32", "imm48", "callee-list"] as const) {
          const program = load(kernel, name);
          expect(program.testRun()).toMatchObject({ kind: "done", retval: RESULT });
          expect(kinds(kernel, program)).toEqual(["resolved", "address"]);
        }
      }
    },
  );
});

describe("where imm32 leads", () => {
  // 64 MiB of RAM at 0xc000…, text in its first 14 MiB.
  const at = (range: string): Kernel =>
    new Kernel({ ramBytes: 0x400_0000, imageAlloc: `vmalloc_range:${range}` });

  it.each([
    [
      "into kernel text, which is executable: words of 0",
      "0xd000000000d00000-0xd000000000dc0000",
      0xe40,
      0xc000_0000,
    ],
    ["into RAM that is not executable", "0xd000000003000000-0xd000000003800000", 0x400, 0xc000_0000],
    ["behind the end of RAM", "0xd000000050000000-0xd000000050800000", 0x400, 0xc000_0000],
    ["below the linear map", "0xd000000090000000-0xd000000090800000", 0x480, 0xbfff_ffff],
  ])("%s", (_, range, trap, high) => {
    const kernel = at(range);
    const program = load(kernel, "imm32");
    const oops = oopsOf(program);
    const target = cutTarget(kernel, program, 1);
    expect(oops.trap).toBe(trap);
    expect(oops.nip.high >>> 0).toBe(high);
    expect(number(oops.nip)).toBe(target);
    expect(oops.text).toContain(`NIP:  ${target.toString(16)} `);
    expect(oops.text).toContain(`CTR: ${target.toString(16)}`);
    expect(oops.text).toMatch(/LR \[d0[0-9a-f]{14}\] bpf_prog_[0-9a-f]{16}_main\+/);
  });

  it("by hand: f at 0xd00000000002…, 0xfffffffffcf0… from the base", () => {
    const kernel = new Kernel({ ramBytes: 0x400_0000 });
    const program = load(kernel, "imm32");
    const low = (program.images[1]?.image.low ?? 0) >>> 0;
    // The base is 0xc000000000332f20; images are below 0x332f20 of vmalloc, so the low half borrows and is negative.
    expect(low).toBeLessThan(0x33_2f20);
    expect(number(oopsOf(program).nip)).toBe(0xc000_0000_0000_0000n + BigInt(low));
  });

  it("near refuses to go there", () => {
    const kernel = new Kernel({ ramBytes: 0x400_0000 });
    const linked = assembleProgram(SOURCE, { type: "socket_filter", endian: "le" });
    const attempt = (): unknown =>
      kernel.bpf.loadProgram(linked, { callEncoding: "imm32", callSequence: "near" });
    expect(attempt).toThrow(expect.objectContaining({ errno: "ERANGE" }));
  });
});

describe("the command line", () => {
  const dump = (...options: readonly string[]): string =>
    farcall(["prog", "dump", "xlated", "-", ...options], SOURCE).stdout;
  const calls = (text: string): readonly string[] =>
    [...text.matchAll(/call (pc.*)$/gm)].map((m) => m[1] ?? "");

  it("says of each call what it shows, and where the callee is if that is wrong", () => {
    expect(calls(dump("--call-encoding", "imm32"))[0]).toMatch(
      /^pc\+6#0xc000000000[0-9a-f]{6} ; wrong: 0xd000000000[0-9a-f]{6}$/,
    );
    expect(calls(dump("--call-encoding", "prog-id", "--no-kallsyms"))[0]).toMatch(/^pc\+6#bpf_prog_\w+_f$/);
    expect(calls(dump("--call-encoding", "imm48", "--layout", "hash4k-6.12"))[0]).toMatch(
      /^pc#bpf_prog_\w+_f$/,
    );
    expect(calls(dump("--no-kallsyms"))[2]).toMatch(/^pc-4#0xd000000000[0-9a-f]{6}$/);
  });

  it("--json has a key for it, where bpftool's own would not tell", () => {
    const kindsOf = (...options: readonly string[]): readonly unknown[] =>
      farcallJson(["prog", "dump", "xlated", "-", ...options], SOURCE) as readonly { call?: string }[];
    expect(kindsOf("--call-encoding", "callee-list")).toContainEqual(
      expect.objectContaining({ call: "wrong" }),
    );
    for (const row of kindsOf()) expect(Object.keys(row as object)).toEqual(["disasm"]);
  });

  it("an oops of a wild call is the run's error, with its registers", () => {
    const { status, stdout } = farcall(["run", "-", "--call-encoding", "imm32", "--json"], SOURCE);
    expect(status).toBe(1);
    const { error } = JSON.parse(stdout) as {
      error: { stage: string; oops: { nip: string; regs: { ctr: string } } };
    };
    expect(error.stage).toBe("run");
    expect(error.oops.nip).toBe(error.oops.regs.ctr);
    expect(error.oops.nip).toMatch(/^0xc0000000000[0-9a-f]{5}$/);
  });
});
