// One cell in process: what is measured, what is a refusal, and that a bug is neither.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BpfObject } from "../../bpf/elf/object.ts";
import { measure, type Experiment } from "./measure.ts";
import type { Cell } from "./row.ts";
import { baselinesOf, cellsOf, rowsOf } from "./rows.ts";

const objectOf = (name: string): BpfObject =>
  BpfObject.parse(readFileSync(fileURLToPath(new URL(`../../examples/${name}.el.o`, import.meta.url))));
const experiment: Experiment = {
  program: objectOf("calls").link("calls"),
  kernel: { ramBytes: 64 * 2 ** 20 },
  load: {},
  onMemory: false,
  dataIn: undefined,
  ctxIn: undefined,
  others: 0,
};
const cell: Cell = { layout: "hash4k-6.12", imageAlloc: "module_alloc", callEncoding: "aux-func" };

describe("a cell", () => {
  it("is the same each time that it is measured", () => {
    expect(measure(experiment, cell)).toEqual(measure(experiment, cell));
  });
  it("a refusal for the calls' encoding leaves the places that aux-func has", () => {
    const far = { ...cell, layout: "radix4k-6.12" };
    const { row, refusal } = measure(experiment, { ...far, callEncoding: "imm48" });
    expect(refusal).toMatchObject({ stage: "load", errno: "ERANGE" });
    expect(row.images).toEqual(measure(experiment, far).row.images);
    expect(row).toMatchObject({
      loads: false,
      ram_bytes: null,
      va_bytes: null,
      resolved_with_kallsyms: null,
    });
  });
  it("a run that ends at the limit of instructions says so, and neither returned nor oopsed", () => {
    const { row, returned } = measure({ ...experiment, kernel: { maxInsns: 5 } }, cell);
    expect(row).toMatchObject({
      loads: true,
      retval: null,
      oops: null,
      error: "EINTR: stopped after 5 instructions",
    });
    expect(returned).toBeNull();
  });
  it("no room for other programs is a refusal that says which", () => {
    const { row, refusal } = measure({ ...experiment, others: 3000 }, { ...cell, layout: "hash64k-6.12" });
    expect(refusal?.errno).toBe("ENOMEM");
    expect(row.error).toMatch(/^ENOMEM: 3000 other programs: /);
  });
  it("is compared with the default sequences where module_alloc cannot have those that were asked for", () => {
    const helpers = { ...experiment, program: objectOf("counters").link("counters") };
    const near = { ...helpers, load: { callSequence: "near", helperSequence: "near" } } as const;
    const cells = [cell, { ...cell, imageAlloc: "near-text" }];
    const measured = cells.map((each) => measure(near, each));
    expect(measured[0]?.refusal).toMatchObject({ stage: "jit", errno: "ERANGE" });
    expect(measured[0]?.returned).toBe(measure(helpers, cell).returned);
    expect(rowsOf(measured, measured.slice(0, 1)).map(({ loads, runs }) => ({ loads, runs }))).toEqual([
      { loads: false, runs: false },
      { loads: true, runs: true },
    ]);
    const pcrel = { ...helpers, load: { helperSequence: "pcrel" } } as const;
    expect(measure(pcrel, { ...cell, imageAlloc: "linear" }).returned).toBeNull();
  });
  it("an error that is no refusal is thrown: it is a bug", () => {
    const clock = (): never => {
      throw new TypeError("no clock");
    };
    expect(() => measure({ ...experiment, kernel: { clock } }, cell)).toThrow(TypeError);
  });
  it("an argument that a strategy cannot read is thrown: it is the command line's", () => {
    expect(() => measure(experiment, { ...cell, imageAlloc: "vmalloc_range:here" })).toThrow(/here/);
  });
});

describe("rows", () => {
  const axes = {
    layouts: ["a", "b"],
    imageAllocs: ["x", "module_alloc"],
    callEncodings: ["aux-func"],
  } as const;
  const cells = cellsOf(axes);
  const measured = (of: Cell, returned: string | null): Parameters<typeof rowsOf>[0][number] => {
    const { row } = measure(experiment, cell);
    return { row: { ...row, layout: of.layout, image_alloc: of.imageAlloc }, returned, refusal: undefined };
  };

  it("are compared with module_alloc and aux-func of their own layout", () => {
    const [ax, am, bx, bm] = cells.map((each, i) => measured(each, ["1", "1", "1", "2"][i] ?? ""));
    if (ax === undefined || am === undefined || bx === undefined || bm === undefined) throw new Error("four");
    expect(baselinesOf(cells)).toEqual([cells[1], cells[3]]);
    expect(rowsOf([ax, am, bx, bm], [am, bm]).map(({ runs }) => runs)).toEqual([true, true, false, true]);
  });
  it("do not run where nothing was returned, even if the other returned nothing either", () => {
    const [row] = rowsOf([measured(cell, null)], [measured(cell, null)]);
    expect(row?.runs).toBe(false);
  });
});
