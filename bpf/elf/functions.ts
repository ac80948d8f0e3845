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
    this.all = elf.sections.flatMap((section) => {
      const isCode =
        section.type === SHT_PROGBITS && (section.flags & SHF_EXECINSTR) !== 0 && section.size > 0;
      return isCode ? functionsOf(elf, section) : [];
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
  const rela = elf.sections.find((s) => s.type === SHT_RELA && s.info === section.index);
  if (rela !== undefined)
    throw new BpfLoadError(`section ${rela.name}: relocations with addends are not BPF's`);
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
