import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { clang, compile } from "../../test/clang.ts";
import { describeWithKernel, Pins } from "../../test/kernel-bpf.ts";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { BpfObject } from "../elf/object.ts";
import { encodeInsns } from "../insn.ts";
import { refusal, verdicts } from "../test/verdicts.ts";

const mc = oracle("llvm-mc", "llvm");

// Kernels whose log has the words of our messages.
const WORDS = { from: [6, 12], to: [6, 18] } as const;

describeWithOracle("check against a real kernel", [mc, clang], () => {
  describeWithKernel(
    "bpf(2)",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "farcall-check-"));
      const pins = new Pins();
      afterAll(() => {
        pins.close();
        rmSync(folder, { recursive: true });
      });

      const logOf = (stderr: string): string =>
        stderr.split("-- BEGIN PROG LOAD LOG --\n")[1]?.split("\n-- END")[0] ?? "";

      for (const [name, program, message] of verdicts)
        it(`${name}: the same verdict in the same words`, () => {
          const object = join(folder, "p.o");
          const bytes = [...encodeInsns(program.insns, "le")].map((b) => `.byte ${b}`).join("\n");
          const text = `.section socket,"ax",@progbits\n.globl p\n.type p,@function\np:\n${bytes}\n.size p, .-p\n.section license,"aw",@progbits\n.asciz "GPL"\n`;
          expect(mc.run(["-triple=bpfel", "-filetype=obj", "-o", object], text).stderr).toBe("");
          const result = pins.load(object);
          if (message === "") expect(result).toMatchObject({ status: 0 });
          else expect(logOf(result.stderr).split("\n")).toContain(message);
        });

      const PREFIX = "NOINLINE static int f9(volatile int x) { return x; }\n";
      const chain = [8, 7, 6, 5, 4, 3, 2]
        .map((n) => `NOINLINE static int f${n}(volatile int x) { return f${n + 1}(x); }`)
        .join("\n");
      for (const [name, source, message] of [
        ["8 frames", `${PREFIX}${chain} SEC("socket") int p(int *c) { return f3(*c); }`, ""],
        [
          "9 frames",
          `${PREFIX}${chain} SEC("socket") int p(int *c) { return f2(*c); }`,
          "the call stack of 9 frames is too deep",
        ],
        [
          "recursion",
          `NOINLINE static int r(volatile int x) { if (x) return r(x - 1); return 0; } SEC("socket") int p(int *c) { return r(*c); }`,
          "the call stack of 9 frames is too deep",
        ],
        [
          "too much stack together",
          `NOINLINE static int b(int x) { volatile char a[300]; a[x & 15] = 1; return a[3]; }
         NOINLINE static int d(int x) { volatile char a[200]; a[x & 15] = 1; return b(a[3]); }
         SEC("socket") int p(int *c) { volatile char a[16]; a[0] = 1; return d(a[0]); }`,
          "combined stack size of 3 calls is 528. Too large",
        ],
      ] as const)
        it(`${name}: the same verdict`, () => {
          const license = `\nchar _license[] SEC("license") = "GPL";`;
          const { bytes, path, dispose } = compile(source + license, "le", ["-fno-optimize-sibling-calls"]);
          const theirs = pins.load(path);
          dispose();
          const ours = refusal(BpfObject.parse(bytes).link("p"));
          expect(ours?.message ?? "").toBe(message);
          if (message === "") expect(theirs).toMatchObject({ status: 0 });
          else expect(logOf(theirs.stderr).split("\n")).toContain(message);
        });
    },
    WORDS,
  );
});
