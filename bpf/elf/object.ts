// A BPF object as clang makes it: what it holds, and its programs ready for the BPF core. Loading one into a kernel, and
// what a program may do, are others' business.
import type { Endian, Insn } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import { BPF_LD_IMM64, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from "../opcodes.ts";
import { Functions, type ObjectFunction } from "./functions.ts";
import { link } from "./link.ts";
import { readMaps, type PlacedMap } from "./maps.ts";
import { Elf, Reader } from "./reader.ts";
import { progTypeOfSection } from "./sections.ts";
import { Source } from "./source.ts";
import type { LinkedProgram, MapDefinition, ProgramEntry, ProgType } from "./types.ts";

export type {
  LinkedFunction,
  LinkedProgram,
  MapDefinition,
  ProgramEntry,
  ProgType,
  SourceInfo,
} from "./types.ts";
export { mapTypes, progTypes } from "./types.ts";
export { BpfLoadError } from "../load-error.ts";

/** An ELF object of clang's, taken apart: its programs by name, its maps. It is not tied to a kernel and can be loaded into several. */
export class BpfObject {
  readonly endian: Endian;
  /** Contents of section `license`; empty where there is none. */
  readonly license: string;
  readonly maps: readonly MapDefinition[];
  /** Functions that can be loaded by name, in the order of their sections. */
  readonly programs: readonly ProgramEntry[];
  readonly #elf: Elf;
  readonly #functions: Functions;
  readonly #placedMaps: readonly PlacedMap[];
  #source: Source | undefined;

  private constructor(bytes: Uint8Array) {
    this.#elf = new Elf(bytes);
    this.endian = this.#elf.endian;
    this.#functions = new Functions(this.#elf);
    this.#placedMaps = readMaps(this.#elf);
    this.maps = this.#placedMaps.map((m) => m.definition);
    this.programs = this.#functions.programs();
    const license = this.#elf.section("license");
    this.license =
      license === undefined ? "" : new Reader(license.data, this.endian, "section license").string(0);
  }

  /** @throws BpfLoadError for whatever is wrong with the file: one line that says what, where and with which numbers. */
  static parse(bytes: Uint8Array): BpfObject {
    return new BpfObject(bytes);
  }

  /**
   * A program with all the functions it reaches. Functions in .text can be named too.
   * @param type overrides what the section's name says, and is needed where it says nothing.
   * @throws BpfLoadError for a name that is not there, a section that means no type, or what cannot be resolved.
   */
  link(programName: string, type?: ProgType): LinkedProgram {
    const main = this.#find(programName);
    const found = type ?? progTypeOfSection(main.code.section.name);
    if (found === "unspec")
      throw new BpfLoadError(
        `program ${programName}: the name of section ${main.code.section.name} means no program type`,
      );
    const read = (): Source => (this.#source ??= new Source(this.#elf));
    const input = { elf: this.#elf, functions: this.#functions, maps: this.#placedMaps };
    const { insns, functions, placed, kfuncs } = link({ ...input, btf: () => read().btf }, main);
    const source = read().describe(placed);
    return {
      name: main.name,
      type: found,
      endian: this.endian,
      ...usedMaps(insns, this.maps),
      functions,
      license: this.license,
      ...(kfuncs.length === 0 ? {} : { kfuncs }),
      ...(source === undefined ? {} : { source }),
    };
  }

  #find(name: string): ObjectFunction {
    const isProgram = (f: ObjectFunction): boolean => f.code.section.name !== ".text";
    const named = this.#functions.all.filter((f) => f.name === name);
    const found = named.find(isProgram) ?? named[0];
    if (found !== undefined) return found;
    const others = this.programs.map((p) => p.name).join(", ");
    throw new BpfLoadError(`no program ${name}; the object has ${others === "" ? "none" : others}`, "ENOENT");
  }
}

/** The program with those of the maps alone that it names: the others are not its business, nor is what they lack. */
function usedMaps(
  insns: readonly Insn[],
  maps: readonly MapDefinition[],
): Pick<LinkedProgram, "insns" | "maps"> {
  const namesMap = ({ code, src }: Insn): boolean =>
    code === BPF_LD_IMM64 && (src === BPF_PSEUDO_MAP_FD || src === BPF_PSEUDO_MAP_VALUE);
  const used = [...new Set(insns.filter(namesMap).map((i) => i.imm))].sort((a, b) => a - b);
  const position = new Map(used.map((index, at) => [index, at]));
  return {
    insns: insns.map((i) => (namesMap(i) ? { ...i, imm: position.get(i.imm) ?? i.imm } : i)),
    maps: used.flatMap((index) => maps[index] ?? []),
  };
}
