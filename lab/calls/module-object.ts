// A relocatable ELF object of one text section, as a compiler would make it of one file: what the module loader takes.
// [System V gABI chapter 4; ELFv2 3]
import type { Endian } from "../../cpu/state.ts";
import { u64, type U64 } from "../../word/long.ts";

/** A word of the text that the loader changes. */
export interface TextRelocation {
  /** Bytes from the start of the text. */
  readonly offset: number;
  /** Its number [ELFv2 3.5.3]. */
  readonly type: number;
  /** A name of the object's or of another's. */
  readonly symbol: string;
  readonly addend?: number;
}

/** A global function in the text. */
export interface TextFunction {
  readonly name: string;
  /** Bytes from the start of the text, and its size. */
  readonly offset: number;
  readonly bytes: number;
  /** Whether its first two instructions make its TOC; else it needs none. */
  readonly usesToc: boolean;
}

/** What the object is made of. */
export interface ModuleObject {
  readonly endian: Endian;
  readonly words: readonly number[];
  readonly relocations: readonly TextRelocation[];
  readonly functions: readonly TextFunction[];
}

/** st_other of a function whose local entry point is two instructions behind the global one, and of one that has no TOC [ELFv2 3.4.1]. */
const LOCAL_ENTRY = { toc: 3 << 5, notoc: 1 << 5 };
const EHDR_BYTES = 64;
const SHDR_BYTES = 64;
const GLOBAL_FUNCTION = 0x12;
const GLOBAL = 0x10;
const TEXT = 1;
const SYMTAB = 4;
const STRTAB = 5;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
  readonly link?: number;
  readonly info?: number;
  readonly align: number;
  readonly entryBytes?: number;
}

/** The bytes of the object, an ELFv2 one. */
export function moduleObject({ endian, words, relocations, functions }: ModuleObject): Uint8Array {
  const little = endian === "le";
  const names = new Names();
  const others = [...new Set(relocations.map(({ symbol }) => symbol))];
  const symbols = [
    ...functions.map(({ name, offset, bytes, usesToc }) =>
      symbol(names.add(name), {
        info: GLOBAL_FUNCTION,
        other: usesToc ? LOCAL_ENTRY.toc : LOCAL_ENTRY.notoc,
        section: TEXT,
        value: offset,
        bytes,
      }),
    ),
    ...others.map((name) =>
      symbol(names.add(name), { info: GLOBAL, other: 0, section: 0, value: 0, bytes: 0 }),
    ),
  ];
  const relas = relocations.map(({ offset, type, symbol: name, addend = 0 }) => {
    const index = 1 + functions.length + others.indexOf(name);
    return [
      ...longs(u64(offset), little),
      ...longs(u64(index).shl(32).or(u64(type)), little),
      ...longs(u64(addend), little),
    ];
  });
  const text = words.flatMap((word) => integer(word, 4, little));
  const section = (name: string, type: number, data: readonly number[], more: Partial<Section>): Section => {
    return { name, type, flags: 0, data: Uint8Array.from(data), align: 8, ...more };
  };
  const symtab = [Array<number>(24).fill(0), ...symbols.map((fields) => fields(little))].flat();
  const sections = [
    section(".text", 1, text, { flags: 6, align: 128 }),
    section(".rela.text", 4, relas.flat(), { link: SYMTAB, info: TEXT, entryBytes: 24 }),
    section(".toc", 1, Array<number>(8).fill(0), { flags: 3 }),
    section(".symtab", 2, symtab, { link: STRTAB, info: 1, entryBytes: 24 }),
    section(".strtab", 3, names.bytes, { align: 1 }),
  ];
  return file(sections, little);
}

/** Names one behind the other, each ended by a NUL, the empty one first. */
class Names {
  #text = "\0";

  /** Where a name stands. */
  add(name: string): number {
    const at = this.#text.length;
    this.#text += `${name}\0`;
    return at;
  }
  get bytes(): readonly number[] {
    return [...new TextEncoder().encode(this.#text)];
  }
}

interface SymbolFields {
  readonly info: number;
  readonly other: number;
  readonly section: number;
  readonly value: number;
  readonly bytes: number;
}

/** An entry of the symbol table. */
function symbol(name: number, fields: SymbolFields): (little: boolean) => readonly number[] {
  return (little) => [
    ...integer(name, 4, little),
    fields.info,
    fields.other,
    ...integer(fields.section, 2, little),
    ...longs(u64(fields.value), little),
    ...longs(u64(fields.bytes), little),
  ];
}

/** Header, contents, section headers. */
function file(sections: readonly Section[], little: boolean): Uint8Array {
  const names = new Names();
  const nameOffsets = [...sections.map(({ name }) => names.add(name)), names.add(".shstrtab")];
  const all: readonly Section[] = [
    ...sections,
    { name: ".shstrtab", type: 3, flags: 0, data: Uint8Array.from(names.bytes), align: 1 },
  ];
  const headers: number[][] = [Array<number>(SHDR_BYTES).fill(0)];
  const contents: number[] = [];
  all.forEach((section, i) => {
    while ((EHDR_BYTES + contents.length) % section.align !== 0) contents.push(0);
    headers.push([
      ...integer(nameOffsets[i] ?? 0, 4, little),
      ...integer(section.type, 4, little),
      ...longs(u64(section.flags), little),
      ...longs(u64(0), little),
      ...longs(u64(EHDR_BYTES + contents.length), little),
      ...longs(u64(section.data.length), little),
      ...integer(section.link ?? 0, 4, little),
      ...integer(section.info ?? 0, 4, little),
      ...longs(u64(section.align), little),
      ...longs(u64(section.entryBytes ?? 0), little),
    ]);
    contents.push(...section.data);
  });
  while (contents.length % 8 !== 0) contents.push(0);
  const ident = [0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1, ...Array<number>(9).fill(0)];
  const header = [
    ...ident,
    ...[1, 21].flatMap((half) => integer(half, 2, little)),
    ...integer(1, 4, little),
    ...[0, 0, EHDR_BYTES + contents.length].flatMap((long) => longs(u64(long), little)),
    ...integer(2, 4, little),
    ...[EHDR_BYTES, 0, 0, SHDR_BYTES, headers.length, headers.length - 1].flatMap((half) =>
      integer(half, 2, little),
    ),
  ];
  return Uint8Array.from([...header, ...contents, ...headers.flat()]);
}

/** Bytes of a number in the byte order. */
function integer(value: number, bytes: number, little: boolean): readonly number[] {
  const ascending = Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);
  return little ? ascending : ascending.reverse();
}

const longs = (value: U64, little: boolean): readonly number[] =>
  little ? value.toBytesLE() : value.toBytesBE();
