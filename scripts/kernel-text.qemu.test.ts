// The functions of kernel text on QEMU's processors, called from C: the same sources, assembled by GNU as.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { textSymbols, type TextMachine } from "../kernel/text/offsets.ts";
import { describeWithOracle, oracle, type Oracle } from "../test/oracles.ts";
import { textSources } from "./kernel-text.ts";

const HARNESS = fileURLToPath(new URL("kernel-text.c", import.meta.url));
const FUNCTIONS = [
  "memcpy",
  "memset",
  "memcmp",
  "memchr",
  "strlen",
  "strcmp",
  "strcpy",
  "strchr",
  "strstr",
  "checksum",
];

/** What C is compiled for: big-endian Linux has ELFv1. */
const machines: readonly { readonly machine: TextMachine; readonly target: string; readonly qemu: string }[] =
  [
    { machine: { endian: "le", abi: "elfv2" }, target: "powerpc64le-linux-gnu", qemu: "qemu-ppc64le" },
    { machine: { endian: "be", abi: "elfv1" }, target: "powerpc64-linux-gnu", qemu: "qemu-ppc64" },
  ];

function ok(tool: Oracle, args: readonly string[]): string {
  const { status, stderr, stdout } = tool.run(args);
  if (status !== 0) throw new Error(`${tool.command}: ${stderr}${stdout.toString("utf8")}`);
  return stdout.toString("utf8");
}

for (const { machine, target, qemu } of machines) {
  const as = oracle(`${target}-as`, `binutils-${target}`);
  const objcopy = oracle(`${target}-objcopy`, `binutils-${target}`);
  const gcc = oracle(`${target}-gcc`, `gcc-${target}`);
  const run = oracle(qemu, "qemu-user");

  describeWithOracle(qemu, [as, objcopy, gcc, run], () => {
    it("every function gives what the C library and the definition of checksums say, 20000 times", () => {
      const folder = mkdtempSync(join(tmpdir(), "farcall-text-"));
      const path = (name: string): string => join(folder, name);
      try {
        const given = [...textSymbols(machine)].flatMap(([name, value]) => [
          "--defsym",
          `${name}=${value.toString()}`,
        ]);
        const objects = FUNCTIONS.map((name) => {
          writeFileSync(path(`${name}.s`), textSources().get(`${name}.s`) ?? "");
          ok(as, ["-mpower9", "-mregnames", "-a64", ...given, "-o", path(`${name}.o`), path(`${name}.s`)]);
          ok(objcopy, ["--prefix-symbols=our_", path(`${name}.o`)]);
          return path(`${name}.o`);
        });
        ok(gcc, ["-static", "-O1", "-fno-builtin", "-o", path("test"), HARNESS, ...objects]);
        expect(ok(run, ["-cpu", "power9", path("test")])).toBe("20000 rounds\n");
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
}
