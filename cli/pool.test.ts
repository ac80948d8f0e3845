// Workers: results in the order of what was asked, bugs under their own names, nothing left running.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BpfObject } from "../bpf/elf/object.ts";
import type { Experiment } from "../lab/ranges/measure.ts";
import type { Cell, Measurement } from "../lab/ranges/row.ts";
import { withWorkers } from "./pool.ts";
import type { Work } from "./ranges/tasks.ts";

const object = BpfObject.parse(readFileSync(new URL("../examples/calls.el.o", import.meta.url)));
const { name, type, endian, insns, functions, maps, license } = object.link("calls");
const experiment: Experiment = {
  program: { name, type, endian, insns, functions, maps, license },
  kernel: { ramBytes: 64 * 2 ** 20 },
  load: {},
  onMemory: false,
  dataIn: undefined,
  ctxIn: undefined,
  others: 0,
};
const worker = "ranges-worker.js";
const cell = (layout: string): Cell => ({ layout, imageAlloc: "module_alloc", callEncoding: "aux-func" });

describe("workers", () => {
  it("give results in the order of what they were asked", async () => {
    const layouts = ["radix4k-6.12", "hash4k-6.12", "hash64k-4.15"];
    const measured = await withWorkers<Work, readonly Measurement[]>(
      { worker, data: experiment, jobs: 2, total: 3 },
      (workers) => workers("measure", layouts.map(cell)),
    );
    expect(measured.map(({ row }) => row.layout)).toEqual(layouts);
  });
  it("a bug comes back under its name, with the stack of where it was", async () => {
    const broken = { ...experiment, program: { ...experiment.program, insns: 3 as unknown as [] } };
    const failing = withWorkers<Work, readonly Measurement[]>(
      { worker, data: broken, jobs: 1, total: 1 },
      (workers) => workers("measure", [cell("hash4k-6.12")]),
    );
    await expect(failing).rejects.toMatchObject({
      name: "TypeError",
      stack: expect.stringContaining("ranges-worker.js") as string,
    });
  });
});
