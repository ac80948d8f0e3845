// Relocatable ELF64 objects made in tests, sound or not: sections, symbols and relocations as they are given. Not a test.
import type { U64 } from "../../../word/long.ts";
import { u64 } from "../../../word/long.ts";
import type { Endian } from "../../../cpu/state.ts";

export interface ObjectRelocation {
  readonly offset: number;
  readonly type: number;
  /** Name of a symbol. */
  readonly symbol: string;
  readonly addend?: number;
}

export interface ObjectSection {
  readonly name: string;
  /** sh_flags: 2 allocated, 1 writable, 4 executable. */
  readonly flags: number;
  /** Default 1: with contents; 8: without. */
  readonly type?: number;
  readonly data?: Uint8Array;
  /** Bytes of a section without contents. */
  readonly size?: number;
  readonly align?: number;
  readonly relocations?: readonly ObjectRelocation[];
}

export interface ObjectSymbol {
  readonly name: string;
  /** Name of the section, or st_shndx; undefined symbols have none. */
  readonly section?: string | number;
  readonly value?: number;
  readonly size?: number;
  /** 1 global (default), 0 local, 2 weak. */
  readonly bind?: number;
  /** 2 a function (default), 1 an object. */
  readonly type?: number;
  readonly other?: number;
}

export interface ObjectParts {
  readonly endian: Endian;
  /** Default: of the byte order. */
  readonly abi?: "elfv1" | "elfv2";
  readonly machine?: number;
  readonly sections: readonly ObjectSection[];
  readonly symbols: readonly ObjectSymbol[];
}

export const ALLOC = 2;
export const DATA = 3;
export const TEXT = 6;
const EHDR = 64;
const SHDR = 64;
const SYM = 24;
const RELA = 24;

/** Words as bytes in the byte order. */
export function words(endian: Endian, ...values: readonly number[]): Uint8Array {
  const data = new Uint8Array(4 * values.length);
  const view = new DataView(data.buffer);
  values.forEach((value, i) => {
    view.setUint32(4 * i, value, endian === "le");
  });
  return data;
}

interface RawSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly data: Uint8Array;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
}

/** The object's bytes: the sections in their order behind section 0, then relocations, symbols and names. */
export function buildObject({ endian, abi, machine = 21, sections, symbols }: ObjectParts): Uint8Array {
  const little = endian === "le";
  const own = sections.map((s): RawSection => ({
    name: s.name,
    type: s.type ?? 1,
    flags: s.flags,
    data: s.data ?? new Uint8Array(),
    size: s.size ?? s.data?.length ?? 0,
    link: 0,
    info: 0,
    align: s.align ?? 8,
  }));
  const withRelocations = sections.flatMap((s, i) => (s.relocations === undefined ? [] : [{ s, i }]));
  const symtab = 1 + own.length + withRelocations.length;
  const strings = new Strings();
  const symbolIndex = (name: string): number => symbols.findIndex((s) => s.name === name) + 1;
  const relas = withRelocations.map(({ s, i }): RawSection => {
    const entries = (s.relocations ?? []).map(({ offset, type, symbol, addend = 0 }) => [
      u64(offset),
      u64(symbolIndex(symbol)).shl(32).or(u64(type)),
      u64(addend),
    ]);
    const data = doublewords(entries.flat(), little);
    return raw(`.rela${s.name}`, 4, data, { link: symtab, info: i + 1 });
  });
  const table = new Uint8Array(SYM * (symbols.length + 1));
  const view = new DataView(table.buffer);
  symbols.forEach((symbol, i) => {
    const at = SYM * (i + 1);
    const { section = 0, bind = 1, type = 2, other = 0 } = symbol;
    const index = typeof section === "number" ? section : own.findIndex(({ name }) => name === section) + 1;
    view.setUint32(at, strings.add(symbol.name), little);
    view.setUint8(at + 4, (bind << 4) | type);
    view.setUint8(at + 5, other);
    view.setUint16(at + 6, index, little);
    table.set(doublewords([u64(symbol.value ?? 0), u64(symbol.size ?? 0)], little), at + 8);
  });
  const names = new Strings();
  const all = [...own, ...relas, raw(".symtab", 2, table, { link: symtab + 1, info: 1 })];
  for (const { name } of [...all, { name: ".strtab" }, { name: ".shstrtab" }]) names.add(name);
  all.push(raw(".strtab", 3, strings.bytes, {}), raw(".shstrtab", 3, names.bytes, {}));
  return assembleFile(all, names, {
    little,
    machine,
    level: (abi ?? (little ? "elfv2" : "elfv1")) === "elfv2" ? 2 : 1,
  });
}

function raw(
  name: string,
  type: number,
  data: Uint8Array,
  { link = 0, info = 0 }: { readonly link?: number; readonly info?: number },
): RawSection {
  return { name, type, flags: 0, data, size: data.length, link, info, align: 8 };
}

/** Text with a NUL behind each piece; the same text is there once. */
class Strings {
  readonly #offsets = new Map<string, number>([["", 0]]);
  #text = "\0";

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#offsets.set(text, offset);
    this.#text += `${text}\0`;
    return offset;
  }

  get bytes(): Uint8Array {
    return new TextEncoder().encode(this.#text);
  }
}

function doublewords(values: readonly U64[], little: boolean): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => (little ? value.toBytesLE() : value.toBytesBE())));
}

function assembleFile(
  sections: readonly RawSection[],
  names: Strings,
  { little, machine, level }: { readonly little: boolean; readonly machine: number; readonly level: number },
): Uint8Array {
  const offsets: number[] = [];
  let end = EHDR;
  for (const { data } of sections) {
    offsets.push(end);
    end += Math.ceil(data.length / 8) * 8;
  }
  const file = new Uint8Array(end + SHDR * (sections.length + 1));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  view.setUint16(16, 1, little);
  view.setUint16(18, machine, little);
  file.set(doublewords([u64(end)], little), 40);
  view.setUint32(48, level, little);
  view.setUint16(58, SHDR, little);
  view.setUint16(60, sections.length + 1, little);
  view.setUint16(62, sections.length, little);
  sections.forEach((section, i) => {
    const at = end + SHDR * (i + 1);
    const offset = offsets[i] ?? 0;
    file.set(section.data, offset);
    view.setUint32(at, names.add(section.name), little);
    view.setUint32(at + 4, section.type, little);
    file.set(doublewords([u64(section.flags), u64(0), u64(offset), u64(section.size)], little), at + 8);
    view.setUint32(at + 40, section.link, little);
    view.setUint32(at + 44, section.info, little);
    file.set(doublewords([u64(section.align), u64(section.type === 4 ? RELA : 0)], little), at + 48);
  });
  return file;
}
