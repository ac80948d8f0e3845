// The public bpf_conformance suite in the BPF interpreter. FARCALL_CONFORMANCE names the tests/ directory of a clone.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rawProgram } from "../../bpf/raw.ts";
import { testKernel } from "../../bpf/test/kernel.ts";
import { hex64, u64 } from "../../word/long.ts";
import { assembleConformance } from "./assemble.ts";
import { readDataFile } from "./data-file.ts";

/** r0 in hex, or how else it ended; r1 points at the file's memory, r2 is its length. */
function interpret(text: string): string {
  const { insns, memory: bytes } = readDataFile(text);
  const { core, memory } = testKernel();
  const loaded = core.load(rawProgram(insns, { name: "main", type: "xdp", endian: "le" }));
  const address = memory.allocate(bytes.length);
  memory.write(address, bytes);
  const outcome = loaded.interpret([address, u64(bytes.length)], 1_000_000);
  return outcome.kind === "return" ? hex64(outcome.value) : outcome.kind;
}

describe("a test file of the suite", () => {
  it("r1 points at the memory and r2 holds its length", () => {
    expect(
      interpret("-- asm\nldxh %r0, [%r1+2]\nadd %r0, %r2\nexit\n-- mem\n11 22 33 44 55\n-- result\n0x4438"),
    ).toBe("0x0000000000004438");
  });
  it("the first exit is a label", () => {
    expect(interpret("-- asm\nmov %r0, 3\njeq %r0, 3, exit\nmov %r0, 4\nexit\n-- result\n3")).toBe(
      "0x0000000000000003",
    );
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
    expect(interpret(text)).toBe(expected.kind === "result" ? hex64(expected.value) : expected.text);
  });
});
