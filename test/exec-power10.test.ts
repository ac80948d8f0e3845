// `farcall exec --cpu power10` on code of gcc -mcpu=power10 -mpcrel, whose data is all reached by prefixed instructions: what it prints is
// what it prints on QEMU.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

const gcc = oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu");
const objdump = oracle("powerpc64le-linux-gnu-objdump", "binutils-powerpc64le-linux-gnu");
const qemu = oracle("qemu-ppc64le", "qemu-user");

/** Data of each size and sign, near and far, constants of 34 bits, calls through a table; prints what it computed in hex. */
const SOURCE = `
typedef unsigned long u64; typedef unsigned u32; typedef unsigned short u16; typedef unsigned char u8;
static long call(long number, long a, long b, long c) {
  register long r0 __asm__("r0") = number, r3 __asm__("r3") = a, r4 __asm__("r4") = b, r5 __asm__("r5") = c;
  __asm__ volatile("sc" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5) :: "memory", "cr0", "ctr", "lr", "r6", "r7", "r8", "r9", "r10", "r11", "r12");
  return r3;
}
u8 b = 0xfe; signed char sb = -2; u16 h = 0xfedc; short sh = -291; u32 w = 0xfedcba98; int sw = -19088744; u64 d = 0xfedcba9876543210;
static char far[0x300000]; u64 behind = 0x0123456789abcdef;
static u64 table[64]; static char text[17];
__attribute__((noinline)) u64 add(u64 x) { return x + 0x123456789; }
__attribute__((noinline)) u64 less(u64 x) { return x - 0x1ffffffff; }
__attribute__((noinline)) u64 swapped(u64 x) { return __builtin_bswap64(x) ^ __builtin_bswap32(x) ^ __builtin_bswap16(x); }
__attribute__((noinline)) u64 compared(u64 x) { return (x > d) + 2 * ((long)x < sw) + 4 * (x == behind) - (x != w); }
u64 (*volatile functions[])(u64) = { add, less, swapped, compared };
__attribute__((noinline)) void step(int i) {
  b += i; sb -= i; h ^= i * 77; sh += 3 * i; w = w * 5 + i; sw = sw * 3 - i; d = d * 7 + table[i & 63];
  far[i * 4093 % sizeof far] = b; behind ^= far[(i * 8191) % sizeof far] + *(u64 *)(far + (w & 0xffff8));
  table[(i * 11) & 63] = functions[i & 3](b + sb + h + sh + w + sw + d + behind);
}
static void print(u64 x) {
  for (int i = 0; i < 16; i++) text[i] = "0123456789abcdef"[x >> (60 - 4 * i) & 15];
  text[16] = '\\n';
  call(4, 1, (long)text, 17);
}
__attribute__((used)) static void start(void) {
  for (int i = 0; i < 5000; i++) step(i);
  u64 all[] = { b, sb, h, sh, w, sw, d, behind };
  for (int i = 0; i < 8; i++) print(all[i]);
  for (int i = 0; i < 64; i++) print(table[i]);
  call(1, d & 127, 0, 0);
}
__asm__(".globl _start\\n_start:\\n stdu 1,-64(1)\\n bl start@notoc\\n");
`;

describeWithOracle("executables of gcc -mcpu=power10 -mpcrel", [gcc, objdump, qemu], () => {
  it.each(["-O0", "-O2", "-Os"])("%s print and exit as on QEMU, on both engines", (level) => {
    const scratch = mkdtempSync(join(tmpdir(), "farcall-power10-"));
    try {
      const [source, elf] = [join(scratch, "main.c"), join(scratch, "main")];
      writeFileSync(source, SOURCE);
      const flags = "-mcpu=power10 -mpcrel -mno-vsx -mno-altivec -ffreestanding -nostdlib -static -o".split(
        " ",
      );
      expect(gcc.run([level, ...flags, elf, source])).toMatchObject({ status: 0, stderr: "" });
      const listing = objdump.run(["-d", "-M", "power10", elf]).stdout.toString("latin1");
      for (const mnemonic of ["pld", "pstd", "plbz", "psth", "plwz", "pla"])
        expect(listing).toContain(`\t${mnemonic} `);
      expect(listing).toMatch(/\tp(addi|li) /);

      const theirs = qemu.run(["-cpu", "power10", elf]);
      expect(theirs.stdout.length).toBe(17 * 72);
      const ours = farcall(["exec", "--cpu", "power10", elf]);
      expect(ours.stdout).toBe(theirs.stdout.toString());
      expect(ours.stderr).toBe(`farcall: the guest exited with code ${theirs.status}\n`);
      const [a, b] = ["interpreter", "reference"].map(
        (engine) =>
          farcallJson(["exec", "--cpu", "power10", "--engine", engine, elf]) as Record<string, unknown>,
      );
      expect(a?.["instructions"]).toBe(b?.["instructions"]);
      expect(a?.["regs"]).toEqual(b?.["regs"]);
      // no such instructions there
      expect(farcall(["exec", "--cpu", "power9", elf]).stderr).toMatch(/illegal instruction|SIGILL/);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
