// Where the sections of a module go: text, read-only data, data that is read-only after init, data; each a memory of its own.
// Addresses are not known yet.
import { noExec } from "./error.ts";
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, type ModuleSection } from "./file.ts";

/** A part of a module's memory with one protection. @linux include/linux/module.h mod_mem_type */
export type MemoryType = "text" | "rodata" | "ro_after_init" | "data";

/** In the order in which memory is asked for. */
export const MEMORY_TYPES: readonly MemoryType[] = ["text", "data", "rodata", "ro_after_init"];

export interface Place {
  readonly memory: MemoryType;
  /** Bytes from the memory's start. */
  readonly offset: number;
}

export interface ModuleLayout {
  /** By index of the section; sections without SHF_ALLOC have none. */
  readonly places: ReadonlyMap<number, Place>;
  /** Bytes of each memory, 0 where nothing is in it. */
  readonly sizes: Readonly<Record<MemoryType, number>>;
}

/** Memories with the flags that a section in it must have and must not have; the first that fits has it. */
// prettier-ignore
const KINDS: readonly { readonly memory: MemoryType; readonly all: number; readonly none: number }[] = [
  { memory: "text",   all: SHF_ALLOC | SHF_EXECINSTR, none: 0 },
  { memory: "rodata", all: SHF_ALLOC,                 none: SHF_WRITE },
  { memory: "data",   all: SHF_ALLOC | SHF_WRITE,     none: 0 },
];
const WRITE_AND_EXECUTE = SHF_WRITE | SHF_EXECINSTR;
/** Sections that may be written until init has returned. @linux kernel/module/main.c layout_and_allocate */
const RO_AFTER_INIT: ReadonlySet<string> = new Set([".data..ro_after_init", "__jump_table"]);
/** Sections that are looked at in the file, whatever their flags say. @linux kernel/module/main.c rewrite_section_headers */
const NOT_KEPT: ReadonlySet<string> = new Set([".modinfo", "__versions"]);

/**
 * ppc64 keeps sections of init with the others: they would need an r2 of their own.
 * @throws ModuleError ENOEXEC for a section that is both writable and executable
 * @linux kernel/module/main.c layout_sections
 */
export function layoutModule(name: string, sections: readonly ModuleSection[]): ModuleLayout {
  const places = new Map<number, Place>();
  const sizes = { text: 0, rodata: 0, ro_after_init: 0, data: 0 };
  for (const section of sections) {
    if ((section.flags & WRITE_AND_EXECUTE) === WRITE_AND_EXECUTE)
      throw noExec(`${name}: section ${section.name} (index ${section.index}) has invalid WRITE|EXEC flags`);
    const memory = memoryOf(section);
    if (memory === undefined) continue;
    const offset = Math.ceil(sizes[memory] / section.align) * section.align;
    places.set(section.index, { memory, offset });
    sizes[memory] = offset + section.size;
  }
  return { places, sizes };
}

function memoryOf({ name, flags }: ModuleSection): MemoryType | undefined {
  if (NOT_KEPT.has(name)) return undefined;
  if ((flags & SHF_ALLOC) !== 0 && RO_AFTER_INIT.has(name)) return "ro_after_init";
  return KINDS.find(({ all, none }) => (flags & all) === all && (flags & none) === 0)?.memory;
}
