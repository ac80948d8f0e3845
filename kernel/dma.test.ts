// What a device is told: __pa of the address, which on 4.15 makes RAM of vmalloc addresses too; since 5.5 these are refused.
import { expect, it } from "vitest";
import { fromHalves } from "../word/long.ts";
import { dmaMapSingle } from "./dma.ts";
import { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";

const RAM = 0x400_0000;

it("the device is told the real address of the linear map", () => {
  for (const layout of ["hash64k-4.15", "radix64k-6.12"])
    expect(dmaMapSingle(new Kernel({ layout, ramBytes: RAM }), linear(0x123_4560))).toBe(0x123_4560);
});
it("4.15 masks the highest four bits of a vmalloc address, 6.12 refuses it", () => {
  const old = new Kernel({ layout: "hash64k-4.15", ramBytes: RAM });
  expect(dmaMapSingle(old, fromHalves(0xd000_0000, 0x12_3450))).toBe(0x12_3450);
  const now = new Kernel({ layout: "hash64k-6.12", ramBytes: RAM });
  expect(dmaMapSingle(now, fromHalves(0xc008_0000, 0x12_3450))).toBeUndefined();
});
