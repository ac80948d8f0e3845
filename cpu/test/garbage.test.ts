// Any words at all: the engines agree on them, and nothing that a guest does ends in an error of ours.
import { describe, expect, test } from "vitest";
import { u64 } from "../../word/long.ts";
import { Cpu, type EngineName } from "../cpu.ts";
import type { WordLayout } from "../isa/pattern.ts";
import { cpuModels } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { CaseRunner, PLACE, SCRATCH_BYTES, differences, withExits, type Case } from "./case.ts";
import { Random } from "./random.ts";

const engines = ["reference", "interpreter"] as const satisfies readonly EngineName[];

const prefixed = isa.filter(({ prefix }) => prefix !== undefined);

/** A word, or a prefix and its suffix, that mostly is an instruction, with any fields and reserved bits. */
function anyWords(random: Random): readonly number[] {
  if (random.below(8) === 0) return [random.word() >>> 0];
  const any = ({ match, mask }: WordLayout): number => (match | (random.word() & ~mask)) >>> 0;
  const isPrefixed = random.below(4) === 0;
  const { prefix, ...row } = random.pick(isPrefixed ? prefixed : isa);
  if (prefix === undefined) return [any(row)];
  // any prefix at all with any suffix, now and then
  if (random.below(6) === 0) return [any({ match: 0x0400_0000, mask: 0xfc00_0000, reserved: 0 }), any(row)];
  return [any(prefix), any(row)];
}

/** Fills the memory from 0 to `end`. */
function fill(cpu: Cpu, random: Random, end: number): void {
  for (let address = 0; address < end;)
    for (const word of anyWords(random)) {
      if (address < end) cpu.ram.store(4, address, u64(word), cpu.state.endian);
      address += 4;
    }
}

function anyCase(random: Random): Case {
  const words = anyWords(random);
  // in each place of a block of 64 bytes
  const address = PLACE.BLOCKS + 4 * random.below(16);
  const behind = u64(address + 4 * words.length + 4);
  return {
    name: words.map((word) => word.toString(16)).join(" "),
    mnemonic: "any",
    fields: {},
    address,
    words: withExits(address, words),
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
    { state: "hypervisor", model: "power9", pr: 0 },
    { state: "problem", model: "power9", pr: 0x4000 },
    { state: "hypervisor", model: "power10", pr: 0 },
    { state: "problem", model: "power10", pr: 0x4000 },
  ] as const)("single instructions in $state state end alike on both engines, $model", ({ pr, model }) => {
    const [a, b] = engines.map((engine) => {
      const cpu = new Cpu({ ramBytes: 0x20_0000, endian, engine, model, interrupts: "host" });
      cpu.state.msr = cpu.state.msr.or(pr);
      return new CaseRunner(cpu);
    });
    const random = new Random(31 + pr);
    for (let i = 0; i < 1000; i++) {
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
        model: cpuModels[seed % 3] ?? "power9",
      });
      const random = new Random(seed);
      fill(cpu, random, 0x10_0000);
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
        const model = cpuModels[seed % 3] ?? "power9";
        const cpu = new Cpu({ ramBytes: 0x10_0000, endian, engine, model });
        const random = new Random(seed);
        fill(cpu, random, 0x2_0000);
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
