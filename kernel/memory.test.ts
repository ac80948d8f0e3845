// Memory by effective address: accesses across boundaries and at odd places. Faults are values, whatever the length.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";

const RAM = 0x400_0000;
const PAGE = 0x1_0000;

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

describe("kernel memory", () => {
  it("accesses that cross pages, granules and the linear map's end are whole or fault without a trace", () => {
    for (const layout of ["hash64k-4.15", "radix64k-6.12"]) {
      const kernel = new Kernel({ ramBytes: RAM, layout });
      const two = kernel.moduleAlloc(2 * PAGE);
      if (two === undefined) throw new Error("no memory");
      const value = fromHalves(0x0102_0304, 0x0506_0708);
      for (const offset of [PAGE - 3, 0x1000 - 5, 8]) {
        expect(kernel.store(two.add(offset), 8, value)).toBeUndefined();
        expect(kernel.load(two.add(offset), 8)).toEqual(value);
        expect(kernel.load(two.add(offset), 4)).toEqual(u64(0x0506_0708));
      }
      const end = two.add(2 * PAGE - 4);
      expect(kernel.store(end, 8, value)).toBeInstanceOf(MemoryFault);
      expect(kernel.load(end, 4)).toEqual(u64(0));
      const linearEnd = fromHalves(0xc000_0000, RAM - 4);
      expect(kernel.store(linearEnd, 8, value)).toBeInstanceOf(MemoryFault);
      expect(kernel.load(linearEnd, 4)).toEqual(u64(0));
      expect(kernel.load(u64(-4), 8)).toBeInstanceOf(MemoryFault);
      expect(kernel.read(u64(-4), 100)).toBeInstanceOf(MemoryFault);
    }
  });
  it("kernel text may be read, not written", () => {
    const kernel = new Kernel({ ramBytes: RAM });
    expect(kernel.load(kernel.text.bpfCallBase, 4)).toEqual(u64(0x3860_0000));
    expect(kernel.store(kernel.text.bpfCallBase, 4, u64(0))).toMatchObject({ access: "store", bytes: 4 });
    expect(kernel.write(kernel.text.bpfCallBase, new Uint8Array(4))).toBeInstanceOf(MemoryFault);
  });
});
