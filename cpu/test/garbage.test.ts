// Any words at all: the engines agree on them, and nothing that a guest does ends in an error of ours.
import { describe, expect, test } from "vitest";
import { u64 } from "../../word/long.ts";
import { Cpu, type EngineName } from "../cpu.ts";
import { isa } from "../isa/table.ts";
import { CaseRunner, PLACE, SCRATCH_BYTES, differences, withExits, type Case } from "./case.ts";
import { Random } from "./random.ts";

const engines = ["reference", "interpreter"] as const satisfies readonly EngineName[];

/** A word that mostly is an instruction, with any fields and reserved bits. */
function anyWord(random: Random): number {
  if (random.below(8) === 0) return random.word() >>> 0;
  const row = random.pick(isa);
  return (row.match | (random.word() & ~row.mask)) >>> 0;
}

function anyCase(random: Random): Case {
  const word = anyWord(random);
  const behind = u64(PLACE.BLOCKS + 8);
  return {
    name: word.toString(16),
    mnemonic: "any",
    fields: {},
    address: PLACE.BLOCKS,
    words: withExits(PLACE.BLOCKS, [word]),
    gpr: Array.from({ length: 32 }, () =>
      random.below(2) === 0 ? u64(PLACE.SCRATCH + random.below(SCRATCH_BYTES)) : random.value(),
    ),
    cr: random.word() >>> 0,
    xer: random.below(128),
    lr: behind,
    ctr: behind,
  };
}

describe.each(["le", "be"] as const)("%s", (endian) => {
  test.each([
    { state: "hypervisor", pr: 0 },
    { state: "problem", pr: 0x4000 },
  ])("single words in $state state end alike on both engines", ({ pr }) => {
    const [a, b] = engines.map((engine) => {
      const cpu = new Cpu({ ramBytes: 0x20_0000, endian, engine, interrupts: "host" });
      cpu.state.msr = cpu.state.msr.or(pr);
      return new CaseRunner(cpu);
    });
    const random = new Random(31 + pr);
    for (let i = 0; i < 1500; i++) {
      const made = anyCase(random);
      if (a === undefined || b === undefined) throw new RangeError("no engines");
      expect({ word: made.name, differences: differences(a.run(made), b.run(made)) }).toEqual({
        word: made.name,
        differences: [],
      });
    }
  });

  test.each([41, 42, 43, 44, 45, 46])("a machine full of words, vectors too, seed %i", (seed) => {
    const ends = engines.map((engine) => {
      const cpu = new Cpu({
        ramBytes: 0x10_0000,
        endian,
        engine,
        model: seed % 2 === 0 ? "power8" : "power9",
      });
      const random = new Random(seed);
      for (let address = 0; address < 0x10_0000; address += 4)
        cpu.ram.store(4, address, u64(anyWord(random)), endian);
      const stops: unknown[] = [];
      for (let i = 0; i < 300; i++) {
        cpu.state.nia = u64(4 * random.below(0x4_0000));
        for (let n = 0; n < 32; n++) cpu.state.setGpr(n, u64(random.below(0x10_0000)));
        const stop = cpu.run(50);
        stops.push(stop.reason, cpu.instructions);
        if (stop.reason === "unhandled") cpu.state.reset();
      }
      return { stops, registers: cpu.state.registers(), memory: cpu.ram.bytes(0, 0x10_0000) };
    });
    expect(ends[1]?.stops).toEqual(ends[0]?.stops);
    expect(ends[1]?.registers).toEqual(ends[0]?.registers);
    expect(Buffer.compare(ends[1]?.memory ?? new Uint8Array(0), ends[0]?.memory ?? new Uint8Array(1))).toBe(
      0,
    );
  });

  test.each([51, 52, 53])("a run in slices is the whole run, faults and all, seed %i", (seed) => {
    const ends = engines.flatMap((engine) =>
      [2000, 1, 7].map((slice) => {
        const cpu = new Cpu({ ramBytes: 0x10_0000, endian, engine });
        const random = new Random(seed);
        for (let address = 0; address < 0x2_0000; address += 4)
          cpu.ram.store(4, address, u64(anyWord(random)), endian);
        for (let n = 0; n < 32; n++) cpu.state.setGpr(n, u64(random.below(0x10_0000)));
        cpu.state.nia = u64(0x1_0000);
        let reason = "max-insns";
        while (cpu.instructions < 2000 && reason === "max-insns") {
          const before = cpu.instructions;
          const wanted = Math.min(slice, 2000 - before);
          ({ reason } = cpu.run(wanted));
          if (reason === "max-insns") expect(cpu.instructions - before).toBe(wanted);
        }
        return { reason, instructions: cpu.instructions, registers: cpu.state.registers() };
      }),
    );
    for (const end of ends) expect(end).toEqual(ends[0]);
  });
});
