// The eBPF programs of Linux's lib/test_bpf.c, as data: taken out of Debian's linux-source-6.12 when a test runs, by compiling
// the table with small stand-ins for the kernel's headers. Nothing of it is kept. Classic programs are left out.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeInsns, type Endian, type Insn } from "../../bpf/insn.ts";
import { fromHex } from "./hex.ts";

export const LINUX_SOURCE = "/usr/src/linux-source-6.12.tar.xz";
export const haveLinuxSource = (): boolean => existsSync(LINUX_SOURCE);

export interface LinuxTest {
  readonly name: string;
  readonly insns: readonly Insn[];
  /** Bytes of stack that the program uses. */
  readonly stackDepth: number;
  /** Loaded as if the verifier had put in the zero extensions. */
  readonly verifierZext: boolean;
  /** Bytes that R1 points to; undefined where the program gets NULL. */
  readonly data: Uint8Array | undefined;
  /** The low 32 bits of R0, for each run with so many bytes of data. */
  readonly runs: readonly { readonly dataSize: number; readonly result: number }[];
}

/** Our own stand-ins for what the table needs of the kernel. */
const prelude = (endian: Endian): string => `
#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <limits.h>
#include <errno.h>
#include <linux/types.h>
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64;
#define S16_MIN INT16_MIN
#define S16_MAX INT16_MAX
#define S32_MIN INT32_MIN
#define S32_MAX INT32_MAX
#define U32_MAX UINT32_MAX
#define S64_MIN INT64_MIN
#define S64_MAX INT64_MAX
#define U64_MAX UINT64_MAX
#define BIT(n) (1u << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define GFP_KERNEL 0
#define kmalloc_array(n, s, f) calloc((n), (s))
#define kfree free
#define unlikely(x) (x)
#define BUG_ON(x) do { if (x) abort(); } while (0)
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define __init
#define __user
#define __bpf_call_base 0
#define ETH_P_IP 0x0800
#undef __BIG_ENDIAN
#undef __LITTLE_ENDIAN
${endian === "be" ? "#define __BIG_ENDIAN 1" : "#define __LITTLE_ENDIAN 1"}
#define own16(x) ((u16)(x))
#define own32(x) ((u32)(x))
#define own64(x) ((u64)(x))
#define other16(x) ((u16)((((x) & 0xff) << 8) | (((x) >> 8) & 0xff)))
#define other32(x) ((u32)((u32)other16(x) << 16 | other16((u32)(x) >> 16)))
#define other64(x) ((u64)other32(x) << 32 | other32((u64)(x) >> 32))
${["16", "32", "64"]
  .map(
    (bits) =>
      `#define cpu_to_le${bits} ${endian === "le" ? "own" : "other"}${bits}\n#define cpu_to_be${bits} ${endian === "be" ? "own" : "other"}${bits}`,
  )
  .join("\n")}
static u64 div64_u64_rem(u64 a, u64 b, u64 *r) { *r = a % b; return a / b; }
static u64 div64_u64(u64 a, u64 b) { return a / b; }
struct rnd_state { u64 s; };
static void prandom_seed_state(struct rnd_state *r, u64 seed) { r->s = seed; }
static u32 prandom_u32_state(struct rnd_state *r) { return (r->s = r->s * 6364136223846793005ull + 1) >> 32; }
#include "linux/bpf_common.h"
#include "linux/bpf.h"
#include "linux/filter.h"
`;

/** Prints each test: a line of fields, then instructions and data in hex. */
const printer = `
static void hex(const void *p, size_t n) { for (size_t i = 0; i < n; i++) printf("%02x", ((const u8 *)p)[i]); puts(""); }
int main(void) {
  for (size_t t = 0; t < ARRAY_SIZE(tests); t++) {
    struct bpf_test *test = &tests[t];
    if (!(test->aux & INTERNAL) || (test->aux & (FLAG_EXPECTED_FAIL | FLAG_SKB_FRAG))) continue;
    if (test->fill_helper && test->fill_helper(test) < 0) continue;
    const struct bpf_insn *insns = test->fill_helper ? test->u.ptr.insns : test->u.insns_int;
    size_t len = test->fill_helper ? test->u.ptr.len : 0;
    if (!test->fill_helper) for (len = MAX_INSNS - 1; len > 0; len--) if (insns[len].code || insns[len].imm) { len++; break; }
    printf("%d %d %d", test->stack_depth, !!(test->aux & FLAG_VERIFIER_ZEXT), !!(test->aux & FLAG_NO_DATA));
    for (int i = 0; i < MAX_SUBTESTS; i++) {
      if (i > 0 && test->test[i].data_size == 0 && test->test[i].result == 0) break;
      printf(" %d:%u", test->test[i].data_size, test->test[i].result);
    }
    printf("\\n%s\\n", test->descr);
    hex(insns, len * sizeof(*insns));
    hex(test->data, MAX_DATA);
  }
  return 0;
}
`;

const between = (text: string, from: RegExp, to: RegExp): string => {
  const start = text.search(from);
  const rest = text.slice(start);
  return rest.slice(0, rest.search(to));
};

/** Needs gcc and LINUX_SOURCE. */
export function linuxTests(endian: Endian): readonly LinuxTest[] {
  const folder = mkdtempSync(join(tmpdir(), "farcall-test-bpf-"));
  try {
    const root = "linux-source-6.12";
    const uapi = ["bpf.h", "bpf_common.h", "filter.h"].map((name) => `${root}/include/uapi/linux/${name}`);
    const wanted = [`${root}/lib/test_bpf.c`, `${root}/include/linux/filter.h`, ...uapi];
    execFileSync("tar", ["-xJf", LINUX_SOURCE, "-C", folder, ...wanted]);
    const read = (name: string): string => readFileSync(join(folder, root, name), "utf8");
    mkdirSync(join(folder, "linux"));
    writeFileSync(join(folder, "linux/compiler.h"), "");
    for (const path of uapi)
      writeFileSync(
        join(folder, "linux", path.slice(path.lastIndexOf("/") + 1)),
        readFileSync(join(folder, path)),
      );
    const macros = between(
      read("include/linux/filter.h"),
      /^#define BPF_REG_ARG1/m,
      /^#define bytes_to_bpf_size/m,
    );
    const table = between(
      read("lib/test_bpf.c"),
      /^#define MAX_SUBTESTS/m,
      /^static struct net_device dev;/m,
    );
    writeFileSync(join(folder, "dump.c"), prelude(endian) + macros + table + printer);
    execFileSync("gcc", ["-I", folder, "-w", "-O0", "-o", join(folder, "dump"), join(folder, "dump.c")]);
    const output = execFileSync(join(folder, "dump"), { maxBuffer: 2 ** 30 }).toString("utf8");
    return parse(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function parse(output: string): readonly LinuxTest[] {
  const lines = output.split("\n");
  const tests: LinuxTest[] = [];
  for (let at = 0; at + 3 < lines.length; at += 4) {
    const [fields = "", name = "", insns = "", data = ""] = lines.slice(at, at + 4);
    const [stackDepth, verifierZext, noData, ...runs] = fields.split(" ");
    tests.push({
      name,
      insns: decodeInsns(fromHex(insns), "le"),
      stackDepth: Number(stackDepth),
      verifierZext: verifierZext === "1",
      data: noData === "1" ? undefined : fromHex(data),
      runs: runs.map((run) => {
        const [dataSize, result] = run.split(":").map(Number);
        return { dataSize: dataSize ?? 0, result: result ?? 0 };
      }),
    });
  }
  return tests;
}
