// The kernel address-space layouts by name, from Linux's headers; `seen` ones were read off a running kernel.
// Where symbols and data lie inside the linear map is image.ts.
import { fromHalves, type U64 } from "../../word/long.ts";
import { linux415, linux612 } from "../version.ts";
import type { Geometry, Layout, Region, RegionKind } from "./layout.ts";

/** An address by its high-order 32 bits. */
function at(high: number): U64 {
  return fromHalves(high, 0);
}

function region(name: RegionKind, start: number, end: number, context: number, note: string): Region {
  return Object.freeze({ name, start: at(start), end: at(end), context, note });
}

/** 4.15 on hash: the top four bits of an address choose region and context. [Linux 4.15 asm/book3s/64/hash.h] */
const hash415 = Object.freeze([
  region(
    "linear map",
    0xc000_0000,
    0xc002_0000,
    1,
    "RAM from real address 0 on, bolted in the hash table, no page tables",
  ),
  region("vmalloc", 0xd000_0000, 0xd000_3800, 2, "modules and BPF images; page tables, hashed on demand"),
  region("IO", 0xd000_3800, 0xd000_4000, 2, "device memory"),
  region("vmemmap", 0xf000_0000, 0xf002_0000, 4, "array of struct page"),
]);

/** 4.15 on radix: four quarters of 512T from 0xc008 on. [Linux 4.15 asm/book3s/64/radix.h] */
const radix415 = Object.freeze([
  region("linear map", 0xc000_0000, 0xc008_0000, 0, "RAM from real address 0 on, in the radix tree"),
  region("vmalloc", 0xc008_0000, 0xc00a_0000, 0, "modules and BPF images; in the radix tree"),
  region("vmemmap", 0xc00a_0000, 0xc00c_0000, 0, "array of struct page"),
  region("IO", 0xc00c_0000, 0xc010_0000, 0, "device memory"),
]);

/** Since 5.2, 64K pages on hash and all radix: the same map, everything inside 0xc; seen. [Linux 6.12 asm/book3s/64/hash.h, radix.h] */
function inside0xc(mmu: "hash" | "radix"): readonly Region[] {
  const [linear, vmalloc] =
    mmu === "hash"
      ? ["bolted in the hash table, no page tables", "page tables, hashed on demand"]
      : ["in the radix tree", "in the radix tree"];
  const context = (hash: number): number => (mmu === "hash" ? hash : 0);
  return Object.freeze([
    region("linear map", 0xc000_0000, 0xc008_0000, context(1), `RAM from real address 0 on, ${linear}`),
    region("vmalloc", 0xc008_0000, 0xc00a_0000, context(5), `modules and BPF images; ${vmalloc}`),
    region("IO", 0xc00a_0000, 0xc00c_0000, context(6), "device memory"),
    region("vmemmap", 0xc00c_0000, 0xc00e_0000, context(7), "array of struct page"),
  ]);
}

/** Since 5.2, 4K pages on hash: everything inside 64T. */
const hash4k612 = Object.freeze([
  region(
    "linear map",
    0xc000_0000,
    0xc000_3d00,
    1,
    "RAM from real address 0 on, bolted in the hash table, no page tables",
  ),
  region("vmalloc", 0xc000_3d00, 0xc000_3e00, 5, "modules and BPF images; page tables, hashed on demand"),
  region("IO", 0xc000_3e00, 0xc000_3f00, 6, "device memory"),
  region("vmemmap", 0xc000_3f00, 0xc000_4000, 7, "array of struct page"),
]);

const hash64k: Geometry = Object.freeze({ pte: 8, pmd: 10, pud: 10, pgd: 8 });
const hash64k415: Geometry = Object.freeze({ pte: 8, pmd: 10, pud: 7, pgd: 8 });
const hash4k: Geometry = Object.freeze({ pte: 9, pmd: 7, pud: 9, pgd: 9 });
const radix64k: Geometry = Object.freeze({ pte: 5, pmd: 9, pud: 9, pgd: 13 });
const radix4k: Geometry = Object.freeze({ pte: 9, pmd: 9, pud: 9, pgd: 13 });

/** Every layout there is, the default first. */
export const layouts: readonly Layout[] = Object.freeze([
  {
    name: "hash64k-4.15",
    version: linux415,
    mmu: "hash",
    pageShift: 16,
    geometry: hash64k415,
    contextBits: 49,
    regions: hash415,
  },
  {
    name: "hash4k-4.15",
    version: linux415,
    mmu: "hash",
    pageShift: 12,
    geometry: hash4k,
    contextBits: 49,
    regions: hash415,
  },
  {
    name: "radix64k-4.15",
    version: linux415,
    mmu: "radix",
    pageShift: 16,
    geometry: radix64k,
    contextBits: 0,
    regions: radix415,
  },
  {
    name: "radix4k-4.15",
    version: linux415,
    mmu: "radix",
    pageShift: 12,
    geometry: radix4k,
    contextBits: 0,
    regions: radix415,
  },
  {
    name: "hash64k-6.12",
    version: linux612,
    mmu: "hash",
    pageShift: 16,
    geometry: hash64k,
    contextBits: 49,
    regions: inside0xc("hash"),
  },
  {
    name: "hash4k-6.12",
    version: linux612,
    mmu: "hash",
    pageShift: 12,
    geometry: hash4k,
    contextBits: 46,
    regions: hash4k612,
  },
  {
    name: "radix64k-6.12",
    version: linux612,
    mmu: "radix",
    pageShift: 16,
    geometry: radix64k,
    contextBits: 0,
    regions: inside0xc("radix"),
  },
  {
    name: "radix4k-6.12",
    version: linux612,
    mmu: "radix",
    pageShift: 12,
    geometry: radix4k,
    contextBits: 0,
    regions: inside0xc("radix"),
  },
] satisfies Layout[]);

/** Name of the layout that is used when none is asked for. */
export const DEFAULT_LAYOUT = "hash64k-4.15";

/** A layout by name. */
export function layoutNamed(name: string): Layout | undefined {
  return layouts.find((layout) => layout.name === name);
}
