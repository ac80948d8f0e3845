// printk as guest code calls it: levels, continuations, pointers, strings that cannot be read. What C's printf has too is
// compared with QEMU by the example modules.
import { describe, expect, it } from "vitest";
import { parseU64, u64, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { LEVELS, logText } from "../log.ts";

function machine(abi: "elfv1" | "elfv2" = "elfv2"): {
  readonly kernel: Kernel;
  readonly printk: (format: string, ...args: readonly (U64 | number)[]) => number;
} {
  const kernel = new Kernel({ abi, endian: abi === "elfv2" ? "le" : "be", ramBytes: 64 * 1024 ** 2 });
  expect(kernel.modules.list).toEqual([]);
  const pointer = kernel.text.exported("_printk") ?? u64(0);
  const format = kernel.allocate(256);
  return {
    kernel,
    printk: (text, ...args) => {
      kernel.write(format, new TextEncoder().encode(`${text}\0`));
      const values = args.map((value) => (typeof value === "number" ? u64(value) : value));
      const outcome = kernel.call(pointer, [format, ...values]);
      return outcome.kind === "return" ? outcome.value.low : NaN;
    },
  };
}

describe("printk", () => {
  it("a level stands before the text; without one it is a warning", () => {
    const { kernel, printk } = machine();
    expect(printk("\u00013bad %d\n", 7)).toBe(6);
    printk("plain\n");
    expect(kernel.log.lines.map(({ level, text }) => [level, text])).toEqual([
      [LEVELS.err, "bad 7"],
      [LEVELS.warning, "plain"],
    ]);
  });

  it("a line without end goes on with KERN_CONT alone; one text may have several lines", () => {
    const { kernel, printk } = machine();
    printk("one ");
    printk("\u0001ctwo\nthree\n");
    printk("open");
    printk("another");
    expect(kernel.log.lines.map(({ text }) => text)).toEqual(["one two", "three", "open", "another"]);
  });

  it("%p is the same for the same address, and not the address; %px is; NULL is told", () => {
    const { kernel, printk } = machine();
    const address = parseU64("0xc000000001234560") ?? u64(0);
    printk("%p %p %px [%p]\n", address, address, address, 0);
    const [first = "", second, shown, ...rest] = kernel.log.lines[0]?.text.split(" ") ?? [];
    expect(first).toMatch(/^0{8}[0-9a-f]{8}$/);
    expect([second, shown]).toEqual([first, "c000000001234560"]);
    expect(rest.join(" ")).toMatch(/^\[ +\(null\)\]$/);
  });

  it.each(["elfv2", "elfv1"] as const)("%%pS names a function, on %s", (abi) => {
    const { kernel, printk } = machine(abi);
    printk("%pS %ps\n", kernel.text.exported("kfree") ?? u64(0), kernel.text.exported("kfree") ?? u64(0));
    expect(kernel.log.lines[0]?.text).toMatch(/^kfree\+0x0\/0x[0-9a-f]+ kfree$/);
  });

  it("strings that cannot be read are told; a format that cannot be read is an oops", () => {
    const { kernel, printk } = machine();
    printk("%s %s\n", 0, parseU64("0xd000000000000000") ?? u64(0));
    expect(kernel.log.lines[0]?.text).toBe("(null) (efault)");
    const outcome = kernel.call(kernel.text.exported("_printk") ?? u64(0), [u64(64)]);
    expect(outcome).toMatchObject({ kind: "oops", oops: { dar: u64(64) } });
  });

  it("the time of a line is printed as dmesg does", () => {
    expect(logText({ level: 4, time: u64(12_345_678_901), text: "x" })).toBe("[   12.345678] x");
  });
});
