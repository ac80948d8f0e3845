// Entries are written as numbers that were worked out by hand from the manual's figures; each says how.
import { describe, expect, it } from "vitest";
import { hex64 } from "../../word/long.ts";
import type { Access, Page, StorageInterrupt } from "./mmu.ts";
import { testMachine, x, type TestMachine } from "./test/machine.ts";

// A table of 2^18 bytes at real 0x4_0000: HTABORG 0x4_0000, HTABSIZE 0, so 2^11 groups of 128 bytes, mask 0x7ff.
const TABLE = 0x4_0000;

/** The group of a hash value's low 11 bits. */
const group = (hash: number): number => TABLE + (hash & 0x7ff) * 128;

function power8(): TestMachine {
  const machine = testMachine("power8", 0x200_0000);
  machine.sprs.set("SDR1", x("4_0000"));
  return machine;
}

function power9(): TestMachine {
  const machine = testMachine("power9", 0x200_0000);
  // The partition table at 0x1_0000; HR (bit 0) of its first doubleword is 0.
  machine.sprs.set("PTCR", x("1_0000"));
  machine.ram.store(8, 0x1_0000, x("4_0000"));
  return machine;
}

function put(machine: TestMachine, address: number, first: string, second: string): void {
  machine.ram.store(8, address, x(first));
  machine.ram.store(8, address + 8, x(second));
}

function page(result: Page | StorageInterrupt): Page {
  if (result.kind !== "page")
    throw new Error(
      `interrupt 0x${result.vector.toString(16)} ${result.dsisr.toString(16)} ${result.srr1.toString(16)}`,
    );
  return result;
}

/** vector and the bits that say why. */
function why(machine: TestMachine, ea: string, access: Access): readonly number[] {
  const result = machine.mmu.translate(x(ea), access);
  if (result.kind === "page") throw new Error(`page at real 0x${result.real.toString(16)}`);
  return [result.vector, access === "fetch" ? result.srr1 : result.dsisr];
}

