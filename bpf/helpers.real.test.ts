// Maps and helpers against the kernel of this machine: one C program that does what the packet tells it to.
import fc from "fast-check";
import { expect, it } from "vitest";
import { clang, compile } from "../test/clang.ts";
import { describeWithKernel } from "../test/kernel-bpf.ts";
import { describeWithOracle } from "../test/oracles.ts";
import { BpfObject } from "./elf/object.ts";
import { testKernel } from "./test/kernel.ts";
import { RealProgram } from "./test/real-kernel.ts";
import { check } from "./verifier/check.ts";

const SOURCE = `
typedef unsigned char u8;
static long (*update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*drop)(void *map, const void *key) = (void *)3;
static long (*print)(const char *format, u32 bytes, ...) = (void *)6;
static long (*load_bytes)(void *ctx, u32 at, void *to, u32 bytes) = (void *)26;
static long (*csum_diff)(void *from, u32 from_bytes, void *to, u32 to_bytes, u32 seed) = (void *)28;
struct { __uint(type, 1); __uint(max_entries, 5); __type(key, u64); __type(value, u32[3]); } hash SEC(".maps");
struct { __uint(type, 1); __uint(max_entries, 5); __type(key, u64); __type(value, u32[3]); __uint(map_flags, 1); } lazy SEC(".maps");
struct { __uint(type, 2); __uint(max_entries, 5); __type(key, u32); __type(value, u32[3]); } array SEC(".maps");
struct step { u32 what, key, value, flags; long result; long found; };
static inline long found(u32 *value) { return value ? value[0] + ((u64)value[2] << 32) : -1; }
SEC("xdp") int script(struct xdp_md *ctx)
{
    u8 *start = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
    struct step *step = (struct step *)(start + 16);
#pragma unroll
    for (int i = 0; i < 12; i++, step++) {
        if ((u8 *)(step + 1) > end)
            return i;
        u64 key = step->key;
        u32 short_key = step->key;
        u32 value[3] = { step->value, 7, step->value + i };
        switch (step->what) {
        case 0: step->result = update(&hash, &key, value, step->flags); step->found = found(bpf_map_lookup_elem(&hash, &key)); break;
        case 1: step->result = drop(&hash, &key); step->found = found(bpf_map_lookup_elem(&hash, &key)); break;
        case 2: step->result = update(&lazy, &key, value, step->flags); step->found = found(bpf_map_lookup_elem(&lazy, &key)); break;
        case 3: step->result = drop(&lazy, &key); step->found = found(bpf_map_lookup_elem(&lazy, &key)); break;
        case 4: step->result = update(&array, &short_key, value, step->flags); step->found = found(bpf_map_lookup_elem(&array, &short_key)); break;
        case 5: step->result = drop(&array, &short_key); step->found = found(bpf_map_lookup_elem(&array, &short_key)); break;
        }
    }
    return 100;
}
SEC("xdp") int sums(struct xdp_md *ctx)
{
    u8 *start = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
    if (start + 120 > end)
        return 1;
    u32 *in = (u32 *)(start + 16);
    long *out = (long *)(start + 56);
    u32 seed = in[9], a[4] = { in[0], in[1], in[2], in[3] }, b[5] = { in[4], in[5], in[6], in[7], in[8] };
    out[0] = csum_diff(a, 16, b, 20, seed);
    out[1] = csum_diff(0, 0, b, 20, seed);
    out[2] = csum_diff(a, 16, 0, 0, seed);
    out[3] = csum_diff(0, 0, 0, 0, seed);
    out[4] = csum_diff(a, 4, b, 4, seed);
    out[5] = csum_diff(a, 2, b, 4, seed);
    return 2;
}
SEC("xdp") int prints(struct xdp_md *ctx)
{
    u8 *start = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
    if (start + 120 > end)
        return 1;
    u64 *in = (u64 *)(start + 16);
    long *out = (long *)(start + 40);
#define PRINT(i, text) { static const char format[] = text; out[i] = print(format, sizeof(format), in[0], in[1], in[2]); }
    PRINT(0, "%d %u %x") PRINT(1, "%lld %llu %llx") PRINT(2, "%d %d %d %d") PRINT(3, "%ld%%")
    PRINT(4, "%f") PRINT(5, "%s") PRINT(6, "%c|%5d|%-7x|") PRINT(7, "%p") PRINT(8, "%")
    return 2;
}
struct __sk_buff { u32 fields[19]; u32 data; u32 data_end; };
SEC("tc") int loads(struct __sk_buff *ctx)
{
    u8 *start = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
    if (start + 64 > end)
        return 1;
    u64 a = 0, b = 0, at = *(u32 *)(start + 16);
    long *out = (long *)(start + 24);
    out[0] = load_bytes(ctx, at, &a, 7);
    out[1] = a;
    out[2] = load_bytes(ctx, at, &b, 1);
    out[3] = b;
    return 2;
}
char gpl[] SEC("license") = "GPL";
`;

