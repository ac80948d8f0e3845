import { describe, expect, test, vi } from "vitest";
import { fromHalves, hex64, u64 } from "../word/long.ts";
import { Cpu, CpuUsageError, type EngineName } from "./cpu.ts";
import { encode } from "./isa/encode.ts";
import type { Endian } from "./state.ts";

const engines = ["reference", "auto"] as const satisfies readonly EngineName[];
const machines = engines.flatMap((engine) => (["le", "be"] as const).map((endian) => ({ engine, endian })));
const attn = encode("attn", {});

/** A machine in real mode with `words` at real address 0x1000 and NIA there. */
function machine(
  engine: EngineName,
  endian: Endian,
  words: readonly number[],
  interrupts: "guest" | "host" = "guest",
): Cpu {
  const cpu = new Cpu({ ramBytes: 0x10_0000, endian, engine, interrupts });
  words.forEach((word, i) => {
    cpu.ram.store(4, 0x1000 + 4 * i, u64(word), endian);
  });
  cpu.state.nia = u64(0x1000);
  return cpu;
}

describe.each(machines)("a processor: $engine $endian", ({ engine, endian }) => {
  test("runs to attn, which stops at itself and counts", () => {
    const cpu = machine(engine, endian, [encode("addi", { RT: 3, RA0: 0, SI: -2 }), attn]);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x1004) });
    expect(hex64(cpu.state.gpr(3))).toBe("0xfffffffffffffffe");
    expect(hex64(cpu.state.nia)).toBe("0x0000000000001004");
    expect(cpu.instructions).toBe(2);
  });

  test("stops after exactly as many instructions as asked for", () => {
    const cpu = machine(engine, endian, [encode("addi", { RT: 3, RA0: 3, SI: 1 }), encode("b", { LI: -4 })]);
    expect(cpu.run(1001)).toEqual({ reason: "max-insns" });
    expect(cpu.state.gpr(3).low).toBe(501);
    expect(hex64(cpu.state.nia)).toBe("0x0000000000001004");
    expect(cpu.instructions).toBe(1001);
  });

  test("an illegal word goes to 0xe40 with HSRR0, HSRR1 and HEIR", () => {
    const cpu = machine(engine, endian, [0]);
    const { msr } = cpu.state;
    cpu.ram.store(4, 0xe40, u64(attn), endian);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0xe40) });
    expect(cpu.state.spr("HSRR0")).toEqual(u64(0x1000));
    expect(cpu.state.spr("HSRR1")).toEqual(msr);
    expect(cpu.state.spr("HEIR")).toEqual(u64(0));
  });

  test("a trap goes to 0x700 with SRR1[46]", () => {
    const cpu = machine(engine, endian, [encode("tw", { TO: 31, RA: 0, RB: 0 })]);
    const { msr } = cpu.state;
    cpu.ram.store(4, 0x700, u64(attn), endian);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x700) });
    expect(cpu.state.spr("SRR0")).toEqual(u64(0x1000));
    expect(cpu.state.spr("SRR1")).toEqual(msr.or(0x0002_0000));
  });

  test("sc goes to 0xc00 with SRR0 behind it, rfid comes back", () => {
    const cpu = machine(engine, endian, [encode("sc", { LEV: 0 }), attn]);
    cpu.ram.store(4, 0xc00, u64(encode("rfid", {})), endian);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x1004) });
    expect(cpu.instructions).toBe(3);
  });

  test("a privileged instruction in problem state goes to 0x700 with SRR1[45]", () => {
    const cpu = machine(engine, endian, [encode("mfmsr", { RT: 3 })]);
    cpu.state.msr = cpu.state.msr.or(0x4000);
    const { msr } = cpu.state;
    cpu.ram.store(4, 0x700, u64(attn), endian);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x700) });
    expect(cpu.state.spr("SRR1")).toEqual(msr.or(0x0004_0000));
    expect(cpu.state.msrBit("PR")).toBe(false);
  });

  test("with interrupts for the host nothing is delivered", () => {
    const cpu = machine(engine, endian, [encode("ld", { RT: 3, RA0: 4, DS: 0 })], "host");
    cpu.state.setGpr(4, fromHalves(0x10, 0));
    const stop = cpu.run(10);
    expect(stop).toMatchObject({
      reason: "interrupt",
      vector: 0x200,
      srr0: u64(0x1000),
      dar: fromHalves(0x10, 0),
    });
    expect(hex64(cpu.state.nia)).toBe("0x0000000000001000");
  });

  test("a real address in a gap of RAM is a machine check, as one behind its end is", () => {
    const words = [encode("ld", { RT: 3, RA0: 4, DS: 0 }), attn];
    for (const [address, reached] of [
      [0x2_fff8, true],
      [0x3_0000, false],
      [0x5_fff8, false],
      [0x6_0000, true],
      [0x10_0000, false],
    ] as const) {
      const holes = [{ start: 0x3_0000, end: 0x6_0000 }];
      const cpu = new Cpu({ ramBytes: 0x10_0000, holes, endian, engine, interrupts: "host" });
      words.forEach((word, i) => {
        cpu.ram.store(4, 0x1000 + 4 * i, u64(word), endian);
      });
      cpu.state.nia = u64(0x1000);
      cpu.state.setGpr(4, u64(address));
      const stop = cpu.run(10);
      if (reached) expect(stop).toEqual({ reason: "attn", cia: u64(0x1004) });
      else expect(stop).toMatchObject({ reason: "interrupt", vector: 0x200, dar: u64(address), dsisr: 0x40 });
    }
  });

  test("a vector that cannot be fetched ends the run", () => {
    const cpu = machine(engine, endian, [0]);
    cpu.state.nia = fromHalves(1, 0);
    cpu.state.msr = cpu.state.msr.or(0x20); // IR: nothing translates
    const stop = cpu.run(10);
    expect(stop.reason).toBe("unhandled");
  });
});

test("holes are whole 64 KiB inside RAM, and the host does not reach them either", () => {
  const options = { ramBytes: 0x10_0000, endian: "le" } as const;
  for (const [start, end] of [
    [0x1000, 0x2_0000],
    [0x2_0000, 0x2_0000],
    [0xf_0000, 0x10_0000],
  ] as const)
    expect(() => new Cpu({ ...options, holes: [{ start, end }] })).toThrow(RangeError);
  const { ram } = new Cpu({ ...options, holes: [{ start: 0x2_0000, end: 0x4_0000 }] });
  expect([ram.has(0x1_fff8, 8), ram.has(0x1_fff9, 8), ram.has(0x3_ffff, 1), ram.has(0x4_0000, 8)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(() => ram.bytes(0x1_0000, 0x4_0000)).toThrow(RangeError);
});

test("memory that the host does not have is said, not thrown as our bug", () => {
  const memory = vi.spyOn(WebAssembly, "Memory").mockImplementation(function () {
    throw new RangeError("WebAssembly.Memory(): could not allocate memory");
  });
  expect(() => new Cpu({ ramBytes: 2 ** 28, endian: "le" })).toThrow(
    expect.objectContaining({
      name: "CpuUsageError",
      message: "the host has no memory for 256M of RAM",
    }) as Error,
  );
  memory.mockRestore();
});

test("the translator is refused by name", () => {
  expect(() => new Cpu({ ramBytes: 0x1_0000, endian: "le", engine: "translator" })).toThrow(CpuUsageError);
});
