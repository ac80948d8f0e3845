// For tests: objects that clang makes of C text. Not part of the library.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { oracle } from "./oracles.ts";
import type { Endian } from "../bpf/insn.ts";

export const clang = oracle("clang", "clang");

/** What every test program starts with: libbpf's macros, in our words. */
export const PREAMBLE = `
#define SEC(n) __attribute__((section(n), used))
#define NOINLINE __attribute__((noinline))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
typedef unsigned int u32; typedef unsigned long long u64;
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_tail_call)(void *ctx, void *map, u32 i) = (void *)12;
static long (*bpf_for_each_map_elem)(void *map, void *cb, void *ctx, u64 flags) = (void *)164;
`;

/** What clang made: the bytes, and until `dispose` the file. */
export interface Compiled {
  readonly bytes: Uint8Array;
  readonly path: string;
  /** The same as assembly text. */
  readonly assembly: () => string;
  readonly dispose: () => void;
}

/** Compiles C text behind PREAMBLE. */
export function compile(source: string, endian: Endian = "le", flags: readonly string[] = ["-g"]): Compiled {
  const folder = mkdtempSync(join(tmpdir(), "farcall-clang-"));
  const [input, path] = [join(folder, "t.c"), join(folder, "t.o")];
  writeFileSync(input, PREAMBLE + source);
  const target = endian === "le" ? "bpfel" : "bpfeb";
  const run = (...output: readonly string[]): Buffer => {
    const made = clang.run(["-target", target, "-O2", ...flags, input, ...output]);
    if (made.status !== 0) throw new Error(`clang: ${made.stderr}`);
    return made.stdout;
  };
  run("-c", "-o", path);
  return {
    bytes: new Uint8Array(readFileSync(path)),
    path,
    assembly: () => run("-S", "-o", "-").toString(),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}
