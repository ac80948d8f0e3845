// Leaves that a guest has written: whatever is in them is a real address that a number holds.
import { expect, it } from "vitest";
import { fromHalves, hex64 } from "../../word/long.ts";
import { PAGE_KERNEL_ROX } from "./mm.ts";
import { leafFor, realOf } from "./page-table.ts";

it("a leaf's real address has 53 bits, as _PAGE_PA_MAX says: all bits above are others' or nobody's", () => {
  expect(realOf(fromHalves(-1, -1))).toBe(2 ** 53 - 0x1000);
  expect(realOf(fromHalves(0xffe0_0000, 0xfff))).toBe(0);
  // It can be protected like any other.
  expect(hex64(leafFor(realOf(fromHalves(-1, -1)), PAGE_KERNEL_ROX))).toBe("0xc01ffffffffff18d");
});
