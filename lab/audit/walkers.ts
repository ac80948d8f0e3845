// What walks memory by page number, or adds it: hash faults, devices, crash dumps, hotplug.
import { MemoryFault } from "../../bpf/memory.ts";
import { copyOldmemPage, realInDump } from "../../kernel/crash-dump.ts";
import { deviceRead, dmaMapSingle } from "../../kernel/dma.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { linear } from "../../kernel/layout/image.ts";
import { checkHotplugRange } from "../../kernel/memory-hotplug.ts";
import { linearOffset } from "../../kernel/mm/linear-map.ts";
import { ramEnd, ramHoles, SECTION_BYTES } from "../../kernel/ram-map.ts";
import { hex64, u64 } from "../../word/long.ts";
import { accessText, isAt, reach, realText } from "./access.ts";
import type { Check } from "./finding.ts";

/** Linux resolves hash faults of vmalloc and IO; the linear map is bolted and knows none. @linux arch/powerpc/mm/book3s64/hash_utils.c hash_page_mm */
export const hashCheck: Check = ({ kernel, ea, isLinear, real }) => {
  const assumption = "hash faults of 0xc are errors: it is bolted";
  if (kernel.layout.mmu === "radix") {
    const load = accessText("load", ea, reach(kernel, ea, "load"));
    return [
      {
        assumption,
        broken: false,
        access: load,
        why: "radix: the processor walks the tree, nothing is bolted",
      },
    ];
  }
  // Another page's entry may push out any that is not bolted.
  reach(kernel, ea, "load");
  const isEvicted = kernel.mm.evict(ea);
  const raw = kernel.cpu.mmu.translate(ea, "load");
  const first = accessText(
    "load",
    ea,
    raw.kind === "page"
      ? { kind: "real", real: raw.real }
      : { kind: "interrupt", vector: raw.vector, reason: raw.dsisr },
  );
  const access = `${first}${isEvicted ? " once evicted" : ""}; with the fault handler ${accessText("load", ea, reach(kernel, ea, "load"))}`;
  const is1to1 = linearOffset(ea) === real;
  const broken = isLinear && !is1to1;
  const why = broken
    ? "hash_page of Linux refuses the address; here a structure beside the page tables answers"
    : isLinear
      ? "a bolted entry can be the image's too: it is RAM at its linear address, only the protection differs"
      : "vmalloc has page tables, and hash_page enters from them";
  return [{ assumption, broken, access, why }];
};

/** @linux include/linux/dma-mapping.h dma_map_single_attrs */
export const dmaCheck: Check = ({ kernel }) => {
  const assumption = "DMA of a packet";
  const { moved } = kernel.imageAlloc;
  if (moved !== undefined) {
    const { ea } = moved;
    const bus = dmaMapSingle(kernel, ea);
    const reached = reach(kernel, ea, "store");
    const broken = bus === undefined || !isAt(reached, bus);
    const there = bus === undefined || deviceRead(kernel, bus, 1) === undefined ? "no RAM" : "other RAM";
    return [
      {
        assumption,
        broken,
        access: `${accessText("store", ea, reached)}; the device is told ${realText(bus ?? 0)}`,
        why: broken
          ? `a packet in RAM that was moved: the device finds ${there}`
          : "the device finds the packet",
      },
    ];
  }
  const packet = kernel.allocate(64);
  const mark = u64(0x600d);
  kernel.store(packet, 8, mark);
  const bus = dmaMapSingle(kernel, packet) ?? 0;
  const reached = reach(kernel, packet, "load");
  const data = deviceRead(kernel, bus, 8);
  const broken = data === undefined || !isAt(reached, bus);
  kernel.free(packet);
  return [
    {
      assumption,
      broken,
      access: `${accessText("store", packet, reached)}; the device is told ${realText(bus)}`,
      why: "packets are in RAM at its linear address",
    },
  ];
};

export const crashDumpCheck: Check = ({ kernel, ea, real }) => {
  const { moved, granuleBytes } = kernel.imageAlloc;
  const { pageBytes } = kernel.pages;
  const page = moved?.real ?? real - (real % pageBytes);
  const copied = copyOldmemPage(kernel, page / pageBytes);
  const isRight =
    !(copied instanceof MemoryFault) && sameBytes(copied, kernel.cpu.ram.bytes(page, pageBytes));
  const reached = reach(kernel, linear(page), "load");
  const inDump = realInDump(kernel, ea);
  const where = inDump === undefined ? "nothing" : `real ${realText(inDump)}`;
  return [
    {
      assumption: "crash dump: a page is read at __va of its number",
      broken: !isRight,
      access: `page ${realText(page / pageBytes)}: ${accessText("load", linear(page), reached)}, expected real ${realText(page)}`,
      why: isRight
        ? "the copy is the page"
        : "the page that was moved is not in the dump, what lies at its old address is",
    },
    {
      assumption: "crash dump: an address of 0xc is found by __pa",
      broken: inDump !== real,
      access: `${accessText("load", ea, reach(kernel, ea, "load"))}; the dump's reader takes ${where}`,
      why:
        inDump === real
          ? granuleBytes < pageBytes
            ? "packs are found through vmalloc's page tables"
            : "the reader finds the image"
          : "the dump shows other memory where the image was, or none: no code in a backtrace",
    },
  ];
};

/** Memory that is added wants its linear address. @linux mm/memory_hotplug.c add_memory, arch_add_memory */
export const hotplugCheck: Check = ({ kernel }) => {
  const sections = [...ramHoles(kernel.ramMap).map(({ start }) => start), ramEnd(kernel.ramMap)];
  const looked = sections.map((section) => ({ section, reached: reach(kernel, linear(section), "load") }));
  const taken = looked.find(({ reached }) => reached.kind === "real");
  const { section, reached } = taken ?? looked[looked.length - 1] ?? { section: 0, reached: undefined };
  if (reached === undefined) return [];
  const errno = checkHotplugRange(kernel, section, SECTION_BYTES);
  return [
    {
      assumption: "memory hotplug: the linear address of a new section is free",
      broken: taken !== undefined,
      access: `section ${realText(section)}: ${accessText("load", linear(section), reached)}, expected no translation`,
      why:
        taken === undefined
          ? "nothing is mapped there"
          : `the range check says ${errno ?? "yes"}, and the address would be mapped twice: ${useOf(kernel, section)}`,
    },
  ];
};

function useOf(kernel: Kernel, section: number): string {
  const { moved } = kernel.imageAlloc;
  const isMoved =
    moved !== undefined &&
    linear(section).gte(moved.ea) &&
    linear(section).lt(moved.ea.add(u64(moved.bytes)));
  return isMoved ? `RAM that was moved to ${hex64(moved.ea)}` : "an image is there";
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
