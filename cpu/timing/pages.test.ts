// Trees and tables as the tests of the MMU have them, worked out by hand from the manual's figures.
import { expect, test } from "vitest";
import { fromHalves } from "../../word/long.ts";
import { testMachine, x } from "../mmu/test/machine.ts";
import { pagesOf, type PageSource } from "./pages.ts";

const none = { esid: fromHalves(0, 0), vsid: fromHalves(0, 0) };

function translating(machine: ReturnType<typeof testMachine>, model: "power8" | "power9"): PageSource {
  return pagesOf({
    mmu: machine.mmu,
    ram: machine.ram,
    state: {
      model,
      get msr() {
        return machine.msr;
      },
      spr: (name) => machine.sprs.get(name) ?? fromHalves(0, 0),
      slbEntry: () => none,
      setSlbEntry: () => undefined,
    },
  });
}

test("radix: the size of the leaf's page and its tables", () => {
  const machine = testMachine("power9", 0x100_0000);
  const { ram, sprs } = machine;
  sprs.set("PTCR", x("1_0000"));
  ram.store(8, 0x1_0000, x("8000_0000_0000_0000"));
  ram.store(8, 0x1_0008, x("2_0000"));
  // RTS 21, RPDS 13; a tree whose second level has 9 index bits and a leaf of 2^(52 - 13 - 9) = 1G.
  ram.store(8, 0x2_0000, x("4000_0000_0010_00ad"));
  ram.store(8, 0x10_0000 + 8 * 0x1000, x("8000_0000_0020_0009"));
  ram.store(8, 0x20_0000, x("c000_0000_0000_010f"));
  const pages = translating(machine, "power9");
  expect(pages.page(0xc008_0000, 0x0023_1030, "load")).toEqual({
    pageBytes: 0x4000_0000,
    real: 0x23_1030,
    tables: "radix",
  });
  expect(pages.page(0xc008_1000, 0, "load")).toBeUndefined();
});

test("real mode has no tables", () => {
  const machine = testMachine("power8", 0x100_0000);
  machine.msr = x("9000_0000_0000_0000");
  expect(translating(machine, "power8").page(0xc000_0000, 0x5000, "fetch")).toEqual({
    pageBytes: 4096,
    real: 0x5000,
    tables: "none",
  });
});
