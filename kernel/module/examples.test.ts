// The example modules, as gcc made them, print and return on every kind of machine what qemu-user says of the same sources;
// and nothing of them is left when they are gone.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectedModules, groupsOf, moduleBuilds, modulePath } from "../../scripts/module-examples.ts";
import { Kernel } from "../kernel.ts";
import { holdings } from "./test/holdings.ts";
import { runModules } from "./test/run.ts";

const MACHINES = [
  { layout: "hash64k-4.15", cpu: "power8" },
  { layout: "radix64k-6.12", cpu: "power9" },
  { layout: "hash4k-6.12", cpu: "power10" },
  { layout: "radix4k-4.15", cpu: "power10" },
] as const;

const expected = new Map(expectedModules().map((record) => [record.name, record]));

describe.each(moduleBuilds)("modules built $suffix", (build) => {
  const machines = MACHINES.filter(({ cpu }) => build.cpu === "power8" || cpu === build.cpu);
  it.each(machines)("on $layout and $cpu", ({ layout, cpu }) => {
    const { endian, abi, suffix } = build;
    const kernel = new Kernel({ layout, cpu, endian, abi, ramBytes: 64 * 1024 ** 2 });
    expect(kernel.modules.list).toEqual([]);
    const before = holdings(kernel);
    for (const group of groupsOf(build)) {
      const files = group.map((name) => ({ name, bytes: readFileSync(modulePath(`${name}${suffix}.o`)) }));
      expect(runModules(kernel, files)).toEqual(group.map((name) => expected.get(name)));
      expect(holdings(kernel)).toEqual(before);
    }
  });
});
