// Boot of memory management: from a map of RAM to pages, page tables, struct pages and vmalloc. Each part's work is its own file's.
import { hex64, type U64 } from "../word/long.ts";
import type { Cpu } from "../cpu/cpu.ts";
import type { Endian } from "../cpu/state.ts";
import { KernelAddress } from "./address.ts";
import { KernelUsageError } from "./error.ts";
import type { PointerHash } from "./hashed-pointer.ts";
import { symbolText, type Kallsyms } from "./kallsyms.ts";
import { Kmalloc } from "./kmalloc.ts";
import { IMAGE } from "./layout/image.ts";
import type { Layout } from "./layout/layout.ts";
import { HashMm, hashTableBytes } from "./mm/hash-mm.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX, type MemoryManagement, type TableMemory } from "./mm/mm.ts";
import { PROCESS_TABLE_BYTES, RadixMm } from "./mm/radix-mm.ts";
import { PageAllocator } from "./page-alloc.ts";
import { checkRamMap, nodeOf, ramOf, ramTotal, type RamRange } from "./ram-map.ts";
import type { Random } from "./random.ts";
import { hashVmemmapShift, Vmemmap } from "./vmemmap.ts";
import { Vmalloc } from "./vmalloc.ts";

const DEFAULT_RAM = 256 * 2 ** 20;

/** What memory management is made for. */
export interface MemoryContext {
  readonly cpu: Cpu;
  readonly layout: Layout;
  readonly ramMap: readonly RamRange[];
  readonly endian: Endian;
  readonly random: Random;
  readonly kallsyms: Kallsyms;
  readonly pointerHash: PointerHash;
}

/** The table that the processor starts from, at real addresses. */
export interface ProcessorTable {
  readonly name: "hash table" | "process table";
  readonly start: number;
  readonly end: number;
}

/** What a kernel has of it. */
export interface MemoryParts {
  readonly tables: ProcessorTable;
  readonly pages: PageAllocator;
  readonly kmalloc: Kmalloc;
  readonly mm: MemoryManagement;
  readonly vmemmap: Vmemmap;
  readonly address: KernelAddress;
  readonly vmalloc: Vmalloc;
}

/** Where RAM is that options ask for. @throws KernelUsageError where no kernel boots with it */
export function usableRam(options: {
  readonly ramBytes?: number;
  readonly ramMap?: readonly RamRange[];
}): readonly RamRange[] {
  const { ramBytes, ramMap } = options;
  if (ramMap === undefined) return ramOf(ramBytes ?? DEFAULT_RAM);
  if (ramBytes !== undefined) throw new KernelUsageError("ramBytes and ramMap: one says where RAM is");
  return checkRamMap(ramMap);
}

/** Pages come from the top of memory until the caller ends boot (`pages.memblockFreeAll`, `vmemmap.initialize`). @throws KernelUsageError */
export function bootMemory(context: MemoryContext): MemoryParts {
  const { cpu, layout, ramMap, endian } = context;
  const { ram } = cpu;
  const clear = (real: number, length: number): void => void ram.bytes(real, length).fill(0);
  const tables = tablePlace(layout, ramMap);
  const { zone, firstPages: first } = layout.version;
  const reserved = [{ start: 0, end: IMAGE.end }, tables];
  const pages = new PageAllocator({
    pageBytes: 2 ** layout.pageShift,
    ram: ramMap,
    reserved,
    zone,
    first,
    clear,
  });
  const kmalloc = new Kmalloc(pages, "slab", clear);
  const mm = createMm(context, tables, new Kmalloc(pages, "page tables", clear));
  mm.mapLinear(0, IMAGE.textEnd, PAGE_KERNEL_ROX);
  for (const { start, end } of ramMap) mm.mapLinear(Math.max(start, IMAGE.textEnd), end, PAGE_KERNEL);
  const vmemmap = new Vmemmap({ layout, ramMap, mm, pages, endian, ram });
  const address = new KernelAddress({ layout, ramMap, mm, vmemmap });
  return { tables, pages, kmalloc, mm, vmemmap, address, vmalloc: createVmalloc(context, mm, pages) };
}

function createMm(context: MemoryContext, { start, end }: ProcessorTable, slabs: Kmalloc): MemoryManagement {
  const { cpu, layout, random, ramMap } = context;
  const tables: TableMemory = { allocateTable: (bytes) => slabs.allocate(bytes, bytes) };
  if (layout.mmu === "radix") return new RadixMm({ cpu, layout, tables, processTable: start });
  const table = { base: start, bytes: end - start };
  return new HashMm({ cpu, layout, tables, random, table, vmemmapShift: hashVmemmapShift(layout, ramMap) });
}

function createVmalloc(context: MemoryContext, mm: MemoryManagement, pages: PageAllocator): Vmalloc {
  const { layout, ramMap, kallsyms, pointerHash } = context;
  const info = {
    version: layout.version,
    nodes: [...new Set(ramMap.map(({ node }) => node))].sort((a, b) => a - b),
    nodeOf: (real: number) => nodeOf(ramMap, real),
    symbolize: (address: U64) => {
      const found = kallsyms.lookup(address);
      return found === undefined ? hex64(address) : symbolText(found);
    },
    hash: (address: U64) => pointerHash.text(address),
  };
  return new Vmalloc(mm, pages, { pageShift: layout.pageShift, protection: PAGE_KERNEL, info });
}

/** As high in RAM as there is room, aligned to its size. */
function tablePlace(layout: Layout, map: readonly RamRange[]): ProcessorTable {
  const bytes = layout.mmu === "hash" ? hashTableBytes(ramTotal(map), layout.pageShift) : PROCESS_TABLE_BYTES;
  const range = map.findLast(({ start, end }) => end - (end % bytes) - bytes >= Math.max(start, IMAGE.end));
  if (range === undefined)
    throw new KernelUsageError(`no ${bytes} adjoining bytes of RAM for the MMU's table`);
  const start = range.end - (range.end % bytes) - bytes;
  return { name: layout.mmu === "hash" ? "hash table" : "process table", start, end: start + bytes };
}
