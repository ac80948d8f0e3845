// What lies where in a booted kernel: its image, RAM and the gaps in it, tables, the first stack, vmalloc areas, images.
// Drawing is the command line's.
import { hex64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import type { PageOwner } from "../page-alloc.ts";
import { IMAGE, linear } from "./image.ts";
import type { Stretch } from "./reach.ts";
import { sizeText } from "./size.ts";

/** An address with a name. */
export interface Mark {
  readonly address: U64;
  readonly name: string;
  readonly note?: string;
}

/** A stretch of effective addresses with one use, and the marks in it, ascending. */
export interface Content extends Stretch {
  readonly name: string;
  readonly note: string;
  readonly marks: readonly Mark[];
}

/** The code of a JITed function, or a section of a module. */
export interface ImagePlace extends Stretch {
  readonly name: string;
}

/** The stretches of a kernel, ascending; none overlaps another. Images that lie in none of the others are stretches of their own. */
export function contentsOf(kernel: Kernel, images: readonly ImagePlace[] = []): readonly Content[] {
  const known = [...linearMap(kernel), ...areas(kernel), ...structPages(kernel)];
  const strays = images.filter(({ start }) => !known.some((stretch) => holds(stretch, start)));
  const marks = [...marksOf(kernel), ...images.filter((image) => !strays.includes(image)).map(imageMark)];
  marks.sort((a, b) => a.address.comp(b.address));
  return [...known, ...strays.map((image) => ({ ...image, note: "JITed code" }))]
    .sort((a, b) => a.start.comp(b.start))
    .map((stretch) => ({ ...stretch, marks: marks.filter(({ address }) => holds(stretch, address)) }));
}

function holds({ start, end }: Stretch, address: U64): boolean {
  return address.gte(start) && address.lt(end);
}

function imageMark({ name, start, end }: ImagePlace): Mark {
  return { address: start, name, note: `${end.sub(start).toNumber()} bytes` };
}

const MIB = 2 ** 20;
const OWNERS: readonly PageOwner[] = [
  "page tables",
  "slab",
  "vmalloc",
  "bpf image",
  "module",
  "kernel",
  "user",
];

type Bare = Omit<Content, "marks">;

function real(name: string, start: number, end: number, note: string): Bare {
  return { name, start: linear(start), end: linear(end), note };
}

function linearMap({ ramMap, tables, pages }: Kernel): readonly Bare[] {
  const held = OWNERS.map((owner) => ({ owner, bytes: pages.held(owner) * pages.pageBytes }));
  const accounts = [
    `free ${sizeText(Math.floor((pages.free * pages.pageBytes) / MIB) * MIB)}`,
    ...held.filter(({ bytes }) => bytes > 0).map(({ owner, bytes }) => `${owner} ${sizeText(bytes)}`),
  ].join(", ");
  const fixed = [
    real("kernel text", 0, IMAGE.etext, "executable, not writable"),
    real("read-only data", IMAGE.etext, IMAGE.textEnd, "not writable"),
    real("kernel data", IMAGE.textEnd, IMAGE.end, "descriptors, TOC, data"),
    real(tables.name, tables.start, tables.end, "where the processor starts to translate"),
  ];
  const taken = [...fixed].sort((a, b) => a.start.comp(b.start));
  const ram = ramMap.flatMap(({ start, end, node }) =>
    without({ start: linear(start), end: linear(end) }, taken).map((rest) => ({
      ...rest,
      name: `RAM, node ${node}`,
      note: `of all RAM: ${accounts}`,
    })),
  );
  const gaps = ramMap.slice(1).flatMap(({ start }, i) => {
    const before = ramMap[i]?.end ?? start;
    return before < start ? [real("hole", before, start, "no RAM, not mapped")] : [];
  });
  return [...fixed, ...ram, ...gaps];
}

/** What is left of a stretch without others, which ascend. */
function without(whole: Stretch, others: readonly Stretch[]): readonly Stretch[] {
  const rest: Stretch[] = [];
  let { start } = whole;
  for (const other of others) {
    if (other.end.lte(start) || other.start.gte(whole.end)) continue;
    if (other.start.gt(start)) rest.push({ start, end: other.start });
    start = other.end;
  }
  return start.lt(whole.end) ? [...rest, { start, end: whole.end }] : rest;
}

function areas({ vmalloc, pages, kallsyms }: Kernel): readonly Bare[] {
  const by = (caller: string | U64): string =>
    typeof caller === "string" ? caller : (kallsyms.lookup(caller)?.name ?? hex64(caller));
  return vmalloc.areas.map(({ address, bytes, guardBytes, kind, caller }) => ({
    name: kind === "vmap" ? "vmap area" : "vmalloc area",
    start: address,
    end: address.add(bytes),
    note: [
      `${bytes / pages.pageBytes} pages`.replace(/^1 pages$/, "a page"),
      ...(guardBytes > 0 ? [" and a guard page"] : []),
      ...(caller === undefined ? [] : [`, for ${by(caller)}`]),
    ].join(""),
  }));
}

/** The parts of vmemmap that are mapped. */
function structPages({ vmemmap, ramMap, pages }: Kernel): readonly Bare[] {
  return ramMap.map(({ start, end, node }) => ({
    name: `struct pages, node ${node}`,
    start: vmemmap.pageAddress(start / pages.pageBytes),
    end: vmemmap.pageAddress(end / pages.pageBytes),
    note: `of RAM at ${hex64(linear(start))}`,
  }));
}

function marksOf({ text, paca, stack }: Kernel): readonly Mark[] {
  return [
    { address: linear(IMAGE.realVectors), name: "_text, _stext", note: "interrupts with translation off" },
    { address: linear(IMAGE.virtVectors), name: "virtual vectors", note: "interrupts with translation on" },
    { address: text.bpfCallBase, name: "__bpf_call_base", note: "where the imm of a call counts from" },
    { address: linear(IMAGE.functions), name: "kernel functions", note: "helpers and exported symbols" },
    { address: linear(IMAGE.etext), name: "_etext" },
    { address: text.toc, name: "TOC base", note: "r2 of kernel code" },
    { address: paca, name: "paca", note: "r13" },
    { address: stack.start, name: "kernel stack" },
    { address: stack.end, name: "end of kernel stack", note: "where r1 starts" },
  ];
}
