import { describe, expect, it } from "vitest";
import { hex64, u64, ZERO, type U64 } from "../../word/long.ts";
import { MemoryFault } from "../memory.ts";
import { testKernel, type TestKernel } from "../test/kernel.ts";
import { createRandom } from "./random.ts";
import { helperByName, helpers } from "./table.ts";

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function call(kernel: TestKernel, name: string, ...args: readonly (U64 | number)[]): U64 {
  const values = Array.from({ length: 5 }, (_, i) => u64OrSelf(args[i] ?? 0));
  const [r1 = ZERO, r2 = ZERO, r3 = ZERO, r4 = ZERO, r5 = ZERO] = values;
  const helper = helperByName(name);
  if (helper === undefined) throw new Error(`no helper ${name}`);
  const result = helper.call(kernel.core.helperContext, r1, r2, r3, r4, r5);
  if (result instanceof MemoryFault) throw new Error(`fault at ${hex64(result.address)}`);
  return result;
}
const u64OrSelf = (value: U64 | number): U64 => (typeof value === "number" ? u64(value) : value);

/** Bytes in guest memory, and their address. */
function place(kernel: TestKernel, bytes: Uint8Array): U64 {
  const address = kernel.memory.allocate(bytes.length);
  kernel.memory.write(address, bytes);
  return address;
}

/** The message and r0 of a bpf_trace_printk. */
function print(format: string, ...args: readonly (U64 | number)[]): string {
  const kernel = testKernel();
  const bytes = ascii(`${format}\0`);
  const r0 = call(kernel, "trace_printk", place(kernel, bytes), bytes.length, ...args);
  return kernel.messages[0] ?? `r0 = ${r0.toSigned().toString()}`;
}

describe("bpf_trace_printk", () => {
  // The C standard's printf decides what each conversion gives.

  it.each([
    ["plain", [], "plain"],
    ["%d %u %x", [-1, -1, -1], "-1 4294967295 ffffffff"],
    ["%lld %llu %llx", [-1, -1, -1], "-1 18446744073709551615 ffffffffffffffff"],
    ["%ld %li %lx", [-2, -3, 255], "-2 -3 ff"],
    ["%i%%", [50], "50%"],
    ["%c%c%c", [0x61, 0x62, 0x63], "abc"],
    ["[%5d] [%-5d] [%05d]", [42, 42, -42], "[   42] [42   ] [-0042]"],
    ["%#x %X", [255, 255], "0xff FF"],
    ["%px", [0x1234], "0000000000001234"],
    ["%p %pS", [0x12, 0x34], "##############12 SSSSSSSSSSSSSS34"], // as the kernel around it says
  ] as const)("%s", (format, args, message) => {
    expect(print(format, ...args)).toBe(message);
  });
  it("%s reads a string in guest memory", () => {
    const kernel = testKernel();
    const format = ascii("<%s>\0");
    const text = place(kernel, ascii("hello\0"));
    const r0 = call(kernel, "trace_printk", place(kernel, format), format.length, text);
    expect(kernel.messages).toEqual(["<hello>"]);
    expect(r0).toEqual(u64(7));
  });
  it.each(["%d %d %d %d", "%f", "%", "%n", "caf\u00e9", "\u0001"])("refuses %j with -EINVAL", (format) => {
    expect(print(format, 1, 2, 3)).toBe("r0 = -22");
  });
  it.each(["%999999999d", "%0999999999d", "%-999999999d"])("cuts what %s makes", (format) => {
    expect(print(format, 5)).toHaveLength(1023); // BPF_TRACE_PRINTK_SIZE is 1024 [Linux 6.12 kernel/trace/bpf_trace.c]
  });
  it("refuses a format without its NUL", () => {
    const kernel = testKernel();
    expect(call(kernel, "trace_printk", place(kernel, ascii("abc")), 3)).toEqual(u64(-22));
  });
});

describe("helpers without arguments", () => {
  it("give the clock and the CPU of the kernel they run in", () => {
    const kernel = testKernel();
    expect(call(kernel, "ktime_get_ns")).toEqual(u64(1000));
    expect(call(kernel, "get_smp_processor_id")).toEqual(u64(3));
  });
  it("get_prandom_u32 repeats with its seed and differs with another", () => {
    const numbers = (seed: number): readonly number[] => {
      const next = createRandom(seed);
      return Array.from({ length: 50 }, next);
    };
    expect(numbers(5)).toEqual(numbers(5));
    expect(numbers(5)).not.toEqual(numbers(6));
    expect(new Set(numbers(0)).size).toBe(50);
    expect(numbers(0).every((n) => n >= 0 && n <= 0xffff_ffff)).toBe(true);
  });
});

describe("bpf_csum_diff", () => {
  it("of new bytes alone is the sum of RFC 1071's example", () => {
    // RFC 1071, 3: 0001 f203 f4f5 f6f7 add up to ddf2 with the carry.
    const kernel = testKernel("be");
    const bytes = place(kernel, Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7));
    expect(call(kernel, "csum_diff", 0, 0, bytes, 8, 0)).toEqual(u64(0xddf2));
  });
  it("fills up a last word", () => {
    const kernel = testKernel("be");
    const bytes = place(kernel, Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6));
    expect(call(kernel, "csum_diff", 0, 0, bytes, 7, 0)).toEqual(u64(0xdcfb));
  });
});

describe("the table of helpers", () => {
  it("has no number, name or symbol twice", () => {
    for (const key of ["id", "name", "symbol"] as const)
      expect(new Set(helpers.map((h) => h[key])).size).toBe(helpers.length);
  });
  it("has Linux's numbers", () => {
    const numbers = Object.fromEntries(
      helpers.filter(({ id }) => id > 0).map(({ id, symbol }) => [symbol, id]),
    );
    expect(numbers).toEqual({
      bpf_map_lookup_elem: 1,
      bpf_map_update_elem: 2,
      bpf_map_delete_elem: 3,
      bpf_ktime_get_ns: 5,
      bpf_trace_printk: 6,
      bpf_user_rnd_u32: 7,
      bpf_get_smp_processor_id: 8,
      bpf_skb_load_bytes: 26,
      bpf_csum_diff: 28,
    });
  });
});
