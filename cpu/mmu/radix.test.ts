// Trees are written as numbers worked out by hand from the manual's figures.
import { describe, expect, it } from "vitest";
import { hex64 } from "../../word/long.ts";
import type { Access } from "./mmu.ts";
import { testMachine, x, type TestMachine } from "./test/machine.ts";

const PROCESS_TABLE = 0x2_0000;
const ROOT = 0x10_0000;
const [PUD, PMD, PTE] = [0x20_0000, 0x20_1000, 0x20_2000];

/** 13 9 9 9 index bits; EA 0xc008_0000_0023_1030: indexes 0x10 (bits 39 up of 0x8_0000_0023_1030), 0, 1, 0x31. */
const EA = "c008_0000_0023_1030";

function machineWithTree(leaf: string): TestMachine {
  const machine = testMachine("power9", 0x100_0000);
  const { ram, sprs } = machine;
  sprs.set("PTCR", x("1_0000"));
  // HR; the process table of 2^(12 + 0) bytes.
  ram.store(8, 0x1_0000, x("8000_0000_0000_0000"));
  ram.store(8, 0x1_0008, x("2_0000"));
  // RTS 21 = 0b10101: 0b10 in bits 1:2, 0b101 in 56:58; RPDS 13.
  ram.store(8, PROCESS_TABLE, x("4000_0000_0010_00ad"));
  // Index 0x8_0000_0023_1030 >> 39 = 0x1000.
  ram.store(8, ROOT + 8 * 0x1000, x("8000_0000_0020_0009"));
  ram.store(8, PUD, x("8000_0000_0020_1009"));
  ram.store(8, PMD + 8 * 1, x("8000_0000_0020_2009"));
  ram.store(8, PTE + 8 * 0x31, x(leaf));
  return machine;
}

function outcome(machine: TestMachine, ea: string, access: Access): string {
  const result = machine.mmu.translate(x(ea), access);
  if (result.kind === "page") return `real ${result.real.toString(16)}`;
  return `${result.vector.toString(16)} ${(access === "fetch" ? result.srr1 : result.dsisr).toString(16)}`;
}

describe("the radix tree", () => {
  it("four levels lead to a 4K page; R is set by a load, C by a store", () => {
    const machine = machineWithTree("c000_0000_0034_500e");
    expect(outcome(machine, EA, "load")).toBe("real 345030");
    expect(hex64(machine.ram.load(8, PTE + 8 * 0x31))).toBe(hex64(x("c000_0000_0034_510e")));
    expect(outcome(machine, EA, "store")).toBe("real 345030");
    expect(hex64(machine.ram.load(8, PTE + 8 * 0x31))).toBe(hex64(x("c000_0000_0034_518e")));
  });
  it("a leaf one level up is a 2M page", () => {
    const machine = machineWithTree("0");
    machine.ram.store(8, PMD + 8, x("c000_0000_0060_018f"));
    const page = machine.mmu.translate(x(EA), "fetch");
    expect(page).toMatchObject({ kind: "page", real: 0x63_1030, pageBytes: 0x20_0000, writable: true });
  });
  it("EAA decides: privileged, read, write, execute", () => {
    // [EAA, problem state, load, store, fetch]
    const page = "real 345030";
    const rows = [
      ["f", false, page, page, page],
      ["c", false, page, "300 a000000", "400 10000000"],
      ["d", false, page, "300 a000000", page],
      ["8", false, "300 8000000", "300 a000000", "400 10000000"],
      ["f", true, "300 8000000", "300 a000000", "400 8000000"],
      ["7", true, page, page, page],
      ["6", true, page, page, "400 10000000"],
    ] as const;
    for (const [eaa, problem, ...expected] of rows) {
      const machine = machineWithTree(`c000_0000_0034_500${eaa}`);
      if (problem) machine.msr = machine.msr.or(0x4000);
      const found = (["load", "store", "fetch"] as const).map((access) => outcome(machine, EA, access));
      expect([eaa, problem, ...found]).toEqual([eaa, problem, ...expected]);
    }
  });
  it("an invalid entry on any level is no translation", () => {
    for (const address of [ROOT + 8 * 0x1000, PUD, PMD + 8, PTE + 8 * 0x31]) {
      const machine = machineWithTree("c000_0000_0034_500f");
      machine.ram.store(8, address, x("0"));
      expect(outcome(machine, EA, "load")).toBe("300 40000000");
      expect(outcome(machine, EA, "store")).toBe("300 42000000");
      expect(outcome(machine, EA, "fetch")).toBe("400 40000000");
    }
  });
  it("addresses of more than 52 bits are segment interrupts", () => {
    const machine = machineWithTree("c000_0000_0034_500f");
    for (const ea of [
      "4010_0000_0000_0000",
      "bff0_0000_0000_0000",
      "c010_0000_0000_0000",
      "5a5a_5a5a_5a5a_5a5a",
    ]) {
      expect(outcome(machine, ea, "load")).toBe("380 0");
      expect(outcome(machine, ea, "fetch")).toBe("480 0");
    }
  });
  it("quadrants 0 and 1 are the process's that PIDR names, 2 and 3 process 0's", () => {
    const machine = machineWithTree("c000_0000_0034_500f");
    const low = "0008_0000_0023_1030";
    expect(outcome(machine, low, "load")).toBe("real 345030");
    expect(outcome(machine, "8008_0000_0023_1030", "load")).toBe("real 345030");
    machine.sprs.set("PIDR", x("1"));
    expect(outcome(machine, low, "load")).toBe("300 40000000");
    expect(outcome(machine, "4008_0000_0023_1030", "load")).toBe("300 40000000");
    expect(outcome(machine, EA, "load")).toBe("real 345030");
    // Entry 256 is behind a process table of 4 KiB.
    machine.sprs.set("PIDR", x("100"));
    expect(outcome(machine, low, "load")).toBe("300 40000000");
  });
  it("a tree of another size than 52 bits is not supported", () => {
    const machine = machineWithTree("c000_0000_0034_500f");
    machine.ram.store(8, PROCESS_TABLE, x("4000_0000_0010_008d"));
    expect(outcome(machine, EA, "load")).toBe("300 80000");
  });
  it("tables and pages outside RAM are machine checks, trees that never end are refused", () => {
    const outside = machineWithTree("c000_0000_ff00_000f");
    expect(outcome(outside, EA, "load")).toBe("200 40");
    const gap = machineWithTree("c000_0000_0034_500f");
    gap.ram.hole = [0x34_5000, 0x35_0000];
    expect(outcome(gap, EA, "load")).toBe("200 40");
    gap.ram.hole = [PTE, PTE + 0x1000];
    expect(outcome(gap, EA, "load")).toBe("200 40");
    const wild = machineWithTree("0");
    wild.ram.store(8, PUD, x("8fff_ffff_ffff_ff1f"));
    expect(outcome(wild, EA, "load")).toMatch(/^(200 40|300 80000)$/);
    const empty = machineWithTree("0");
    empty.ram.store(8, PUD, x("8000_0000_0020_1000"));
    expect(outcome(empty, EA, "load")).toBe("300 80000");
  });
});
