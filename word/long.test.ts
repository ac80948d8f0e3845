import { describe, expect, it } from "vitest";
import { fromHalves, hex64, parseU64, signedQuotient, u64 } from "./long.ts";

describe("64-bit values", () => {
  it("a negative number becomes its two's complement", () => {
    expect(hex64(u64(-1))).toBe("0xffffffffffffffff");
    expect(u64(-1).unsigned).toBe(true);
  });
  it("halves are joined high first", () => {
    expect(hex64(fromHalves(0xd000_0000 | 0, 0x41028))).toBe("0xd000000000041028");
  });
  it("numbers are read in decimal and hex, with sign and underscores", () => {
    expect(hex64(parseU64("0xc000_0000_0000_0000") ?? u64(0))).toBe("0xc000000000000000");
    expect(hex64(parseU64("-1") ?? u64(0))).toBe("0xffffffffffffffff");
    expect(hex64(parseU64("18446744073709551615") ?? u64(0))).toBe("0xffffffffffffffff");
  });
  it("a signed quotient is right where long's own is not", () => {
    const [least, minusOne] = [fromHalves(0x8000_0000, 0), u64(-1)];
    expect(hex64(signedQuotient(least.add(1), minusOne))).toBe("0x7fffffffffffffff");
    expect(hex64(signedQuotient(fromHalves(0x8000_0000, 5), minusOne))).toBe("0x7ffffffffffffffb");
    expect(hex64(signedQuotient(least, minusOne))).toBe("0x8000000000000000");
    expect(hex64(signedQuotient(u64(-7), u64(2)))).toBe("0xfffffffffffffffd");
  });
  it("what needs more than 64 bits or is no number is refused", () => {
    for (const text of [
      "18446744073709551616",
      "0x1_0000_0000_0000_0000",
      "-9223372036854775809",
      "",
      "0x",
      "12z",
    ])
      expect(parseU64(text)).toBeUndefined();
  });
});
