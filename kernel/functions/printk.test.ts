// printk as guest code calls it: levels, continuations, pointers, strings that cannot be read. What C's printf has too is
// compared with QEMU by the example modules.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { fromHalves, parseU64, u64, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { LEVELS, logText } from "../log.ts";

function machine(
  abi: "elfv1" | "elfv2" = "elfv2",
  layout = "hash64k-4.15",
): {
  readonly kernel: Kernel;
  readonly printk: (format: string, ...args: readonly (U64 | number)[]) => number;
} {
  const kernel = new Kernel({ abi, layout, endian: abi === "elfv2" ? "le" : "be", ramBytes: 64 * 1024 ** 2 });
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
    // printk_sprint takes the level and the line end away before it counts.
    expect(printk("\u00013bad %d\n", 7)).toBe(5);
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

  it.each(["elfv2", "elfv1"] as const)("a conversion to a symbol names a function, on %s", (abi) => {
    const { kernel, printk } = machine(abi);
    printk("%pS %ps\n", kernel.text.exported("kfree") ?? u64(0), kernel.text.exported("kfree") ?? u64(0));
    expect(kernel.log.lines[0]?.text).toMatch(/^kfree\+0x0\/0x[0-9a-f]+ kfree$/);
  });

  it.each(["elfv2", "elfv1"] as const)(
    "a conversion to a symbol names the function that an address is in, on %s",
    (abi) => {
      const { kernel, printk } = machine(abi);
      const pointer = kernel.text.exported("kfree") ?? u64(0);
      const code = abi === "elfv1" ? kernel.load(pointer, 8) : pointer;
      if (code instanceof MemoryFault) throw new Error("no descriptor");
      printk("%pS %ps %pS\n", code.add(4), code, 0x10);
      expect(kernel.log.lines[0]?.text).toMatch(/^kfree\+0x4\/0x[0-9a-f]+ kfree 0x10$/);
    },
  );

  // Expected: check_pointer_msg and ptr_to_id of 6.12; 4.15's string and pointer know NULL alone.
  it.each([
    ["hash64k-4.15", /^\(null\) \(null\) {11}\(null\) 0{8}[0-9a-f]{8} 0{8}[0-9a-f]{8}$/],
    ["hash64k-6.12", /^\(null\) \(efault\) 0000000000000000 fffffffffffffff4 0{8}[0-9a-f]{8}$/],
  ])("NULL and error numbers are told as %s tells them", (layout, line) => {
    const { kernel, printk } = machine("elfv2", layout);
    const linear = fromHalves(0xc000_0000, 8);
    printk("%s %s %p %p %pK\n", 0, 8, 0, u64(-12), linear);
    expect(kernel.log.lines[0]?.text).toMatch(line);
  });

  // Expected: lib/vsprintf.c number, where it differs from C's printf.
  it("numbers are padded with zeros whatever the precision, pointers to the width that is given", () => {
    const { kernel, printk } = machine();
    printk("[%08.3d] [%#o] [%#o] [%6px] [%06px]\n", 5, 0, 8, 0x123, 0x123);
    expect(kernel.log.lines[0]?.text).toBe("[00000005] [0] [010] [   123] [000123]");
  });

  it("a string or a format that cannot be read is an oops", () => {
    const { kernel } = machine();
    const dar = fromHalves(0xd000_0000, 0);
    const format = kernel.allocate(16);
    kernel.write(format, new TextEncoder().encode("%s\0"));
    const pointer = kernel.text.exported("_printk") ?? u64(0);
    expect(kernel.call(pointer, [format, dar])).toMatchObject({ kind: "oops", oops: { dar } });
    expect(kernel.call(pointer, [u64(64)])).toMatchObject({ kind: "oops", oops: { dar: u64(64) } });
  });

  it("the time of a line is printed as dmesg does", () => {
    expect(logText({ level: 4, time: u64(12_345_678_901), text: "x" })).toBe("[   12.345678] x");
  });
});
