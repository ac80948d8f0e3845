// Pages as the timing model is told of them, on whole machines: what images and the kernel itself are mapped with.
import { describe, expect, test } from "vitest";
import { pagesOf } from "../cpu/timing/pages.ts";
import { Kernel } from "../kernel/kernel.ts";

// vmalloc maps single pages of the kernel's size; the linear map has 16M with hash and, in memory of 64 MiB, 2M with radix.
describe.each([
  ["hash64k-4.15", 0x1_0000, 0x100_0000, "hash"],
  ["hash4k-4.15", 0x1000, 0x100_0000, "hash"],
  ["radix64k-6.12", 0x1_0000, 0x20_0000, "radix"],
  ["radix4k-6.12", 0x1000, 0x20_0000, "radix"],
] as const)("%s", (layout, imageBytes, linearBytes, tables) => {
  const kernel = new Kernel({ layout, ramBytes: 64 * 2 ** 20 });
  const pages = pagesOf(kernel.cpu);

  test("an image by module_alloc lies in pages of the kernel's size", () => {
    const image = kernel.imageAlloc.allocate(kernel.pages.pageBytes);
    if (image === undefined) throw new Error("no image");
    // With hash, a page's entry is made when it is first used.
    expect(kernel.imageAlloc.write(image, new Uint8Array(4))).toBeUndefined();
    expect(pages.page(image.high, image.low, "load")).toMatchObject({ pageBytes: imageBytes, tables });
    expect(pages.page(image.high, image.low + 4, "load")?.real).toBe(
      (pages.page(image.high, image.low, "load")?.real ?? NaN) + 4,
    );
  });

  test("the kernel's stack lies in a large page of the linear map", () => {
    const { high, low } = kernel.stack.start;
    expect(pages.page(high, low, "load")).toMatchObject({ pageBytes: linearBytes, tables });
  });

  test("what is not mapped has no page", () => {
    expect(pages.page(0x4000_0000, 0, "load")).toBeUndefined();
  });
});
