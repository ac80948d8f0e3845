import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHalves, hex64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { vsidOf } from "./vsid.ts";

describe("virtual segment numbers", () => {
  it("are those of a kernel that was seen: 0xea1b217 for the linear map, 0xd43642f for vmalloc", () => {
    // slb_shadow of a 4.18 kernel on POWER8: 0x400ea1b217000510 and 0x400d43642f000510 [github.com/linuxppc/linux/issues/184];
    // its linear map had 64K pages (LLP 110), here it has 16M (100).
    const kernel = new Kernel({ layout: "hash64k-4.15", ramBytes: 0x400_0000 });
    const area = kernel.vmallocNodeRange({
      size: 1,
      start: fromHalves(0xd000_0000, 0),
      end: fromHalves(0xd000_3800, 0),
    });
    if (area === undefined) throw new Error("no memory");
    kernel.load(area, 8);
    const entries = [0, 1, 2].map((n) => kernel.cpu.slb.at(n));
    expect(
      entries.map((entry) =>
        entry === undefined ? undefined : [hex64(entry.esidWord), hex64(entry.vsidWord)],
      ),
    ).toEqual([
      ["0xc000000008000000", "0x400ea1b217000500"],
      undefined,
      ["0xd000000008000000", "0x400d43642f000510"],
    ]);
  });
  it("are context and segment times the multiplier modulo 2^bits - 1", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 19 - 1),
        fc.nat(0xffff_ffff),
        fc.nat(0xffff_ffff),
        fc.constantFrom(28, 40),
        (context, high, low, shift) => {
          const ea = (BigInt(high) << 32n) | BigInt(low);
          const esidBits = BigInt(68 - 19 - shift);
          const proto = (BigInt(context) << esidBits) | ((ea >> BigInt(shift)) & ((1n << esidBits) - 1n));
          const product = (proto * 12_538_073n) & (2n ** 64n - 1n);
          const vsid = vsidOf(context, fromHalves(high, low), shift === 28 ? 28 : 40);
          expect(BigInt(hex64(vsid))).toBe(product % (2n ** BigInt(68 - shift) - 1n));
        },
      ),
    );
  });
});
