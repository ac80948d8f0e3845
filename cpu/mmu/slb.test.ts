import { describe, expect, it } from "vitest";
import { hex64 } from "../../word/long.ts";
import { testMachine, x } from "./test/machine.ts";

describe("the segment lookaside buffer", () => {
  const slb = testMachine("power9", 0x1_0000).slb;
  it("holds what slbmte wrote, by the index in its second operand", () => {
    slb.slbmte(x("1_2345_6400"), x("1800_0003"));
    slb.slbmte(x("400e_a1b2_1700_0500"), x("c000_0000_0800_001f"));
    expect(hex64(slb.slbmfee(x("3")))).toBe(hex64(x("1800_0000")));
    expect(hex64(slb.slbmfev(x("3")))).toBe(hex64(x("1_2345_6400")));
    expect(hex64(slb.slbmfee(x("1f")))).toBe(hex64(x("c000_0000_0800_0000")));
    expect(slb.slbmfee(x("4")).isZero()).toBe(true);
  });
  it("finds 256M and 1T segments by the address", () => {
    expect(slb.lookup(x("1fff_ffff"))?.index).toBe(3);
    expect(slb.lookup(x("2000_0000"))).toBeUndefined();
    expect(slb.lookup(x("c000_00ff_ffff_ffff"))?.index).toBe(31);
    expect(slb.lookup(x("c000_0100_0000_0000"))).toBeUndefined();
    expect(slb.slbfee(x("c000_0000_1234_5678"))?.eq(x("400e_a1b2_1700_0500"))).toBe(true);
  });
  it("slbmte with V = 0 invalidates its entry", () => {
    slb.slbmte(x("1_2345_6400"), x("3000_0005").or(0x0800_0000));
    expect(slb.lookup(x("3000_0000"))?.index).toBe(5);
    slb.slbmte(x("1_2345_6400"), x("3000_0005"));
    expect(slb.lookup(x("3000_0000"))).toBeUndefined();
  });
  it("slbie takes the address's segment out, slbia all but entry 0", () => {
    slb.slbmte(x("400e_a1b2_1700_0500"), x("d000_0000_0800_0000"));
    slb.slbie(x("1000_0000"));
    expect(slb.lookup(x("1000_0000"))).toBeUndefined();
    slb.slbia(0);
    expect(slb.lookup(x("c000_0000_0000_0000"))).toBeUndefined();
    expect(slb.lookup(x("d000_0000_0000_0000"))?.index).toBe(0);
  });
});
