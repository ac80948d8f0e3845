// What a kernel address-space layout is: MMU, page size, regions, table geometry. The layouts themselves are in table.ts.
// Nothing here touches a machine.
import type { U64 } from "../../word/long.ts";
import type { LinuxVersion } from "../version.ts";

export type RegionKind = "linear map" | "vmalloc" | "IO" | "vmemmap";

/** A stretch of kernel effective addresses with one use. */
export interface Region {
  readonly name: RegionKind;
  readonly start: U64;
  /** First address behind it. */
  readonly end: U64;
  readonly note: string;
  /** Hash MMU: context number of the region's first 2^contextBits bytes; the following stretches have the following numbers. */
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
  /** Hash MMU: log2 of the addresses that one context covers. */
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
