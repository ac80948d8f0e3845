// A layout as data for people and tools: its regions, and what lies in them once a kernel has booted.
// Printing is the command line's work.
import type { U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import { IMAGE, KERNEL_BASE, linear } from "./image.ts";
import type { Layout } from "./layout.ts";

/** A stretch of effective addresses, end exclusive. */
export interface Stretch {
  readonly name: string;
  readonly start: U64;
  readonly end: U64;
  readonly note: string;
}

export interface LayoutDescription {
  readonly name: string;
  readonly linux: "4.15" | "6.12";
  readonly mmu: "hash" | "radix";
  readonly pageBytes: number;
  /** Ascending. */
  readonly regions: readonly Stretch[];
}

/** What a layout is, without booting anything. */
export function describeLayout(layout: Layout): LayoutDescription {
  return {
    name: layout.name,
    linux: layout.version.name,
    mmu: layout.mmu,
    pageBytes: 2 ** layout.pageShift,
    regions: layout.regions.map(({ name, start, end, note }) => ({ name, start, end, note })),
  };
}

/** What lies where in a booted kernel: image, tables, the first stack, vmalloc areas. Ascending; some lie inside others. */
export function describeContents(kernel: Kernel): readonly Stretch[] {
  const { cpu, paca, stack, vmalloc, tables } = kernel;
  const real = (name: string, from: number, to: number, note: string): Stretch => ({
    name,
    start: linear(from),
    end: linear(to),
    note,
  });
  const { name: tableName, start, end } = tables;
  const stretches: Stretch[] = [
    { name: "RAM", start: KERNEL_BASE, end: linear(cpu.ram.size), note: "mapped 1:1 from real address 0" },
    real("kernel text", 0, IMAGE.etext, "_stext to _etext; executable, not writable"),
    real("real vectors", IMAGE.realVectors, IMAGE.virtVectors, "interrupts with translation off"),
    real("virt vectors", IMAGE.virtVectors, IMAGE.virtVectors + 0x2000, "interrupts with translation on"),
    real("__bpf_call_base", IMAGE.bpfCallBase, IMAGE.bpfCallBase + 8, "where the imm of a call counts from"),
    real("kernel functions", IMAGE.functions, IMAGE.etext, "helpers, one entry each"),
    real(
      "kernel data",
      IMAGE.textEnd,
      IMAGE.end,
      `TOC base (r2) at +0x${(IMAGE.toc - IMAGE.textEnd).toString(16)}`,
    ),
    real("page allocator", IMAGE.end, start, "kmalloc, page tables, pages of vmalloc areas"),
    { name: "paca", start: paca, end: paca.add(2048), note: "r13; kernel_toc at offset 16" },
    { name: "kernel stack", start: stack.start, end: stack.end, note: "r1 starts at its end" },
    real(tableName, start, end, "at its real address"),
    ...vmalloc.areas.map((area) => ({
      name: "vmalloc area",
      start: area.address,
      end: area.address.add(area.bytes),
      note: "and one guard page",
    })),
  ];
  return stretches.sort((a, b) => a.start.compare(b.start) || b.end.compare(a.end));
}
