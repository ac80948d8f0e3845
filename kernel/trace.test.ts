// bpf_trace_printk in a kernel: what it prints for pointers. The other conversions are bpf/helpers/helpers.test.ts's.
import { describe, expect, it } from "vitest";
import { helperByName } from "../bpf/helpers/table.ts";
import { fromHalves, u64, ZERO, type U64 } from "../word/long.ts";
import { Kernel } from "./kernel.ts";

function traced(kernel: Kernel, format: string, value: U64): string | undefined {
  const bytes = Uint8Array.from(`${format}\0`, (c) => c.charCodeAt(0));
  const at = kernel.allocate(bytes.length);
  kernel.write(at, bytes);
  helperByName("trace_printk")?.call(
    kernel.bpf.core.helperContext,
    at,
    u64(bytes.length),
    value,
    value,
    ZERO,
  );
  return kernel.bpf.trace.at(-1);
}

describe("bpf_trace_printk of a pointer", () => {
  const address = fromHalves(0xc000_0000, 0x1234_5678);
  it.each(["hash64k-4.15", "radix64k-6.12"])("%%p and %%pK give a hash, always the same: %s", (layout) => {
    const kernel = new Kernel({ layout });
    const hash = kernel.pointerHash.text(address);
    expect(traced(kernel, "%p %p", address)).toBe(`${hash} ${hash}`);
    expect(traced(kernel, "%pK|%20p", address)).toBe(`${hash}|    ${hash}`);
    expect(traced(kernel, "%p", ZERO)).toBe(
      layout.endsWith("4.15") ? "          (null)" : "0000000000000000",
    );
  });
  it("%px gives the address", () => {
    expect(traced(new Kernel(), "%px", address)).toBe("c000000012345678");
  });
  it.each(["elfv2", "elfv1"] as const)("%%pS and %%ps give names, on %s", (abi) => {
    const kernel = new Kernel({ abi, endian: abi === "elfv1" ? "be" : "le" });
    expect(kernel.modules.list).toEqual([]);
    const kfree = kernel.text.exported("kfree") ?? ZERO;
    expect(traced(kernel, "%pS %ps", kfree)).toMatch(/^kfree\+0x0\/0x[0-9a-f]+ kfree$/);
  });
});
