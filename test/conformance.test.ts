// The public bpf_conformance suite, JITed, on both MMUs and engines. FARCALL_CONFORMANCE names the tests/ directory of a clone
// (https://github.com/Alan-Jowett/bpf_conformance); the plugin itself is tried on programs of our own.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { conformanceProgram } from "../bpf/conformance.ts";
import { encodeInsns } from "../bpf/insn.ts";
import { Kernel } from "../index.ts";
import type { KernelOptions } from "../index.ts";
import { readDataFile } from "../scripts/conformance/data-file.ts";
import { hex64 } from "../word/long.ts";
import { farcall } from "./farcall.ts";

describe("farcall conformance", () => {
  /** r0 = the byte at r1 + 1, plus 16 * r2. */
  const program =
    "71 10 01 00 00 00 00 00  67 02 00 00 04 00 00 00  0f 20 00 00 00 00 00 00  95 00 00 00 00 00 00 00";
  it.each(["", "--layout radix64k-6.12", "--no-jit", "--engine reference --call-sequence far"])(
    "r1 points at the memory, r2 is its length %s",
    (options) => {
      const args = ["conformance", "0a 0b 0c", ...options.split(" ").filter((text) => text !== "")];
      expect(farcall(args, program)).toEqual({ status: 0, stdout: "3b\n", stderr: "" });
    },
  );
  it("what is not hex: exit 2; what cannot be compiled: exit 1", () => {
    expect(farcall(["conformance"], "b7 0g")).toMatchObject({ status: 2, stdout: "" });
    expect(farcall(["conformance"], "ff 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00")).toMatchObject({
      status: 1,
      stdout: "",
    });
  });
});

const directory = process.env["FARCALL_CONFORMANCE"] ?? "";
const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".data")) : [];

const machines: readonly KernelOptions[] = [
  { layout: "hash64k-4.15", engine: "interpreter" },
  { layout: "radix64k-6.12", engine: "interpreter" },
  { layout: "hash64k-4.15", engine: "reference" },
];

describe.skipIf(files.length === 0)("the bpf_conformance suite, JITed", () => {
  it.each(machines)("$layout, $engine", (options) => {
    const kernel = new Kernel({ ...options, ramBytes: 64 * 1024 ** 2 });
    // A call by register is of no default group.
    const wrong = files
      .filter((name) => name !== "callx.data")
      .flatMap((name) => {
        const { insns, memory, expected } = readDataFile(readFileSync(join(directory, name), "utf8"));
        const linked = conformanceProgram(encodeInsns(insns, "le"), "le", false);
        const program = kernel.bpf.loadProgram(linked, { verify: false });
        const run = program.runOnMemory(memory);
        program.free();
        const got = run.kind === "done" ? hex64(run.r0) : run.kind;
        return expected.kind === "result" && got === hex64(expected.value) ? [] : [`${name}: ${got}`];
      });
    expect(wrong).toEqual([]);
  });
});