describe("4K pages in a 256M segment, VSID 0x123456", () => {
  // slbmte: RS = VSID << 12 | Kp, RB = ESID 1 (EA 0x1000_0000) | V | index 3.
  // EA 0x1004_5678: page index 0x45, hash = 0x12_3456 ^ 0x45 = 0x12_3413, group 0x413.
  // AVA = VA >> 23 = VSID << 5 | 0; first doubleword AVA << 7 = VSID << 12 = 0x1_2345_6000, V.
  const ea = "1004_5678";
  const setUp = (machine: TestMachine): void => machine.slb.slbmte(x("1_2345_6400"), x("1800_0003"));

  it("is found in the primary group, R is set, and C by a store", () => {
    const machine = power8();
    setUp(machine);
    put(machine, group(0x413) + 2 * 16, "1_2345_6001", "abc_d010");
    // The last page of 32 MiB of RAM would be 0x1ff_f000: 0xabc_d000 is behind it.
    expect(why(machine, ea, "load")[0]).toBe(0x200);
    put(machine, group(0x413) + 2 * 16, "1_2345_6001", "ab_c010");
    const loaded = page(machine.mmu.translate(x(ea), "load"));
    expect([loaded.real, loaded.pageBytes, loaded.writable]).toEqual([0xab_c678, 4096, false]);
    expect(hex64(machine.ram.load(8, group(0x413) + 40))).toBe(hex64(x("ab_c110")));
    const stored = page(machine.mmu.translate(x(ea), "store"));
    expect([stored.real, stored.writable]).toEqual([0xab_c678, true]);
    machine.ram.hole = [0xab_0000, 0xac_0000];
    expect(why(machine, ea, "load")[0]).toBe(0x200);
    expect(hex64(machine.ram.load(8, group(0x413) + 40))).toBe(hex64(x("ab_c190")));
  });
  it("is found in the secondary group, whose number is the complement, with H = 1", () => {
    const machine = power8();
    setUp(machine);
    // ~0x413 & 0x7ff = 0x3ec
    put(machine, group(0x3ec), "1_2345_6001", "ab_c010");
    expect(why(machine, ea, "load")).toEqual([0x300, 0x4000_0000]);
    put(machine, group(0x3ec), "1_2345_6003", "ab_c010");
    expect(page(machine.mmu.translate(x(ea), "load")).real).toBe(0xab_c678);
  });
  it("another page with the same hash is told apart by the AVPN", () => {
    const machine = power8();
    setUp(machine);
    put(machine, group(0x413), "1_2345_6081", "ab_c010");
    expect(why(machine, ea, "store")).toEqual([0x300, 0x4200_0000]);
    expect(why(machine, ea, "fetch")).toEqual([0x400, 0x4000_0000]);
  });
  it("an address outside every segment is a segment interrupt", () => {
    const machine = power8();
    setUp(machine);
    expect(why(machine, "2004_5678", "load")[0]).toBe(0x380);
    expect(why(machine, "1_1004_5678", "fetch")[0]).toBe(0x480);
  });
  it("PP, keys, N and G give what the manual's table says", () => {
    // Second doublewords with PP 00 01 10 11 and PP0 1 with 10; L load, S store, F fetch may.
    const rows = [
      // Ks = 0: privileged state, key 0
      ["10", "LSF"],
      ["11", "LSF"],
      ["12", "LSF"],
      ["13", "LF"],
      ["8000_0000_0000_0012", "LF"],
      ["14", "LS"],
      ["18", "LS"],
    ] as const;
    const key1 = [
      // Kp = 1: problem state, key 1
      ["10", ""],
      ["11", "LF"],
      ["12", "LSF"],
      ["13", "LF"],
      ["8000_0000_0000_0012", ""],
    ] as const;
    const allowed = (second: string, problem: boolean): string => {
      const machine = power8();
      setUp(machine);
      if (problem) machine.msr = machine.msr.or(0x4000);
      put(machine, group(0x413), "1_2345_6001", second);
      const kinds = { L: "load", S: "store", F: "fetch" } as const;
      return Object.entries(kinds)
        .filter(([, access]) => machine.mmu.translate(x(ea), access).kind === "page")
        .map(([letter]) => letter)
        .join("");
    };
    for (const [second, expected] of rows)
      expect([second, allowed(second, false)]).toEqual([second, expected]);
    for (const [second, expected] of key1)
      expect([second, allowed(second, true)]).toEqual([second, expected]);
  });
  it("protection and no-execute have their own bits", () => {
    const machine = power8();
    setUp(machine);
    put(machine, group(0x413), "1_2345_6001", "17");
    expect(why(machine, ea, "store")).toEqual([0x300, 0x0a00_0000]);
    expect(why(machine, ea, "fetch")).toEqual([0x400, 0x1000_0000]);
    // Problem state, PP 00: key 1 forbids everything.
    machine.msr = machine.msr.or(0x4000);
    put(machine, group(0x413), "1_2345_6001", "10");
    expect(why(machine, ea, "load")).toEqual([0x300, 0x0800_0000]);
    expect(why(machine, ea, "fetch")).toEqual([0x400, 0x0800_0000]);
  });
  it("the class key's bits in AMR forbid stores and loads, in IAMR fetches", () => {
    // Key 9 = 0b01001: bits 2:3 of the second doubleword are 01 (0x1000…), bits 52:54 are 001 (0x200). Its AMR bits are 18:19.
    const machine = power8();
    setUp(machine);
    put(machine, group(0x413), "1_2345_6001", "1000_0000_0000_0210");
    expect(page(machine.mmu.translate(x(ea), "store")).readable).toBe(true);
    machine.sprs.set("AMR", x("2000_0000_0000"));
    expect(why(machine, ea, "store")).toEqual([0x300, 0x0220_0000]);
    expect(page(machine.mmu.translate(x(ea), "load")).writable).toBe(false);
    machine.sprs.set("AMR", x("1000_0000_0000"));
    expect(why(machine, ea, "load")).toEqual([0x300, 0x0020_0000]);
    machine.sprs.set("IAMR", x("1000_0000_0000"));
    expect(why(machine, ea, "fetch")).toEqual([0x400, 0x0020_0000]);
  });
});

