// Programs that gcc compiles without a C library, run here and by qemu-user.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { KernelUsageError } from "../error.ts";
import { parseExecutable } from "./executable.ts";
import { UserProcess, type UserEnd, type UserOptions } from "./process.ts";

/** How a process ended, and the machine then. */
interface Ended {
  readonly end: UserEnd;
  readonly instructions: number;
  readonly registers: ReturnType<UserProcess["cpu"]["state"]["registers"]>;
}

const SOURCE = `
typedef unsigned long u64;
static long call3(long n, long a, long b, long c) {
  register long r0 asm("r0") = n; register long r3 asm("r3") = a;
  register long r4 asm("r4") = b; register long r5 asm("r5") = c;
  asm volatile("sc\\n\\tbns+ 1f\\n\\tneg 3,3\\n1:" : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
    : : "memory", "cr0", "ctr", "r6", "r7", "r8", "r9", "r10", "r11", "r12");
  return r3;
}
static void put(const char *s) { long n = 0; while (s[n]) n++; call3(4, 1, (long)s, n); }
static void number(u64 v) {
  char b[24]; int i = 23; b[i] = 0; b[--i] = '\\n';
  do b[--i] = "0123456789abcdef"[v & 15]; while (v >>= 4);
  put(b + i);
}
u64 table[1000]; static u64 (*volatile indirect)(u64); u64 data = 0x1122334455667788;
__attribute__((noinline)) u64 collatz(u64 n) { u64 s = 0; while (n != 1) { n = n & 1 ? 3 * n + 1 : n / 2; s++; } return s; }
static void *code(void *f) { return _CALL_ELF == 2 ? f : *(void **)f; }
void run(long *sp) {
  long argc = sp[0]; char **argv = (char **)(sp + 1);
  for (long i = 1; i < argc; i++) { put(argv[i]); put("\\n"); }
  long *e = sp + 1 + argc + 1; while (*e) e++; e++;
  for (; e[0]; e += 2) if (e[0] == 6) number(e[1] != 0);
  indirect = collatz;
  for (int i = 0; i < 1000; i++) table[i] = indirect(i + 1);
  u64 h = 0; for (int i = 0; i < 1000; i++) h = h * 31 + table[i];
  number(h); number(data);
  u64 brk0 = call3(45, 0, 0, 0); u64 brk1 = call3(45, brk0 + 300000, 0, 0);
  number(brk1 - brk0);
  for (u64 p = brk0; p + 8 <= brk1; p += 4096) *(u64 *)p = p - brk0;
  h = 0; for (u64 p = brk0; p + 8 <= brk1; p += 4096) h += *(u64 *)p;
  number(h);
  number(call3(45, brk0, 0, 0) - brk0);
  number(-call3(4, 99, (long)"x", 1)); number(-call3(4, 1, 16, 1));
  if (argc > 1 && argv[1][0] == 'n') *(volatile char *)8 = 1;
  if (argc > 1 && argv[1][0] == 't') *(volatile char *)code(&run) = 1;
  if (argc > 1 && argv[1][0] == 'g') call3(20, 0, 0, 0);
  call3(234, 42, 0, 0);
}
`;
const START = {
  le: 'asm(".globl _start\\n.type _start,@function\\n_start: 0: addis 2,12,.TOC.-0b@ha; addi 2,2,.TOC.-0b@l; mr 3,1; stdu 1,-112(1); bl run");',
  be: 'asm(".globl _start\\n.section .opd,\\"aw\\"\\n.align 3\\n_start: .quad ._start,.TOC.@tocbase,0\\n.text\\n._start: mr 3,1; stdu 1,-112(1); bl .run; nop");',
};
const machines = [
  {
    endian: "le",
    gcc: oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu"),
    qemu: oracle("qemu-ppc64le", "qemu-user"),
  },
  {
    endian: "be",
    gcc: oracle("powerpc64-linux-gnu-gcc", "gcc-powerpc64-linux-gnu"),
    qemu: oracle("qemu-ppc64", "qemu-user"),
  },
] as const;

