// What a kernel address-space layout is: MMU, page size, regions, table geometry. The layouts themselves are in table.ts.
// Nothing here touches a machine.
import type { U64 } from "../../word/long.ts";
import type { LinuxVersion } from "../version.ts";

/** What every layout has, each once. */
export const REGION_KINDS = ["linear map", "vmalloc", "IO", "vmemmap"] as const;
export type RegionKind = (typeof REGION_KINDS)[number];

/** A stretch of kernel effective addresses with one use. */
export interface Region {
  readonly name: RegionKind;
  readonly start: U64;
  /** First address behind it. */
  readonly end: U64;
  readonly note: string;
  /**
   * Hash MMU: context number, of the linear map's first 2^contextBits bytes; its following stretches have the following numbers.
   * 0 on radix.
   */
  readonly context: number;
}

/** Index bits of the page table's levels. */
export interface Geometry {
  readonly pte: number;
  readonly pmd: number;
  readonly pud: number;
  readonly pgd: number;
}

/** The effective addresses of a kernel, and how they are translated. */
export interface Layout {
  readonly name: string;
  readonly version: LinuxVersion;
  readonly mmu: "hash" | "radix";
  /** log2 of PAGE_SIZE. */
  readonly pageShift: 12 | 16;
  readonly geometry: Geometry;
  /** Hash MMU: log2 of the bytes of the linear map that one context covers. 0 on radix. */
  readonly contextBits: number;
  /** Ascending. */
  readonly regions: readonly Region[];
}

/** The region that holds an address. */
export function regionOf(layout: Layout, address: U64): Region | undefined {
  return layout.regions.find((r) => address.gte(r.start) && address.lt(r.end));
}

/** The region of a kind; every layout has each once. */
export function regionNamed(layout: Layout, name: RegionKind): Region {
  const region = layout.regions.find((r) => r.name === name);
  if (region === undefined) throw new Error(`layout ${layout.name} has no region ${name}`);
  return region;
}

/** Low-order bits of an address by which the page table goes. */
export function tableBits({ geometry, pageShift }: Pick<Layout, "geometry" | "pageShift">): number {
  const { pte, pmd, pud, pgd } = geometry;
  return pageShift + pte + pmd + pud + pgd;
}
