// Linux's own JIT test programs, compiled and run: results as the table says, sizes against those of Linux's JIT.
// Long: only with FARCALL_NIGHTLY=1, and where Debian's linux-source-6.12 and gcc are installed.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Insn } from "../bpf/insn.ts";
import { BPF_ALU, BPF_ALU64, BPF_LD_IMM64, BPF_MOV, BPF_X } from "../bpf/opcodes.ts";
import { hex32 } from "../word/long.ts";
import type { JitedFunction } from "./program.ts";
import { BareMachine } from "./test/bare-machine.ts";
import { functionsOf } from "./test/fixtures.ts";
import { haveLinuxSource, type LinuxTest, linuxTests } from "./test/linux-test-bpf.ts";

/** Programs of more instructions take minutes. */
const MAX_INSNS = Number(process.env["FARCALL_NIGHTLY_INSNS"] ?? 4096);
/** Lines of suite, number, name, instructions and bytes of code by Linux 6.1; FARCALL_LINUX_SIZES names the file. */
const sizesFile = process.env["FARCALL_LINUX_SIZES"] ?? "";

const wanted = process.env["FARCALL_NIGHTLY"] === "1" && haveLinuxSource();
if (process.env["FARCALL_NIGHTLY"] === "1" && !wanted)
  console.log("skipped: Linux's test_bpf needs linux-source-6.12");

/** Bytes of code by name and number of instructions. */
function linuxSizes(): ReadonlyMap<string, number> {
  const lines = readFileSync(sizesFile, "utf8").split("\n");
  return new Map(
    lines
      .map((line) => line.split("\t"))
      .filter(([suite]) => suite === "test_bpf")
      .map(([, , name = "", insns = "", bytes = ""]) => [`${name} ${insns}`, Number(bytes)]),
  );
}

/** Bytes of code if constants were padded to five words, and moves of a register to itself emitted, as Linux 6.1 does. */
function bytesPadded(insns: readonly Insn[], { bytes, insnOffsets }: JitedFunction): number {
  return insns.reduce((sum, { code, dst, src, off, imm }, i) => {
    if (code === BPF_LD_IMM64) return sum + 20 - ((insnOffsets[i + 1] ?? 0) - (insnOffsets[i] ?? 0));
    const isMove =
      code === (BPF_ALU64 | BPF_MOV | BPF_X) || (code === (BPF_ALU | BPF_MOV | BPF_X) && imm === 0);
    return isMove && dst === src && off === 0 ? sum + 4 : sum;
  }, bytes);
}

function run(machine: BareMachine, program: LinuxTest): { bytes: number; wrong: readonly string[] } {
  const { insns, stackDepth, verifierZext, data, runs } = program;
  const jited = machine.jit(functionsOf([insns], { stackDepth, verifierZext }));
  const wrong = runs.flatMap(({ dataSize, result }) => {
    const bytes = new Uint8Array(Math.max(dataSize, 64));
    bytes.set((data ?? new Uint8Array()).subarray(0, bytes.length));
    const r0 = machine.call(jited, bytes, 100_000_000).r0.low;
    return r0 >>> 0 === result ? [] : [`${program.name}: ${hex32(r0)}, not ${hex32(result)}`];
  });
  const [first] = jited.functions;
  return { bytes: first === undefined ? 0 : bytesPadded(insns, first), wrong };
}

describe.skipIf(!wanted).each([
  { endian: "le", abi: "elfv2" },
  { endian: "be", abi: "elfv1" },
] as const)("lib/test_bpf.c of Linux 6.12, $endian", (target) => {
  test(
    "every eBPF program gives what the table says, in the bytes that Linux's JIT takes",
    { timeout: 1e6 },
    () => {
      const programs = linuxTests(target.endian).filter(({ insns }) => insns.length <= MAX_INSNS);
      expect(programs.length).toBeGreaterThan(700);
      const machine = new BareMachine({ target, engine: "auto", imageBytes: 0x100_0000 });
      const sizes =
        target.endian === "le" && existsSync(sizesFile) ? linuxSizes() : new Map<string, number>();
      const wrong: string[] = [];
      for (const program of programs) {
        const result = run(machine, program);
        wrong.push(...result.wrong);
        const linux = sizes.get(`${program.name} ${program.insns.length}`) ?? Infinity;
        if (result.bytes > linux) wrong.push(`${program.name}: ${result.bytes} bytes, Linux ${linux}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
