// The stream of executed instructions against QEMU: the addresses of a program of gcc's, one after another, from its first instruction on.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { RECORD, RECORD_WORDS } from "../cpu/stream.ts";
import { UserProcess } from "../kernel/user/process.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

/** Sorts and sums numbers of its own, then exits with 42: loops, calls, recursion, a switch, loads and stores, no library. */
const SOURCE = `
static unsigned seed = 1;
static unsigned next(void) { return seed = seed * 1103515245u + 12345u; }
static unsigned values[64];
static void sort(int low, int high) {
  if (low >= high) return;
  unsigned pivot = values[high];
  int at = low;
  for (int i = low; i < high; i++)
    if (values[i] < pivot) { unsigned t = values[i]; values[i] = values[at]; values[at++] = t; }
  unsigned t = values[at]; values[at] = values[high]; values[high] = t;
  sort(low, at - 1); sort(at + 1, high);
}
static unsigned kind(unsigned v) {
  switch (v & 7) { case 0: return v / 3; case 1: return v ^ 5; case 2: return v * v; case 3: return next(); case 4: return v >> 3; default: return 1; }
}
void run(void) {
  unsigned sum = 0;
  for (int i = 0; i < 64; i++) values[i] = next() >> 8;
  sort(0, 63);
  for (int i = 0; i < 64; i++) sum += kind(values[i]);
  register long r0 __asm__("r0") = 1, r3 __asm__("r3") = sum == 0 ? 1 : 42;
  __asm__ volatile("sc" : "+r"(r0), "+r"(r3) :: "memory");
}
`;
const ENTRY = {
  le: `__asm__(".globl _start\\n_start: lis 2,.TOC.@ha\\n addi 2,2,.TOC.@l\\n stdu 1,-64(1)\\n bl run\\n");`,
  be: `__asm__(".section .opd,\\"aw\\"\\n.globl _start\\n_start: .quad code,.TOC.@tocbase,0\\n.text\\ncode: stdu 1,-128(1)\\n bl run\\n nop\\n");`,
};
const TOOLS = {
  le: [oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu"), oracle("qemu-ppc64le", "qemu-user")],
  be: [oracle("powerpc64-linux-gnu-gcc", "gcc-powerpc64-linux-gnu"), oracle("qemu-ppc64", "qemu-user")],
} as const;

for (const endian of ["le", "be"] as const)
  describeWithOracle(`addresses of executed instructions, ${endian}`, TOOLS[endian], () => {
    const scratch = mkdtempSync(join(tmpdir(), "farcall-stream-"));
    afterAll(() => rmSync(scratch, { recursive: true }));
    const [compiler, qemu] = TOOLS[endian];

    test.each(["interpreter", "reference"] as const)("are QEMU's, %s", (engine) => {
      const [source, elf, log] = ["main.c", "main", "log"].map((name) => join(scratch, name));
      if (source === undefined || elf === undefined || log === undefined) throw new RangeError("no paths");
      writeFileSync(source, SOURCE + ENTRY[endian]);
      const flags = "-O2 -mcpu=power8 -mno-vsx -mno-altivec -ffreestanding -nostdlib -static -o".split(" ");
      expect(compiler.run([...flags, elf, source])).toMatchObject({ status: 0, stderr: "" });
      expect(qemu.run(["-singlestep", "-d", "exec,nochain", "-D", log, elf]).status).toBe(42);
      // Trace 0: 0x7f0123456789 [00000000/0000000010000100/00000003/ff000000] _start
      const expected = [
        ...readFileSync(log, "utf8").matchAll(/^Trace \d+: \S+ \[[0-9a-f]+\/([0-9a-f]+)\//gm),
      ];

      const user = new UserProcess({ elf: readFileSync(elf), args: [elf], engine, stdout: () => undefined });
      const found: string[] = [];
      user.cpu.observe({
        executed: ({ words }) => {
          for (let at = 0; at < words.length; at += RECORD_WORDS) {
            const half = (index: number): string => (words[at + index] ?? NaN).toString(16).padStart(8, "0");
            found.push(half(RECORD.CIA_HIGH) + half(RECORD.CIA_LOW));
          }
        },
      });
      expect(user.run()).toMatchObject({ reason: "exit", exitCode: 42 });
      expect(expected.length).toBeGreaterThan(3000);
      expect(found).toEqual(expected.map(([, address]) => address));
    });
  });
