// Sections that the build of a real .ko adds and a plain `gcc -c` object lacks: stubs, GOT, the save and restore routines of -Os.
// They get their sizes here; what stands in them is stubs.ts's, got.ts's and crtsavres.ts's work.
import type { LinuxVersion } from "../version.ts";
import { routineName, routines } from "./crtsavres.ts";
import { SHF_ALLOC, SHF_EXECINSTR, SHN_UNDEF, SHT_NOBITS, SHT_PROGBITS } from "./file.ts";
import type { ModuleFile, ModuleSection, RelocationTable } from "./file.ts";
import { GOT_PCREL34, REL24, REL24_NOTOC } from "./relocation.ts";
import { stubBytes } from "./stubs.ts";

export interface Glue {
  /** Those of the file, with those that are added. */
  readonly sections: readonly ModuleSection[];
  /** Indexes. */
  readonly stubs: number;
  readonly got: number;
  /** The section that r2 is counted from: `.toc`, or where there is none the stubs. */
  readonly toc: number;
  /** Save and restore routines that the module calls, and where. */
  readonly routines: { readonly section: number; readonly offsets: ReadonlyMap<string, number> };
}

/** @linux arch/powerpc/kernel/module_64.c module_frob_arch_sections, get_stubs_size, get_got_size */
export function addGlue(file: ModuleFile, version: LinuxVersion): Glue {
  const sections = file.sections.map((section) =>
    section.name === ".toc"
      ? { ...section, align: Math.max(section.align, version.module.tocAlign) }
      : section,
  );
  /** A section of its own, in place of the file's empty one where there is one. */
  const place = (section: Omit<ModuleSection, "index">): number => {
    const found = sections.findIndex(({ name }) => name === section.name);
    const index = found < 0 ? sections.length : found;
    sections[index] = { ...section, index };
    return index;
  };
  const nothing = new Uint8Array();
  const stubCount = 1 + countTargets(file.tables, REL24) + countTargets(file.tables, REL24_NOTOC);
  const stubs = place({
    name: ".stubs",
    type: SHT_NOBITS,
    flags: SHF_ALLOC | SHF_EXECINSTR,
    size: stubCount * stubBytes(file.abi, version),
    align: 8,
    data: nothing,
  });
  const got = place({
    name: ".mygot",
    type: SHT_NOBITS,
    flags: SHF_ALLOC,
    size: 8 * countTargets(file.tables, GOT_PCREL34),
    align: 8,
    data: nothing,
  });
  const { data, offsets } = routinesFor(file);
  const section = place({
    name: ".text.crtsavres",
    type: SHT_PROGBITS,
    flags: SHF_ALLOC | SHF_EXECINSTR,
    size: data.length,
    align: 4,
    data,
  });
  const toc = sections.findIndex(({ name, flags }) => name === ".toc" && (flags & SHF_ALLOC) !== 0);
  return { sections, stubs, got, toc: toc < 0 ? stubs : toc, routines: { section, offsets } };
}

/** Symbols with addends that relocations of a type name, those of each table by itself. */
function countTargets(tables: readonly RelocationTable[], type: number): number {
  const counts = tables.map(({ relocations }) => {
    const wanted = relocations.filter((relocation) => relocation.type === type);
    return new Set(wanted.map(({ symbol, addend }) => `${symbol}+${addend.toString()}`)).size;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

function routinesFor(file: ModuleFile): {
  readonly data: Uint8Array;
  readonly offsets: ReadonlyMap<string, number>;
} {
  const wanted = file.symbols.flatMap(({ section, name }) =>
    section === SHN_UNDEF ? [routineName(name) ?? ""] : [],
  );
  const { words, offsets } = routines(wanted.filter((name) => name !== ""));
  const data = new Uint8Array(4 * words.length);
  const view = new DataView(data.buffer);
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, file.endian === "le");
  });
  return { data, offsets };
}