/** The answers of both kernels to packets, one after another on one loaded program. */
class Pair {
  readonly #object = compile(SOURCE);
  readonly #real: RealProgram;
  readonly #ours: ReturnType<ReturnType<typeof testKernel>["core"]["load"]>;

  constructor(program: string) {
    this.#ours = testKernel().core.load(BpfObject.parse(this.#object.bytes).link(program), { check });
    // Last, since it has to be unloaded again.
    this.#real = RealProgram.ofObject(this.#object.path, program);
  }

  expectSame(data: Uint8Array): void {
    const real = this.#real.run({ data });
    const ours = this.#ours.testRun({
      dataIn: data,
      run: (context) => this.#ours.interpret([context], 100_000),
    });
    if (ours.kind !== "done") throw new Error(`stopped: ${ours.outcome.kind}`);
    expect({ retval: ours.retval, data: ours.dataOut }).toEqual({ retval: real?.retval, data: real?.data });
  }

  close(): void {
    this.#real.close();
    this.#object.dispose();
  }
}

function using(program: string, use: (pair: Pair) => void): void {
  const pair = new Pair(program);
  try {
    use(pair);
  } finally {
    pair.close();
  }
}

const packetOf = (bytes: number, words: readonly number[]): Uint8Array => {
  const data = new Uint8Array(bytes);
  words.forEach((word, i) => new DataView(data.buffer).setUint32(16 + 4 * i, word, true));
  return data;
};

describeWithKernel("maps and helpers as the kernel of this machine has them", () => {
  describeWithOracle("with clang", [clang], () => {
    it("maps answer every sequence of updates, deletions and lookups alike", () => {
      using("script", (pair) => {
        const step = fc.tuple(fc.nat(5), fc.nat(7), fc.nat(1000), fc.constantFrom(0, 1, 2, 3, 8));
        const property = fc.property(fc.array(step, { minLength: 12, maxLength: 12 }), (steps) => {
          const words = steps.flatMap(([what, key, value, flags]) => [what, key, value, flags, 0, 0, 0, 0]);
          pair.expectSame(packetOf(16 + 12 * 32, words));
        });
        fc.assert(property, { numRuns: 60, endOnFailure: true });
      });
    });

    it("checksums are alike, both zeros of ones' complement included", () => {
      using("sums", (pair) => {
        const word = fc.oneof(fc.constantFrom(0, 0xffff_ffff, 0xffff, 0xffff_0000, 1), fc.nat(0xffff_ffff));
        const property = fc.property(fc.array(word, { minLength: 10, maxLength: 10 }), (words) =>
          pair.expectSame(packetOf(120, words)),
        );
        fc.assert(property, { numRuns: 60, endOnFailure: true });
      });
    });

    it("packet bytes are loaded alike, up to the last one", () => {
      using("loads", (pair) => {
        for (const at of [0, 1, 13, 57, 58, 60, 63, 64, 65, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])
          pair.expectSame(packetOf(64, [at, 0x1234_5678]));
      });
    });

    it("bpf_trace_printk returns the same lengths and errors", () => {
      using("prints", (pair) => {
        for (const words of [
          [1, 0, 2, 0, 3, 0],
          [0xffff_ffff, 0xffff_ffff, 0xffff_fff0, 0xffff_ffff, 0x8000_0000, 1],
        ])
          pair.expectSame(packetOf(120, words));
      });
    });
  });
});
