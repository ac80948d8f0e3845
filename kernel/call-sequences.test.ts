// Every call and helper sequence in a booted kernel: what it returns, what it refuses, and that its table goes with the program.
import { describe, expect, it } from "vitest";
import { assembleProgram } from "../bpf/assemble.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import { callSequences } from "../jit/call/sequences.ts";
import { u64 } from "../word/long.ts";
import { Kernel } from "./kernel.ts";
import type { KernelOptions } from "./options.ts";
import type { Program } from "./program.ts";

// r0 = 7 + 3 * 5 + 3 * 2 = 28, by way of a subprogram, called twice, and a helper
const SOURCE = `
main:
  r6 = 7
  r1 = 5
  call triple
  r6 += r0
  call 8
  r6 += r0
  r1 = 2
  call triple
  r0 += r6
  exit
triple:
  r6 = r1
  call 8
  r0 *= 3
  r1 = r6
  r1 *= 3
  r0 += r1
  exit
`;

const machines: readonly KernelOptions[] = [
  { layout: "hash64k-4.15", cpu: "power8" },
  { layout: "hash4k-6.12", cpu: "power9", endian: "be" },
  { layout: "radix64k-6.12", cpu: "power10" },
  { layout: "radix4k-4.15", cpu: "power10", endian: "be", abi: "elfv1" },
  { layout: "hash64k-6.12", cpu: "power10", endian: "be", abi: "elfv2", imageAlloc: "near-text" },
  { layout: "radix64k-4.15", cpu: "power9", endian: "le", abi: "elfv1", imageAlloc: "prog-pack" },
];

const load = (kernel: Kernel, callSequence: CallSequenceName, helperSequence: HelperSequenceName): Program =>
  kernel.bpf.loadProgram(assembleProgram(SOURCE, { type: "socket_filter", endian: kernel.endian }), {
    verify: false,
    callSequence,
    helperSequence,
  });

describe.each(machines)("$layout $cpu $endian $abi $imageAlloc", (machine) => {
  const kernel = new Kernel(machine);
  const isNear = machine.imageAlloc === "near-text";

  it.each(callSequences)("$name with every helper sequence", ({ name }) => {
    for (const helper of helperSequences) {
      const attempt = (): Program => load(kernel, name, helper.name);
      const held = (): unknown => [kernel.kmalloc.usage, kernel.jitLimit.current];
      const before = held();
      if ((name === "pcrel" || helper.name === "pcrel") && machine.cpu !== "power10") {
        expect(attempt).toThrow(expect.objectContaining({ name: "JitError", errno: "ENOTSUPP" }));
      } else if (helper.name === "near" && !isNear) {
        expect(attempt).toThrow(expect.objectContaining({ name: "JitError", errno: "ERANGE" }));
      } else {
        const program = attempt();
        expect(program.runOnMemory(new Uint8Array(8))).toMatchObject({ kind: "done", retval: 28 });
        program.free();
      }
      expect(held()).toEqual(before);
    }
  });
});

describe("the table of `toc`", () => {
  const MIB = 2 ** 20;
  /** RAM that the TOC does not reach is what kmalloc gives first. */
  const kernel = new Kernel({
    ramMap: [
      { start: 0, end: 64 * MIB, node: 0 },
      { start: 2304 * MIB, end: 2368 * MIB, node: 0 },
    ],
  });
  const end = kernel.text.toc.add(u64(0x8000_0000));

  it("lies in reach of the TOC as long as there is a page, and goes with the program", () => {
    expect(kernel.allocate(16).gt(end)).toBe(true);
    const before = [kernel.kmalloc.usage, kernel.pages.held("kernel")];
    const program = load(kernel, "toc", "far");
    expect(program.loaded.jited?.table?.lt(end)).toBe(true);
    expect(program.runOnMemory(new Uint8Array(8))).toMatchObject({ kind: "done", retval: 28 });
    program.free();
    expect([kernel.kmalloc.usage, kernel.pages.held("kernel")]).toEqual(before);
  });

  it("is refused where there is none, and goes back", () => {
    const { pages } = kernel;
    for (let real = 0; real < 64 * MIB; real += pages.pageBytes)
      if (pages.isFree(real)) pages.allocateRange(real, pages.pageBytes, "user");
    const before = kernel.kmalloc.usage;
    expect(() => load(kernel, "toc", "far")).toThrow(
      expect.objectContaining({ name: "JitError", errno: "ERANGE" }),
    );
    expect(() => load(kernel, "toc", "far")).toThrow(
      /at 0xd[0-9a-f]{15} does not reach triple at 0xd[0-9a-f]{15}: its slot at 0xc0000000[9a-f][0-9a-f]{7} is more than 2 GiB from the TOC/,
    );
    expect(kernel.kmalloc.usage).toEqual(before);
  });
});
