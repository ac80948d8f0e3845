// Whether a kernel can have a layout: regions, what page tables reach, what the contexts of the hash MMU reach.
// How much RAM a layout has room for is asked when a kernel boots; reading a layout's text is json.ts's.
import { fromHalves, hex64, type U64 } from "../../word/long.ts";
import { hashProblem } from "./check-hash.ts";
import { KERNEL_BASE } from "./image.ts";
import { REGION_KINDS, tableBits, type Layout, type Region } from "./layout.ts";
import { sizeText } from "./size.ts";

/** End of what a tree of 52 bits reaches from KERNEL_BASE on. */
const RADIX_END = fromHalves(0xc010_0000, 0);
/** Smallest sizes with which a kernel boots and loads a program, in bytes. */
const LEAST: Readonly<Record<Region["name"], number>> = {
  "linear map": 64 * 2 ** 20,
  vmalloc: 16 * 2 ** 20,
  IO: 2 ** 16,
  vmemmap: 2 ** 20,
};
/** Bits of an address that a page table may go by: what lies below its first hex digit. */
const MOST_TABLE_BITS = 60;
/** A directory entry has no place for the lowest 8 bits of a table's address: 256 bytes. @linux arch/powerpc/include/asm/book3s/64/pgtable.h PMD_MASKED_BITS */
const LEAST_LEVEL_BITS = 5;
const MOST_LEVEL_BITS = 13;
/** @linux include/linux/mm_types.h struct page, on 64-bit machines */
const STRUCT_PAGE_BYTES = 64;

/** Why no kernel can have this layout: one line that names the member at fault; undefined where one can. */
export function layoutProblem(layout: Layout): string | undefined {
  const checks = [
    completeness,
    bounds,
    overlaps,
    geometryProblem,
    layout.mmu === "radix" ? radixProblem : hashProblem,
  ];
  for (const check of checks) {
    const problem = check(layout);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function completeness({ regions }: Layout): string | undefined {
  for (const kind of REGION_KINDS) {
    const count = regions.filter((region) => region.name === kind).length;
    if (count === 0) return `regions: there is no ${kind}`;
    if (count > 1) return `regions: there are ${count} of ${kind}`;
  }
  return undefined;
}

function bounds({ regions, pageShift }: Layout): string | undefined {
  for (const { name, start, end } of regions) {
    if (name === "linear map" && start.neq(KERNEL_BASE))
      return `region ${name}: start ${hex64(start)} has to be ${hex64(KERNEL_BASE)}, where the kernel is`;
    if (start.lt(KERNEL_BASE))
      return `region ${name}: start ${hex64(start)} is below ${hex64(KERNEL_BASE)}, no kernel address`;
    if (end.lte(start)) return `region ${name}: end ${hex64(end)} is not above start ${hex64(start)}`;
    for (const [member, address] of [
      ["start", start],
      ["end", end],
    ] as const)
      if ((address.low & (2 ** pageShift - 1)) !== 0)
        return `region ${name}: ${member} ${hex64(address)} is no multiple of page_size ${sizeText(2 ** pageShift)}`;
    const size = end.sub(start);
    if (size.lt(LEAST[name]))
      return `region ${name}: ${sizeText(size)} from start to end; it needs ${sizeText(LEAST[name])}`;
  }
  return undefined;
}

function overlaps({ regions }: Layout): string | undefined {
  for (const [i, region] of regions.entries()) {
    const next = regions[i + 1];
    if (next === undefined) break;
    if (next.start.lt(region.start))
      return `regions: ${next.name} comes before ${region.name}; they have to ascend`;
    if (next.start.lt(region.end))
      return `region ${next.name}: start ${hex64(next.start)} is inside ${region.name}, which ends at ${hex64(region.end)}`;
  }
  return undefined;
}

function geometryProblem({ geometry, pageShift, mmu }: Layout): string | undefined {
  const levels = Object.entries(geometry) as [string, number][];
  for (const [level, bits] of levels)
    if (!Number.isInteger(bits) || bits < LEAST_LEVEL_BITS || bits > MOST_LEVEL_BITS)
      return `index_bits: ${level} ${bits} is no whole number from ${LEAST_LEVEL_BITS} to ${MOST_LEVEL_BITS}`;
  const { pte, pmd, pud, pgd } = geometry;
  const found = [pgd, pud, pmd, pte].join(", ");
  if (mmu === "radix") {
    // [Linux 6.12 arch/powerpc/include/asm/book3s/64/radix-4k.h, radix-64k.h]
    const walked = `13, 9, 9, ${pageShift === 12 ? 9 : 5}`;
    return found === walked
      ? undefined
      : `index_bits: the radix MMU walks ${walked} (pgd, pud, pmd, pte) with page_size ${sizeText(2 ** pageShift)}, not ${found}`;
  }
  const bits = tableBits({ geometry, pageShift });
  return bits <= MOST_TABLE_BITS
    ? undefined
    : `index_bits: ${found} and page_size ${sizeText(2 ** pageShift)} are ${bits} bits of an address; ${MOST_TABLE_BITS} at most`;
}

function radixProblem({ regions }: Layout): string | undefined {
  for (const { name, end } of regions)
    if (end.gt(RADIX_END))
      return `region ${name}: end ${hex64(end)} is outside what the radix tree reaches, up to ${hex64(RADIX_END)}`;
  return undefined;
}

/** Why a layout has no room for RAM up to a real address; undefined where it has. */
export function ramProblem(layout: Layout, ramEnd: number): string | undefined {
  const size = (region: Region): U64 => region.end.sub(region.start);
  for (const region of layout.regions) {
    if (region.name === "linear map" && size(region).lt(ramEnd))
      return `region linear map: ${sizeText(size(region))} cannot hold RAM up to ${sizeText(ramEnd)}`;
    const structPages = (ramEnd / 2 ** layout.pageShift) * STRUCT_PAGE_BYTES;
    if (region.name === "vmemmap" && size(region).lt(structPages))
      return `region vmemmap: ${sizeText(size(region))} cannot hold ${sizeText(structPages)} of struct page, for RAM up to ${sizeText(ramEnd)}`;
  }
  return undefined;
}
