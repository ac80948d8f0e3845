// Pages of one hash value: primary group, secondary group, eviction; and what the processor's side makes of them.
import { describe, expect, it } from "vitest";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { testMachine } from "../../cpu/mmu/test/machine.ts";
import { Random } from "../random.ts";
import { KernelHashTable, type HashPage } from "./hash-table.ts";
import { segmentFor, SLB } from "./segment.ts";

const TABLE = 0x4_0000;

for (const model of ["power8", "power9"] as const) {
  describe(`the kernel's hash table on ${model}`, () => {
    const machine = testMachine(model, 0x800_0000);
    machine.sprs.set("SDR1", u64(TABLE));
    machine.sprs.set("PTCR", u64(0x1_0000));
    machine.ram.store(8, 0x1_0000, u64(TABLE));
    const format = model === "power8" ? "2.07" : "3.0";
    const table = new KernelHashTable(machine.ram, { base: TABLE, mask: 0x7ff }, format, new Random(1));
    // Page indexes that are equal in the 11 bits that choose the group: 2^11 pages of 64K apart.
    const ea = (i: number): U64 => fromHalves(0xd000_0000, 0x12_0000 + i * 0x800_0000);
    const page = (i: number, write = true, bolted = false): HashPage => ({
      segment: segmentFor({ context: 2, ea: ea(i), segmentShift: 40, baseShift: 16, flags: SLB.KP }),
      ea: ea(i),
      real: 0x20_0000 + 0x1_0000 * i,
      shift: 16,
      protection: { write, execute: false, user: false },
      bolted,
    });
    const { vsidWord, esidWord } = page(0).segment;
    machine.slb.slbmte(vsidWord, esidWord);
    const reached = (i: number): number | undefined => {
      const result = machine.mmu.translate(ea(i), "store");
      return result.kind === "page" ? result.real : undefined;
    };

    it("eight go to the primary group, eight to the secondary, and all are found", () => {
      const slots = Array.from({ length: 16 }, (_, i) => table.insert(page(i, true, i % 8 !== 3)));
      expect(slots).toEqual([...Array(16).keys()]);
      slots.forEach((_, i) => expect(reached(i)).toBe(0x20_0000 + 0x1_0000 * i));
    });
    it("the next one takes the place of the entry that is not bolted, whose owner cannot touch it any more", () => {
      expect(table.insert(page(16))).toBe(3);
      expect([reached(3), reached(16)]).toEqual([undefined, 0x30_0000]);
      expect(table.remove(page(3, true, false), 3)).toBe(false);
      expect(table.protect(page(3, true, false), 3)).toBe(false);
      expect(reached(16)).toBe(0x30_0000);
    });
    it("protection is changed in place, and a page that is removed is gone", () => {
      expect(table.protect(page(16, false), 3)).toBe(true);
      expect(machine.mmu.translate(ea(16), "store")).toMatchObject({ vector: 0x300, dsisr: 0x0a00_0000 });
      expect(machine.mmu.translate(ea(16), "load")).toMatchObject({ real: 0x30_0000, writable: false });
      expect(table.remove(page(16, false), 3)).toBe(true);
      expect(reached(16)).toBeUndefined();
      expect(reached(12)).toBe(0x2c_0000);
    });
  });
}