for (const { endian, gcc, qemu } of machines) {
  describeWithOracle(`a static executable, ${endian}`, [gcc, qemu], () => {
    const folder = mkdtempSync(join(tmpdir(), "farcall-user-"));
    const path = join(folder, "program");
    let elf = new Uint8Array();
    beforeAll(() => {
      writeFileSync(`${path}.c`, `${START[endian]}\n${SOURCE}`);
      const flags =
        "-O2 -mcpu=power8 -mno-vsx -mno-altivec -static -nostdlib -ffreestanding -fno-stack-protector";
      const made = gcc.run([...flags.split(" "), "-o", path, `${path}.c`]);
      expect(made.stderr).toBe("");
      elf = new Uint8Array(readFileSync(path));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });
    const run = (
      args: readonly string[],
      more: Partial<Pick<UserOptions, "cpu" | "engine">> & { readonly maxInsns?: number } = {},
    ): [Ended, string] => {
      const written: Uint8Array[] = [];
      const stdout = (bytes: Uint8Array): number => written.push(bytes);
      const process = new UserProcess({ elf, args: [path, ...args], stdout, ...more });
      const end = process.run(more.maxInsns);
      const { instructions, state } = process.cpu;
      return [{ end, instructions, registers: state.registers() }, Buffer.concat(written).toString()];
    };
    it("writes and exits as under qemu-user", () => {
      const expected = qemu.run([path, "hello", "world"]);
      const [report, output] = run(["hello", "world"]);
      expect(report.end).toEqual({ reason: "exit", exitCode: expected.status });
      expect(output).toBe(expected.stdout.toString());
      const reference = run(["hello", "world"], { engine: "reference" });
      expect(reference[1]).toBe(output);
      expect(reference[0].instructions).toBe(report.instructions);
      expect(reference[0].registers).toEqual(report.registers);
      for (const cpu of ["power8", "power10"] as const)
        expect(run(["hello", "world"], { cpu })[1]).toBe(output);
    });
    it("a stray store and a store into text end in SIGSEGV", () => {
      for (const how of ["null", "text"]) {
        const [{ end }] = run([how]);
        expect(end).toMatchObject({
          reason: "fault",
          detail: expect.stringMatching(/^SIGSEGV: store of 0x0/) as string,
        });
      }
    });
    it("another system call is named", () => {
      expect(run(["getpid"])[0].end).toMatchObject({
        detail: expect.stringContaining("20 (getpid)") as string,
      });
    });
    it("stops after so many instructions", () => {
      const [report] = run([], { maxInsns: 1000 });
      expect(report.end.reason).toBe("max-insns");
      expect(report.instructions).toBe(1000);
    });
    it("a truncated or damaged file is refused or run, never a crash", () => {
      fc.assert(
        fc.property(
          fc.nat(elf.length),
          fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
          (length, changes) => {
            const damaged = elf.slice(0, length < 64 ? length : elf.length);
            for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
            try {
              const stdout = (): void => undefined;
              new UserProcess({ elf: damaged, args: ["p"], stdout, ramBytes: 0x400_0000 }).run(2000);
            } catch (error) {
              expect(error).toBeInstanceOf(KernelUsageError);
              expect((error as Error).message).not.toContain("\n");
            }
          },
        ),
        { numRuns: 200 },
      );
    });
  });
}

describe("what is no executable", () => {
  it("is refused with a line that says why", () => {
    const header = new Uint8Array(64);
    expect(() => parseExecutable(header)).toThrow("not an ELF file");
    header.set([0x7f, 0x45, 0x4c, 0x46, 1]);
    expect(() => parseExecutable(header)).toThrow("not 64-bit");
    header.set([2, 1], 4);
    expect(() => parseExecutable(header)).toThrow("for machine 0, not ppc64");
    header.set([21, 0], 18);
    expect(() => parseExecutable(header)).toThrow("not a static executable");
    expect(() => parseExecutable(header.subarray(0, 20))).toThrow("cut off");
  });
});
