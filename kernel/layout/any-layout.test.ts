// Whatever layout the checks let through boots, and code runs at both ends of its vmalloc and IO regions, each page on its own.
import fc from "fast-check";
import { expect, it } from "vitest";
import { encode } from "../../cpu/isa/encode.ts";
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { layoutProblem } from "./check.ts";
import { layoutDocument, parseLayout } from "./json.ts";
import { regionNamed, type Layout, type Region } from "./layout.ts";
import { layouts } from "./table.ts";

const CODE = new Uint8Array(
  new Uint32Array([encode("addi", { RT: 3, RA0: 0, SI: 42 }), encode("bclr", { BO: 20 })]).buffer,
);
const RUNS = process.env["FARCALL_NIGHTLY"] === "1" ? 1500 : 60;

/** Addresses where something begins or ends in one of the layouts, and others that segments and tables care about. */
const address: fc.Arbitrary<U64> = fc.oneof(
  fc.constantFrom(...layouts.flatMap(({ regions }) => regions.flatMap(({ start, end }) => [start, end]))),
  fc
    .tuple(
      fc.constantFrom(0xc000_0000, 0xc008_0000, 0xd000_0000),
      fc.nat(0x4000),
      fc.constantFrom(0, 0x4000_0000, -0x1_0000),
    )
    .map(([base, segment, low]) => fromHalves(base + segment, low)),
);

const edited: fc.Arbitrary<Layout> = fc
  .record({
    layout: fc.constantFrom(...layouts),
    moved: fc.array(
      fc.record({
        region: fc.nat(3),
        start: fc.option(address, { nil: undefined }),
        end: fc.option(address, { nil: undefined }),
        context: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    contextBits: fc.option(fc.integer({ min: 40, max: 49 }), { nil: undefined }),
    geometry: fc.option(
      fc.record({
        pte: fc.integer({ min: 5, max: 13 }),
        pmd: fc.integer({ min: 5, max: 13 }),
        pud: fc.integer({ min: 5, max: 13 }),
        pgd: fc.integer({ min: 5, max: 13 }),
      }),
      { nil: undefined, freq: 4 },
    ),
  })
  .map(({ layout, moved, contextBits, geometry }) => {
    const regions: Region[] = [...layout.regions];
    for (const { region: index, start, end, context } of moved) {
      const region = regions[index];
      if (region === undefined) continue;
      regions[index] = {
        ...region,
        start: region.name === "linear map" ? region.start : (start ?? region.start),
        end: end ?? region.end,
        context: layout.mmu === "hash" ? (context ?? region.context) : 0,
      };
    }
    return {
      ...layout,
      name: "edited",
      regions: regions.sort((a, b) => a.start.comp(b.start)),
      contextBits: layout.mmu === "hash" ? (contextBits ?? layout.contextBits) : 0,
      geometry: geometry ?? layout.geometry,
    };
  });

function pageAt(kernel: Kernel, start: U64, end: U64): U64 {
  const page = kernel.vmallocNodeRange({ size: 8, start, end });
  if (page === undefined) throw new Error(`no memory from ${hex64(start)} on`);
  return page;
}

it("a layout that is let through boots, and its document gives it again", { timeout: 600_000 }, () => {
  const usable = edited.filter((layout) => layoutProblem(layout) === undefined);
  fc.assert(
    fc.property(usable, (layout) => {
      expect(parseLayout(JSON.stringify(layoutDocument(layout)))).toEqual(layout);
      const kernel = new Kernel({ layout, ramBytes: 0x400_0000 });
      const pageBytes = 2 ** layout.pageShift;
      const pages = (["vmalloc", "IO"] as const).flatMap((name) => {
        const { start, end } = regionNamed(layout, name);
        return [
          pageAt(kernel, start, end),
          ...(end.sub(start).gt(4 * pageBytes) ? [pageAt(kernel, end.sub(2 * pageBytes), end)] : []),
        ];
      });
      for (const page of pages) expect(kernel.store(page, 8, page)).toBeUndefined();
      for (const page of pages) expect(kernel.load(page, 8)).toEqual(page);
      for (const page of pages) {
        expect(kernel.write(page, CODE)).toBeUndefined();
        expect(kernel.setMemoryRox(page, 8)).toBe(true);
        expect(kernel.call(page, [])).toMatchObject({ kind: "return", value: u64(42) });
      }
    }),
    { numRuns: RUNS },
  );
});
