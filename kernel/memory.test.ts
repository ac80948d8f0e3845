// Reading and writing at odd places: faults are values, whatever the length.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";

const RAM = 0x400_0000;

function faultOf(result: Uint8Array | MemoryFault | undefined): string {
  if (!(result instanceof MemoryFault)) throw new Error("no fault");
  return `${result.access} ${hex64(result.address)}`;
}

describe.each(["hash64k-4.15", "radix4k-6.12"])("memory of %s", (layout) => {
  const kernel = new Kernel({ layout, ramBytes: RAM });
  const places: readonly (readonly [U64, string])[] = [
    [u64(0), "0x0000000000000000"],
    [linear(RAM), hex64(linear(RAM))],
    [linear(RAM - 1), hex64(linear(RAM))],
    [fromHalves(0xd000_0000, 0), "0xd000000000000000"],
    [u64(-1), "0xffffffffffffffff"],
  ];
  it("a length that no host has room for is a fault at the first byte that is not mapped", () => {
    for (const [address, first] of places)
      for (const length of [0x1000, 2 ** 31, 2 ** 40, 2 ** 53 - 1])
        expect(faultOf(kernel.read(address, length))).toBe(`load ${first}`);
  });
  it("an access that would go on at 0 behind the last address is a fault, and nothing is written", () => {
    expect(faultOf(kernel.write(u64(-1), Uint8Array.of(1, 2)))).toBe("store 0xffffffffffffffff");
    expect(faultOf(kernel.write(linear(RAM - 1), Uint8Array.of(0xab, 2)))).toBe(
      `store ${hex64(linear(RAM))}`,
    );
    expect(kernel.read(linear(RAM - 1), 1)).toEqual(Uint8Array.of(0));
  });
});
