// What modules get from kmalloc and its kin, and what happens to what they give back wrongly.
import { describe, expect, it } from "vitest";
import { u64, ZERO, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";

function machine(): {
  readonly kernel: Kernel;
  readonly call: (symbol: string, ...args: readonly U64[]) => U64 | string;
} {
  const kernel = new Kernel({ ramBytes: 64 * 1024 ** 2 });
  expect(kernel.modules.list).toEqual([]);
  return {
    kernel,
    call: (symbol, ...args) => {
      const outcome = kernel.call(kernel.text.exported(symbol) ?? ZERO, args);
      return outcome.kind === "return" ? outcome.value : outcome.kind;
    },
  };
}

describe("memory for modules", () => {
  it("kmalloc gives zeroed memory of the linear map, kfree takes it once and NULL always", () => {
    const { kernel, call } = machine();
    const memory = call("__kmalloc", u64(100), ZERO) as U64;
    expect(memory.high >>> 0).toBe(0xc000_0000);
    expect(kernel.read(memory, 100)).toEqual(new Uint8Array(100));
    expect(call("kfree", memory)).toEqual(ZERO);
    expect(call("kfree", memory)).toBe("oops");
    expect(call("kfree", memory.add(8))).toBe("oops");
    expect(call("kfree", ZERO)).toEqual(ZERO);
  });

  it("0 bytes are ZERO_SIZE_PTR; more than there is, or an array that overflows, are NULL", () => {
    const { call } = machine();
    expect(call("kzalloc", ZERO)).toEqual(u64(16));
    expect(call("kfree", u64(16))).toEqual(ZERO);
    expect(call("__kmalloc", u64(2 ** 30))).toEqual(ZERO);
    expect(call("kcalloc", u64(2 ** 33), u64(2 ** 33))).toEqual(ZERO);
    expect(call("vmalloc", u64(2 ** 40))).toEqual(ZERO);
  });

  it("krealloc keeps what fits", () => {
    const { kernel, call } = machine();
    const memory = call("kmalloc", u64(8)) as U64;
    kernel.store(memory, 8, u64(0x1234));
    const more = call("krealloc", memory, u64(5000)) as U64;
    expect(more.eq(memory)).toBe(false);
    expect(kernel.load(more, 8)).toEqual(u64(0x1234));
    expect(call("kfree", memory)).toBe("oops");
  });

  it("vmalloc gives an area, kvfree takes both kinds", () => {
    const { kernel, call } = machine();
    const area = call("vmalloc", u64(100_000)) as U64;
    expect(kernel.vmalloc.find(area)).toMatchObject({ address: area });
    expect(call("kvfree", area)).toEqual(ZERO);
    expect(call("kvfree", call("kmalloc", u64(10)) as U64)).toEqual(ZERO);
    expect(call("vfree", area)).toBe("oops");
  });
});

it("panic ends the run with an oops that says why, in the log too", () => {
  const { kernel } = machine();
  const format = kernel.allocate(32);
  kernel.write(format, new TextEncoder().encode("no %d\0"));
  const outcome = kernel.call(kernel.text.exported("panic") ?? ZERO, [format, u64(5)]);
  expect(outcome).toMatchObject({ kind: "oops", oops: { detail: "Kernel panic - not syncing: no 5" } });
  expect(kernel.log.lines.map(({ text }) => text)).toEqual(["Kernel panic - not syncing: no 5"]);
});