describe("large pages and segments of 1T", () => {
  it("a 16M page of a linear map: L, LP 0, B in the first doubleword on power8", () => {
    // VSID 0xea1_b217, B = 1, L||LP = 100; EA 0xc000_0000_0123_4567: page index 1.
    // hash = 0xea1b217 ^ (0xea1b217 << 25) ^ 1: its low 11 bits are 0x217 ^ 1 = 0x216.
    // First doubleword: B = 1 (0x4000…), VSID << 24 = 0x000e_a1b2_1700_0000, page bits of the address << 7:
    // (0x123_4567 >> 23) = 2, without the bit below 16M still 2, << 7 = 0x100; L, V.
    const machine = power8();
    machine.slb.slbmte(x("400e_a1b2_1700_0500"), x("c000_0000_0800_0000"));
    put(machine, group(0x216), "400e_a1b2_1700_0105", "100_0190");
    const found = page(machine.mmu.translate(x("c000_0000_0123_4567"), "load"));
    expect([found.real, found.pageBytes]).toEqual([0x123_4567, 0x100_0000]);
    // With bit 0x80 set in the entry, which is no part of a 16M page's number.
    put(machine, group(0x216), "400e_a1b2_1700_0185", "100_0190");
    expect(page(machine.mmu.translate(x("c000_0000_0123_4567"), "load")).real).toBe(0x123_4567);
  });
  it("a 64K page on power9: LP 0001, B in the second doubleword", () => {
    // VSID 0xd43_642f, L||LP = 101; EA 0xd000_0000_0004_1028: page index 4.
    // hash low 11 bits: 0x42f ^ 4 = 0x42b. AVPN: VSID << 24 with bits 0:11 outside the 3.0 format.
    const machine = power9();
    machine.slb.slbmte(x("400d_4364_2f00_0510"), x("d000_0000_0800_0002"));
    const ea = "d000_0000_0004_1028";
    put(machine, group(0x42b), "000d_4364_2f00_0005", "0400_0000_0007_1190");
    const found = page(machine.mmu.translate(x(ea), "store"));
    expect([found.real, found.pageBytes, found.writable, found.executable]).toEqual([
      0x7_1028,
      0x1_0000,
      true,
      true,
    ]);
    // B = 0 in the second doubleword is another segment size.
    put(machine, group(0x42b), "000d_4364_2f00_0005", "7_1190");
    expect(why(machine, ea, "load")).toEqual([0x300, 0x4000_0000]);
    // LP 0000 is a 16M base page: it does not serve a segment of 64K pages.
    put(machine, group(0x42b), "000d_4364_2f00_0005", "0400_0000_0007_0190");
    expect(why(machine, ea, "load")).toEqual([0x300, 0x4000_0000]);
  });
  it("a 16M page in a segment of 64K pages: LP 8", () => {
    // EA 0xd000_0000_0123_4567 in VSID 0xd43_642f: page index 0x123, hash 0x42f ^ 0x123 = 0x50c.
    const machine = power9();
    machine.slb.slbmte(x("400d_4364_2f00_0510"), x("d000_0000_0800_0002"));
    put(machine, group(0x50c), "000d_4364_2f00_0105", "0400_0000_0100_8190");
    const found = page(machine.mmu.translate(x("d000_0000_0123_4567"), "load"));
    expect([found.real, found.pageBytes]).toEqual([0x123_4567, 0x100_0000]);
  });
});

describe("real mode", () => {
  it("the address is the real address without its four high-order bits", () => {
    const machine = power9();
    machine.msr = x("9000_0000_0000_0000");
    expect(page(machine.mmu.translate(x("c000_0000_0012_3456"), "store")).real).toBe(0x12_3456);
    expect(why(machine, "200_0000", "load")[0]).toBe(0x200);
    expect(why(machine, "200_0000", "fetch")[0]).toBe(0x200);
    machine.ram.hole = [0x12_0000, 0x13_0000];
    expect(why(machine, "12_3456", "store")[0]).toBe(0x200);
  });
  it("IR and DR are told apart", () => {
    const machine = power9();
    machine.msr = x("9000_0000_0000_0020");
    expect(page(machine.mmu.translate(x("10"), "load")).real).toBe(0x10);
    expect(why(machine, "10", "fetch")[0]).toBe(0x480);
  });
});
