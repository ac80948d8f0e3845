// What gcc makes of integer C: every word, or pair of a prefix and its suffix, is an instruction of the processor that it was compiled for.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { hex32, ZERO } from "../../word/long.ts";
import { disassembleAll } from "./disassemble-all.ts";

const gcc = oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu");
const objcopy = oracle("powerpc64le-linux-gnu-objcopy", "binutils-powerpc64le-linux-gnu");

/** Arithmetic of all widths, bit counts, byte order, atomics, bit fields, overflow checks, a switch, structs, strings. */
const source = `
typedef unsigned long u64; typedef unsigned u32; typedef unsigned short u16; typedef unsigned char u8;
typedef unsigned __int128 u128;
u128 mul(u64 a, u64 b) { return (u128)a * b; }
__int128 muls(long a, long b) { return (__int128)a * b; }
u128 add(u128 a, u128 b) { return a + b - 3; }
long divide(long a, long b) { return a / b + a % b + a / 10 + a % 7; }
u32 divideWord(u32 a, u32 b) { return a / b + a % b + a / 10; }
int bits(u64 x) { return __builtin_popcountl(x) + __builtin_parityl(x) + __builtin_clzl(x) + __builtin_ctzl(x); }
int wordBits(u32 x) { return __builtin_popcount(x) + __builtin_parity(x) + __builtin_clz(x) + __builtin_ctz(x); }
u64 reversed(u64 x) { return __builtin_bswap64(x) + __builtin_bswap32(x) + __builtin_bswap16(x); }
u64 loaded(u64 *p) { return __builtin_bswap64(*p) + __builtin_bswap32(*(u32 *)p) + __builtin_bswap16(*(u16 *)p); }
void stored(u64 *p, u64 x) { p[0] = __builtin_bswap64(x); *(u32 *)&p[1] = __builtin_bswap32(x); *(u16 *)&p[2] = __builtin_bswap16(x); }
int exchange(int *p, int a, int b) { return __sync_val_compare_and_swap(p, a, b); }
u8 exchangeByte(u8 *p, u8 a, u8 b) { return __sync_val_compare_and_swap(p, a, b); }
u16 addHalf(u16 *p, u16 a) { return __sync_fetch_and_add(p, a); }
long addDouble(long *p, long a) { return __atomic_add_fetch(p, a, __ATOMIC_ACQ_REL) + __atomic_load_n(p, __ATOMIC_ACQUIRE); }
u64 rotate(u64 x, int n) { return ((x << n) | (x >> (64 - n))) ^ (x << 13) ^ (x >> 7); }
u32 rotateWord(u32 x, int n) { return ((x << n) | (x >> (32 - n))) & 0xff0; }
int overflow(int a, int b, int *r) { return __builtin_add_overflow(a, b, r) | __builtin_mul_overflow(a, b, r + 1); }
int overflowDouble(long a, long b, long *r) { return __builtin_mul_overflow(a, b, r) | __builtin_sub_overflow(a, b, r + 1); }
int order(long a, long b) { return (a > b) - (a < b); }
long shifts(long a, int b, u32 c) { return (a >> b) + ((int)c >> b) + (c >> b) + (a >> 5) + ((long)(int)c << 3); }
struct fields { int a : 3; int b : 7; u32 c : 13; long d : 40; };
long field(struct fields *p, int v) { p->b = v; p->d = v; return p->a + p->c + p->d; }
int choose(int x, int y) { switch (x) { case 0: return y; case 1: return y * 3; case 2: return y / 7; case 3: return y % 11; case 4: return -y; case 5: return ~y; default: return 42; } }
long length(const char *s) { long n = 0; while (*s++) n++; return n; }
void copy(long *d, const long *s, int n) { for (int i = 0; i < n; i++) d[i] = s[i]; }
short halves[100]; int index(int i) { return halves[i] + ((signed char *)halves)[i] + ((int *)halves)[i]; }
struct big { long a[9]; }; struct big give(struct big b) { b.a[3]++; return b; }
long select(long a, long b, long c) { return a < b ? c : a; }
int any(u64 a, u64 b) { return (a & ~b) == 0 || (a | b) == ~0ul; }
void check(int x) { if (x) __builtin_trap(); }
`;

/** No jump tables and no traceback tables between the instructions. */
const codeAlone = ["-fno-jump-tables", "-mtraceback=no"];

/** The words of `.text`. */
function compiled(flags: readonly string[]): number[] {
  const folder = mkdtempSync(join(tmpdir(), "farcall-"));
  try {
    const [input, object, flat] = ["a.c", "a.o", "a.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(input, source);
    const made = gcc.run([
      ...flags,
      ...codeAlone,
      "-mno-vsx",
      "-mno-altivec",
      "-w",
      "-c",
      "-o",
      object,
      input,
    ]);
    if (made.status !== 0) throw new Error(made.stderr);
    objcopy.run(["-O", "binary", "-j", ".text", object, flat]);
    const bytes = readFileSync(flat);
    return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32LE(4 * i));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeWithOracle("code of gcc", [gcc, objcopy], () => {
  it.each([
    ["-O2", "power8"],
    ["-Os", "power8"],
    ["-O3", "power9"],
    ["-O2", "power10"],
    ["-Os", "power10"],
  ] as const)("%s -mcpu=%s", (level, cpu) => {
    const found = [...disassembleAll(compiled([level, `-mcpu=${cpu}`]), ZERO, { cpu })];
    expect(found.length).toBeGreaterThan(250);
    const unknown = found.filter(({ text }) => text.startsWith(".long"));
    expect(unknown.map(({ words }) => words.map(hex32).join(" "))).toEqual([]);
    expect(found.some(({ words }) => words.length === 2)).toBe(cpu === "power10");
  });
});
