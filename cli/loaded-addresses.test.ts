import fc from "fast-check";
import { expect, it } from "vitest";
import { disassemble } from "../cpu/isa/disassemble.ts";
import { load64, padded, MAX_LOAD64_WORDS } from "../jit/immediates.ts";
import { addi, addis, bctrl, ld, mtctr, type Words } from "../jit/ppc.ts";
import { fromHalves, u64, ZERO } from "../word/long.ts";
import { LoadedAddresses } from "./loaded-addresses.ts";

const called = (words: Words, toc = ZERO): unknown => {
  const addresses = new LoadedAddresses(toc.isZero() ? undefined : toc);
  return words.map((word) => addresses.next(disassemble(word, ZERO))).at(-1);
};

it("finds every constant that the JIT builds before it is called", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (high, low) => {
      const address = fromHalves(high, low);
      expect(called([...load64(12, address), mtctr(12)])).toEqual(address);
      expect(called([...padded(load64(12, address), MAX_LOAD64_WORDS), mtctr(12)])).toEqual(address);
    }),
  );
});

it("counts from the TOC where that is known", () => {
  // 0xc000000001148100 - 0xde << 16 + 0x1234
  const toc = fromHalves(0xc000_0000, 0x0114_8100);
  const words = [addis(12, 2, -0xde), addi(12, 12, 0x1234), mtctr(12)];
  expect(called(words, toc)).toEqual(fromHalves(0xc000_0000, 0x0036_9334));
  expect(called(words)).toBeUndefined();
});

it("knows nothing of what is loaded from memory, or was there before a branch", () => {
  const load = load64(12, u64(0x1234_5678));
  expect(called([...load, ld(12, 0, 12), mtctr(12)])).toBeUndefined();
  expect(called([...load, bctrl(), mtctr(12)])).toBeUndefined();
});
