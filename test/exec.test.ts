// `farcall exec` on static executables of gcc, as a user starts it: output, exit code, arguments, byte orders, contradictions.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

/** Prints its last argument, then exits with the number of arguments; with `loop` it never ends, with `odd` it asks for what is not there. */
const SOURCE = `
static long call(long number, long a, long b, long c) {
  register long r0 __asm__("r0") = number, r3 __asm__("r3") = a, r4 __asm__("r4") = b, r5 __asm__("r5") = c;
  __asm__ volatile("sc" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5) :: "memory", "cr0", "ctr", "lr", "r6", "r7", "r8", "r9", "r10", "r11", "r12");
  return r3;
}
static long length(const char *text) { long n = 0; while (text[n]) n++; return n; }
__attribute__((used)) static void start(long *stack) {
  char **arguments = (char **)(stack + 1);
  char *last = arguments[*stack - 1];
  if (last[0] == 'l') for (;;) __asm__ volatile("");
  if (last[0] == 'o') call(20, 0, 0, 0);
  call(4, 1, (long)last, length(last));
  call(1, *stack, 0, 0);
}
`;
const ENTRY = {
  le: `__asm__(".globl _start\\n_start:\\n mr 3,1\\n stdu 1,-64(1)\\n bl start\\n");`,
  be: `__asm__(".section .opd,\\"aw\\"\\n.globl _start\\n_start: .quad code,.TOC.@tocbase,0\\n.text\\ncode:\\n mr 3,1\\n stdu 1,-128(1)\\n bl start\\n nop\\n");`,
};
const COMPILERS = {
  le: oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu"),
  be: oracle("powerpc64-linux-gnu-gcc", "gcc-powerpc64-linux-gnu"),
};

for (const endian of ["le", "be"] as const)
  describeWithOracle(`farcall exec of an executable for ${endian}`, [COMPILERS[endian]], () => {
    const scratch = mkdtempSync(join(tmpdir(), "farcall-exec-"));
    afterAll(() => rmSync(scratch, { recursive: true }));
    const [source, elf] = [join(scratch, "main.c"), join(scratch, "main")];
    beforeAll(() => {
      writeFileSync(source, SOURCE + ENTRY[endian]);
      const flags = "-O2 -mcpu=power8 -mno-vsx -mno-altivec -ffreestanding -nostdlib -static -o".split(" ");
      expect(COMPILERS[endian].run([...flags, elf, source])).toMatchObject({ status: 0, stderr: "" });
    });

    it("its output is on standard output, its exit code in the report, which goes elsewhere", () => {
      expect(farcall(["exec", elf, "--", "--one", "two"])).toEqual({
        status: 0,
        stdout: "two",
        stderr: "farcall: the guest exited with code 3\n",
      });
      const { status, stdout, stderr } = farcall(["exec", "--json", elf, "--", "hello"]);
      expect({ status, stderr: stderr.startsWith("hello") }).toEqual({ status: 0, stderr: true });
      expect(JSON.parse(stdout)).toMatchObject({ reason: "exit", exit_code: 2 });
    });
    it("both engines execute the same instructions", () => {
      const [a, b] = ["interpreter", "reference"].map(
        (engine) => farcallJson(["exec", "--engine", engine, elf, "--", "x"]) as Record<string, unknown>,
      );
      expect(a?.["instructions"]).toBe(b?.["instructions"]);
      expect(a?.["regs"]).toEqual(b?.["regs"]);
    });
    it("one that never ends stops at --max-insns: exit 1", () => {
      const { status, stdout } = farcall(["exec", "--json", "--max-insns", "1000000", elf, "--", "loop"]);
      expect(status).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        reason: "max-insns",
        exit_code: null,
        instructions: 1_000_000,
      });
    });
    it("a system call that is not there is named", () => {
      const { status, stderr } = farcall(["exec", elf, "--", "odd"]);
      expect({ status, stderr }).toMatchObject({ status: 1 });
      expect(stderr).toMatch(/getpid/);
    });
    it("an option that contradicts the file: exit 2", () => {
      expect(farcall(["exec", "--endian", endian === "le" ? "be" : "le", elf])).toMatchObject({
        status: 2,
        stdout: "",
      });
    });
  });
