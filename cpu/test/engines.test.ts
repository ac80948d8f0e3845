// The interpreter does what the reference engine does: every row, edge values and random ones, both byte orders.
import { describe, expect, test } from "vitest";
import { u64 } from "../../word/long.ts";
import { Cpu, type EngineName } from "../cpu.ts";
import { isa } from "../isa/table.ts";
import type { Endian } from "../state.ts";
import { CaseRunner, differences, type Case } from "./case.ts";
import { rowCases } from "./generate.ts";
import { randomPrograms } from "./program.ts";
import { Random } from "./random.ts";

const ramBytes = 0x40_0000;
const each = 25;

function runners(endian: Endian): readonly [reference: CaseRunner, interpreter: CaseRunner] {
  const made = (engine: EngineName): CaseRunner =>
    new CaseRunner(new Cpu({ ramBytes, endian, engine, model: "power10", interrupts: "host" }));
  return [made("reference"), made("interpreter")];
}

function found(cases: readonly Case[], endian: Endian): readonly string[] {
  const [reference, interpreter] = runners(endian);
  return cases.flatMap((made) => {
    const lines = differences(interpreter.run(made), reference.run(made));
    return lines.length === 0 ? [] : [`${made.name}: ${lines.join(", ")}`];
  });
}

describe.each(["le", "be"] as const)("engines agree, %s", (endian) => {
  test.each([1, 2])("on every row, seed %i", (seed) => {
    expect(found(rowCases(isa, new Random(seed), each), endian).slice(0, 20)).toEqual([]);
  });

  test("on random programs", () => {
    expect(found(randomPrograms(new Random(10), 100, "power10"), endian)).toEqual([]);
  });

  test("on the count and the state wherever a program is cut", () => {
    const [program] = randomPrograms(new Random(11), 1, "power10");
    if (program === undefined) throw new RangeError("no program");
    const machines = (["reference", "interpreter"] as const).map((engine) => {
      const cpu = new Cpu({ ramBytes, endian, engine, model: "power10", interrupts: "host" });
      new CaseRunner(cpu).run(program);
      return cpu;
    });
    for (let insns = 1; insns < 60; insns++) {
      const [a, b] = machines.map((cpu) => {
        cpu.state.nia = u64(program.address);
        const before = cpu.instructions;
        expect(cpu.run(insns)).toEqual({ reason: "max-insns" });
        expect(cpu.instructions - before).toBe(insns);
        return cpu.state.registers();
      });
      expect(b).toEqual(a);
    }
  });
});
