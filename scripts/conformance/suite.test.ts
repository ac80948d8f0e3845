// The public bpf_conformance suite in the BPF interpreter. FARCALL_CONFORMANCE names the tests/ directory of a clone.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conformanceProgram, hexBytes, runConformance } from "../../bpf/conformance.ts";
import { encodeInsns, type Endian } from "../../bpf/insn.ts";
import { testKernel } from "../../bpf/test/kernel.ts";
import { hex64 } from "../../word/long.ts";
import { assembleConformance } from "./assemble.ts";
import { readDataFile } from "./data-file.ts";

/** r0 in hex, or how else it ended. */
function interpret(text: string, endian: Endian): string {
  const { insns, memory: bytes } = readDataFile(text);
  const { core, memory } = testKernel(endian);
  const program = conformanceProgram(encodeInsns(insns, endian), endian, false);
  return runConformance(core, memory, { program, bytes }, (loaded, args) => {
    const outcome = loaded.interpret(args, 1_000_000);
    return outcome.kind === "return" ? hex64(outcome.value) : outcome.kind;
  });
}

describe("the plugin protocol", () => {
  it("r1 points at the memory and r2 holds its length", () => {
    expect(
      interpret(
        "-- asm\nldxh %r0, [%r1+2]\nadd %r0, %r2\nexit\n-- mem\n11 22 33 44 55\n-- result\n0x4438",
        "le",
      ),
    ).toBe("0x0000000000004438");
  });
  it("the first exit is a label", () => {
    expect(interpret("-- asm\nmov %r0, 3\njeq %r0, 3, exit\nmov %r0, 4\nexit\n-- result\n3", "le")).toBe(
      "0x0000000000000003",
    );
  });
  it("hex may have spaces, and nothing else", () => {
    expect(hexBytes("b7 00  00ff\n")).toEqual(Uint8Array.of(0xb7, 0, 0, 0xff));
    expect(() => hexBytes("b7 0")).toThrow("3 hex digits");
    expect(() => hexBytes("0x12")).toThrow('"x"');
  });
  it("what is no instruction is named", () => {
    expect(() => assembleConformance(["frob %r0, 1"])).toThrow("frob %r0, 1");
  });
});

const directory = process.env["FARCALL_CONFORMANCE"] ?? "";
const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".data")) : [];
if (files.length === 0)
  console.log(
    "skipped: the bpf_conformance suite needs FARCALL_CONFORMANCE, the tests/ directory of a clone",
  );

describe.skipIf(files.length === 0)("the bpf_conformance suite", () => {
  // A call by register is of no default group.
  it.each(files.filter((name) => name !== "callx.data"))("%s", (name) => {
    const text = readFileSync(join(directory, name), "utf8");
    const { expected } = readDataFile(text);
    expect(interpret(text, "le")).toBe(expected.kind === "result" ? hex64(expected.value) : expected.text);
  });
});
