// The reference engine does what QEMU's user mode does: every row it has, edge values and random ones, three processors, both byte
// orders. Together with engines.test.ts this holds for the interpreter.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { Cpu, type EngineName } from "../cpu.ts";
import { existsOn, type CpuModel } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import type { Endian } from "../state.ts";
import { CaseRunner, differences, type Case, type Result } from "./case.ts";
import { displacementCases } from "./displacements.ts";
import { rowCases } from "./generate.ts";
import { randomPrograms } from "./program.ts";
import { casesElf, parseResults } from "./qemu.ts";
import { Random } from "./random.ts";
import { defined, isLeftOut } from "./undefined.ts";

const qemu = { le: oracle("qemu-ppc64le", "qemu-user"), be: oracle("qemu-ppc64", "qemu-user") } as const;

function runQemu(cases: readonly Case[], endian: Endian, model: CpuModel): readonly Result[] {
  const folder = mkdtempSync(join(tmpdir(), "farcall-"));
  try {
    const file = join(folder, "cases");
    writeFileSync(file, casesElf(cases, endian));
    chmodSync(file, 0o755);
    const { stdout, stderr, status } = qemu[endian].run(["-cpu", model, file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return parseResults(stdout, cases.length, endian);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Cases that end without an interrupt here, with our results; those that do not are no user's instructions, or would end QEMU. */
function ours(
  cases: readonly Case[],
  endian: Endian,
  model: CpuModel,
  engine: EngineName,
): readonly { readonly made: Case; readonly result: Result }[] {
  const cpu = new Cpu({ ramBytes: 0x80_0000, endian, model, engine, interrupts: "host" });
  cpu.state.msr = cpu.state.msr.or(0x4000); // problem state
  const runner = new CaseRunner(cpu);
  return cases.flatMap((made) => {
    const result = runner.run(made);
    return "failure" in result ? [] : [{ made, result }];
  });
}

function expectEqual(
  all: readonly { readonly made: Case; readonly result: Result }[],
  endian: Endian,
  model: CpuModel,
): void {
  const theirs = runQemu(
    all.map(({ made }) => made),
    endian,
    model,
  );
  const found = all.flatMap(({ made, result }, i) => {
    const other = theirs[i];
    if (other === undefined) return [`${made.name}: no result`];
    const lines = differences(defined(made, result), defined(made, other));
    return lines.length === 0 ? [] : [`${made.name}: ${lines.join(", ")}`];
  });
  expect(found.slice(0, 20)).toEqual([]);
}

describeWithOracle("QEMU's user mode", [qemu.le, qemu.be], () => {
  test.each([
    { endian: "le", model: "power8", seed: 3 },
    { endian: "le", model: "power9", seed: 4 },
    { endian: "le", model: "power10", seed: 5 },
    { endian: "be", model: "power8", seed: 6 },
    { endian: "be", model: "power9", seed: 7 },
    { endian: "be", model: "power10", seed: 8 },
  ] as const)("agrees on every row: $endian $model", ({ endian, model, seed }) => {
    const rows = isa.filter((row) => existsOn(row, model));
    const cases = rowCases(rows, new Random(seed), 40).filter((made) => !isLeftOut(made));
    const all = ours(cases, endian, model, "reference");
    expect(all.length).toBeGreaterThan(5000);
    expectEqual(all, endian, model);
  });

  test.each(["le", "be"] as const)("agrees on the displacements of prefixed instructions: %s", (endian) => {
    const rows = isa.filter((row) => row.prefix !== undefined && row.fields.length > 0);
    const cases = displacementCases(rows, new Random(10));
    for (const engine of ["reference", "interpreter"] as const) {
      const all = ours(cases, endian, "power10", engine);
      expect(all.length).toBe(cases.length);
      expectEqual(all, endian, "power10");
    }
  });

  test.each([
    ["le", "power9"],
    ["be", "power9"],
    ["le", "power10"],
    ["be", "power10"],
  ] as const)("agrees on random programs: %s %s", (endian, model) => {
    const all = ours(randomPrograms(new Random(9), 60, model), endian, model, "interpreter");
    expect(all.length).toBe(60);
    expectEqual(all, endian, model);
  });
});
