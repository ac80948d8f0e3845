// The functions of an object: where each lies in its section, and which of them are programs.
import { decodeInsns, INSN_BYTES, type Insn } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import {
  SHF_EXECINSTR,
  SHT_PROGBITS,
  SHT_RELA,
  STB_LOCAL,
  STT_FUNC,
  type Elf,
  type Relocation,
  type Section,
} from "./reader.ts";
import { progTypeOfSection } from "./sections.ts";
import type { ProgramEntry } from "./types.ts";

/** A section of instructions. */
export interface Code {
  readonly section: Section;
  readonly insns: readonly Insn[];
  /** Relocations by slot. */
  readonly relocations: ReadonlyMap<number, Relocation>;
}

/** A function; `start` and `length` in slots of its section. */
export interface ObjectFunction {
  readonly name: string;
  readonly code: Code;
  readonly start: number;
  readonly length: number;
  readonly isStatic: boolean;
}

/** All functions of all sections with code, by section and start. */
export class Functions {
  readonly all: readonly ObjectFunction[];
  readonly #byPlace: ReadonlyMap<string, ObjectFunction>;

  /** @throws BpfLoadError where a function does not lie in its section on whole instructions. */
  constructor(elf: Elf) {
    const sections = elf.sections.filter(
      (s) => s.type === SHT_PROGBITS && (s.flags & SHF_EXECINSTR) !== 0 && s.size > 0,
    );
    // Sections of a sound file do not overlap; without this, a small file could state any amount of code.
    const total = sections.reduce((sum, s) => sum + s.data.length, 0);
    if (total > elf.bytes) throw new BpfLoadError(`${total} bytes of code in a file of ${elf.bytes}`);
    const withAddends = new Map(elf.sections.filter((s) => s.type === SHT_RELA).map((s) => [s.info, s.name]));
    this.all = sections.flatMap((section) => {
      const rela = withAddends.get(section.index);
      if (rela !== undefined)
        throw new BpfLoadError(`section ${rela}: relocations with addends are not BPF's`);
      return functionsOf(elf, section);
    });
    this.#byPlace = new Map(this.all.map((f) => [`${f.code.section.index}:${f.start}`, f]));
  }

  /** The function that starts at this slot of this section. */
  at(section: number, slot: number): ObjectFunction | undefined {
    return this.#byPlace.get(`${section}:${slot}`);
  }

  /**
   * What can be loaded by name: the functions of every section but .text, which has subprograms, unless one function
   * in .text is all there is.
   */
  programs(): readonly ProgramEntry[] {
    const outside = this.all.filter((f) => f.code.section.name !== ".text");
    const kept = outside.length === 0 && this.all.length === 1 ? this.all : outside;
    return kept.map(({ name, code }) => ({
      name,
      section: code.section.name,
      type: progTypeOfSection(code.section.name),
    }));
  }
}

function functionsOf(elf: Elf, section: Section): readonly ObjectFunction[] {
  const where = `section ${section.name}`;
  if (section.data.length % INSN_BYTES !== 0)
    throw new BpfLoadError(`${where}: ${section.data.length} bytes are not a multiple of ${INSN_BYTES}`);
  const relocations = new Map<number, Relocation>();
  for (const r of elf.relocations(section)) {
    if (r.offset % INSN_BYTES !== 0 || r.offset >= section.data.length)
      throw new BpfLoadError(`${where}: relocation at byte ${r.offset} is at no instruction`);
    relocations.set(r.offset / INSN_BYTES, r);
  }
  const code = { section, insns: decodeInsns(section.data, elf.endian), relocations };
  return elf
    .symbolsIn(section)
    .filter((s) => s.type === STT_FUNC)
    .map(({ name, value, size, bind }) => {
      if (
        value % INSN_BYTES !== 0 ||
        size % INSN_BYTES !== 0 ||
        size === 0 ||
        value + size > section.data.length
      )
        throw new BpfLoadError(
          `${where}: function ${name} of ${size} bytes at ${value} does not lie in its ${section.data.length} bytes on whole instructions`,
        );
      return {
        name,
        code,
        start: value / INSN_BYTES,
        length: size / INSN_BYTES,
        isStatic: bind === STB_LOCAL,
      };
    });
}
