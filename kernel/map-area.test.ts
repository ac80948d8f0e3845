// Where maps lie: small ones in the linear map, large ones in vmalloc, as bpf_map_area_alloc decides.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MapDefinition } from "../bpf/elf/types.ts";
import { bpfArray } from "../bpf/maps/array.ts";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { OutOfMemoryError } from "./error.ts";
import { Kernel } from "./kernel.ts";
import { regionNamed } from "./layout/layout.ts";

const example = (name: string): Uint8Array => readFileSync(new URL(`../examples/${name}`, import.meta.url));
const layouts = ["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"];
const array = (maxEntries: number): MapDefinition => ({
  name: "m",
  type: "array",
  typeNumber: 2,
  keySize: 4,
  valueSize: 8,
  maxEntries,
  flags: 0,
});
const regionOf = (kernel: Kernel, address: U64): string | undefined =>
  (["linear map", "vmalloc"] as const).find((name) => {
    const { start, end } = regionNamed(kernel.layout, name);
    return address.ge(start) && address.lt(end);
  });
const key = (index: number): Uint8Array => Uint8Array.of(index, index >> 8, index >> 16, index >> 24);

describe.each(layouts)("maps on %s", (layout) => {
  it("of up to eight pages are in the linear map, with one value more in vmalloc, and nothing stays of them", () => {
    const kernel = new Kernel({ layout });
    const { core } = kernel.bpf;
    const before = { free: kernel.pages.free, tables: kernel.pages.held("page tables") };
    const most = (8 * kernel.pages.pageBytes - bpfArray.value) / 8;
    const maps = [core.createMap(array(most)), core.createMap(array(most + 1))];
    expect(maps.map(({ address }) => regionOf(kernel, address))).toEqual(["linear map", "vmalloc"]);
    expect(kernel.vmalloc.areas).toMatchObject([{ address: maps[1]?.address, caller: "array_map_alloc" }]);
    for (const map of maps) core.freeMap(map);
    expect(kernel.vmalloc.areas).toEqual([]);
    expect(kernel.pages.free).toBe(before.free - kernel.pages.held("page tables") + before.tables);
  });

  it.each([true, false])("programs use maps of 24 MiB, which no block of pages holds; JITed: %s", (jit) => {
    const kernel = new Kernel({ layout });
    const sizes = new Map([
      ["verdicts", 3 * 2 ** 19],
      ["flows", 2 ** 14 + 1],
    ]);
    const object = kernel.bpf.load(example("xdp_parse.el.o"), { jit, mapMaxEntries: sizes });
    const program = object.program();
    const run = program.testRun({ dataIn: example("frame.bin") });
    // XDP_PASS, and counted as TCP_GOOD, of examples/xdp_parse.c.
    expect(run).toMatchObject({ kind: "done", retval: 2 });
    const verdicts = program.maps.find(({ definition }) => definition.name === "verdicts");
    const value = verdicts?.lookup(key(4)) ?? u64(0);
    expect(regionOf(kernel, value)).toBe("vmalloc");
    expect(kernel.load(value, 8)).toEqual(u64(1));
    program.free();
  });

  it("a preallocated hash has its elements there", () => {
    const kernel = new Kernel({ layout });
    const { core } = kernel.bpf;
    const map = core.createMap({ ...array(20_000), type: "hash", typeNumber: 1 });
    for (let i = 0; i < 1000; i++) expect(map.update(key(i), new Uint8Array(8).fill(i), 0)).toBeUndefined();
    const value = map.lookup(key(999)) ?? u64(0);
    expect(regionOf(kernel, value)).toBe("vmalloc");
    expect(hex64(kernel.load(value, 8) as U64)).toBe(hex64(fromHalves(0xe7e7_e7e7 | 0, 0xe7e7_e7e7 | 0)));
    core.freeMap(map);
    expect(kernel.vmalloc.areas).toEqual([]);
  });

  it("kmalloc gives nothing above the largest block", () => {
    const kernel = new Kernel({ layout });
    kernel.free(kernel.allocate(2 ** 24));
    expect(() => kernel.allocate(2 ** 24 + 1)).toThrow(OutOfMemoryError);
  });
});
