// A relocatable ppc64 object taken apart: sections, symbols, relocations, as the file states them, every number checked.
// Where anything goes in memory is layout.ts's work [System V gABI chapter 4].
import { hex64, type U64 } from "../../word/long.ts";
import type { Endian } from "../../cpu/state.ts";
import { abiOfLevel, EHDR_BYTES, EM_PPC64, openElf, type ElfFile } from "../elf/file.ts";
import type { Abi } from "../text.ts";
import { noExec } from "./error.ts";

export const SHT_PROGBITS = 1;
export const SHT_NOBITS = 8;
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHN_UNDEF = 0;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
export const STB_LOCAL = 0;
export const STB_WEAK = 2;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
export const STT_FILE = 4;

const SHT_NULL = 0;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_RELA = 4;
const SHT_REL = 9;
const ET_REL = 1;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;
const RELA_BYTES = 24;
/** Longest name that is looked at: KSYM_NAME_LEN of 6.12. */
const NAME_BYTES = 512;

export interface ModuleSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** The low 32 bits of sh_flags. */
  readonly flags: number;
  /** Bytes in memory. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly align: number;
  /** What the file has; empty for SHT_NOBITS. */
  readonly data: Uint8Array;
}

export interface ModuleSymbol {
  readonly name: string;
  readonly bind: number;
  readonly type: number;
  /** st_other: visibility, and on ELFv2 where the local entry point is. */
  readonly other: number;
  /** Index of a section, or SHN_UNDEF, SHN_ABS, SHN_COMMON and their like. */
  readonly section: number;
  /** Bytes from the section's start; an address where it has none. */
  readonly value: U64;
  readonly size: U64;
}

export interface ModuleRelocation {
  /** Bytes from the start of the section that is changed. */
  readonly offset: number;
  readonly type: number;
  /** Index of the symbol. */
  readonly symbol: number;
  readonly addend: U64;
}

/** The relocations of one section, in the file's order. */
export interface RelocationTable {
  /** Index of the section that they change. */
  readonly target: number;
  readonly relocations: readonly ModuleRelocation[];
}

export interface ModuleFile {
  readonly endian: Endian;
  readonly abi: Abi;
  readonly sections: readonly ModuleSection[];
  readonly symbols: readonly ModuleSymbol[];
  readonly tables: readonly RelocationTable[];
}

interface Header extends ModuleSection {
  readonly nameAt: number;
  readonly link: number;
  readonly info: number;
}

/**
 * Reads an object whole.
 * @throws ModuleError ENOEXEC
 * @linux kernel/module/main.c elf_validity_cache_copy
 */
export function readModuleFile(bytes: Uint8Array): ModuleFile {
  const elf = openElf(bytes);
  if ("defect" in elf) throw noExec(elf.defect);
  if (elf.type !== ET_REL) throw noExec(`Invalid ELF header type: ${elf.type} != ${ET_REL}`);
  if (elf.machine !== EM_PPC64) throw noExec(`Invalid architecture in ELF header: ${elf.machine}`);
  const abi = abiOfLevel(elf.abiLevel, elf.endian);
  if (abi === undefined) throw noExec(`Invalid module architecture in ELF header: ABI level ${elf.abiLevel}`);
  const headers = readHeaders(elf);
  const sections = nameSections(elf, headers);
  const tables = headers.filter(({ type }) => type === SHT_SYMTAB);
  const [table] = tables;
  if (table === undefined || tables.length > 1) throw noExec("module has no symbols (stripped?)");
  const symbols = readSymbols(elf, table, headers);
  return { endian: elf.endian, abi, sections, symbols, tables: readTables(elf, headers, symbols.length) };
}

function readHeaders(elf: ElfFile): readonly Header[] {
  const [at, entryBytes, count] = [elf.offset(40), elf.u16(58), elf.u16(60)];
  if (entryBytes !== SHDR_BYTES) throw noExec("Invalid ELF section header size");
  if (at < EHDR_BYTES || at >= elf.bytes.length || count * SHDR_BYTES > elf.bytes.length - at || count === 0)
    throw noExec("Invalid ELF section header overflow");
  const headers = Array.from({ length: count }, (_, index) =>
    readHeader(elf, at + index * SHDR_BYTES, index),
  );
  if (headers[0]?.type !== SHT_NULL || headers[0].size !== 0)
    throw noExec("ELF Spec violation: section 0 is not SHT_NULL or has a length");
  return headers;
}

function readHeader(elf: ElfFile, at: number, index: number): Header {
  const type = elf.u32(at + 4);
  const [offset, size] = [elf.offset(at + 24), elf.offset(at + 32)];
  const hasData = type !== SHT_NULL && type !== SHT_NOBITS;
  if (hasData && offset + size > elf.bytes.length)
    throw noExec(`Invalid ELF section in module (section ${index} type ${type})`);
  const flags = elf.u64(at + 8).low >>> 0;
  const align = elf.offset(at + 48);
  if ((flags & SHF_ALLOC) !== 0 && align > 0 && !Number.isInteger(Math.log2(align)))
    throw noExec(`Invalid ELF section in module (section ${index} alignment ${align})`);
  return {
    index,
    name: "",
    nameAt: elf.u32(at),
    type,
    flags,
    size,
    align: Math.max(align, 1),
    link: elf.u32(at + 40),
    info: elf.u32(at + 44),
    data: hasData ? elf.bytes.subarray(offset, offset + size) : elf.bytes.subarray(0, 0),
  };
}

/** @linux kernel/module/main.c elf_validity_cache_secstrings */
function nameSections(elf: ElfFile, headers: readonly Header[]): readonly ModuleSection[] {
  const index = elf.u16(62);
  const strings = headers[index];
  if (index === SHN_UNDEF || strings === undefined) throw noExec(`Invalid ELF section name index: ${index}`);
  if (strings.type !== SHT_STRTAB) throw noExec(`Invalid ELF section name table type: ${strings.type}`);
  if (strings.size === 0) throw noExec("empty section name table");
  if (strings.data.at(-1) !== 0) throw noExec("ELF Spec violation: section name table isn't null terminated");
  return headers.map(({ nameAt, type, flags, size, align, data, ...header }) => {
    if (type !== SHT_NULL && nameAt >= strings.size)
      throw noExec(`Invalid ELF section name in module (section ${header.index} type ${type})`);
    const name = type === SHT_NULL ? "" : nameIn(strings.data, nameAt);
    return { index: header.index, name, type, flags, size, align, data };
  });
}

function readSymbols(elf: ElfFile, table: Header, headers: readonly Header[]): readonly ModuleSymbol[] {
  const strings = headers[table.link];
  if (table.link === SHN_UNDEF || strings?.type !== SHT_STRTAB)
    throw noExec(`Invalid ELF symbol string table: section ${table.link}`);
  return entries(elf, table, SYM_BYTES, (at) => {
    const nameAt = elf.u32(at);
    if (nameAt > 0 && nameAt >= strings.size)
      throw noExec(`Invalid ELF symbol name at ${nameAt} of ${strings.size} bytes`);
    const info = elf.u8(at + 4);
    const name = nameIn(strings.data, nameAt);
    const section = elf.u16(at + 6);
    const [value, size] = [elf.u64(at + 8), elf.u64(at + 16)];
    return { name, bind: info >> 4, type: info & 0xf, other: elf.u8(at + 5), section, value, size };
  });
}

function readTables(elf: ElfFile, headers: readonly Header[], symbols: number): readonly RelocationTable[] {
  const tables = headers.filter(
    // What changes nothing in memory is of no interest: debugging information has most of the relocations.
    ({ type, info }) => type === SHT_RELA && ((headers[info]?.flags ?? 0) & SHF_ALLOC) !== 0,
  );
  const implicit = headers.find(({ type, info }) => type === SHT_REL && isAllocated(headers[info]));
  if (implicit !== undefined) throw noExec(`section ${implicit.index}: relocations without addends`);
  // Sections of a sound file do not overlap; without this, a small file could state a quadratic amount of work.
  const total = tables.reduce((sum, { size }) => sum + size, 0);
  if (total > elf.bytes.length)
    throw noExec(`${total} bytes of relocations in a file of ${elf.bytes.length}`);
  return tables.map((table) => ({
    target: table.info,
    relocations: entries(elf, table, RELA_BYTES, (at) => {
      const info = elf.u64(at + 8);
      const symbol = info.high >>> 0;
      if (symbol >= symbols) throw noExec(`relocation in section ${table.index}: no symbol ${symbol}`);
      const offset = elf.offset(at);
      if (!Number.isFinite(offset))
        throw noExec(`relocation in section ${table.index} at ${hex64(elf.u64(at))}: outside its section`);
      return { offset, type: info.low >>> 0, symbol, addend: elf.u64(at + 16) };
    }),
  }));
}

function isAllocated(header: Header | undefined): boolean {
  return ((header?.flags ?? 0) & SHF_ALLOC) !== 0;
}

/** The entries of a table; what is left over at its end counts as none, as in Linux. */
function entries<T>(elf: ElfFile, table: Header, bytes: number, read: (at: number) => T): readonly T[] {
  const start = table.data.byteOffset - elf.bytes.byteOffset;
  return Array.from({ length: Math.floor(table.data.length / bytes) }, (_, i) => read(start + i * bytes));
}

/** A name up to its NUL, in printable ASCII; anything else reads as `?`. */
function nameIn(strings: Uint8Array, at: number): string {
  // No further: a table without NULs would be searched to its end for every name.
  const longest = strings.subarray(at, at + NAME_BYTES);
  const end = longest.indexOf(0);
  const bytes = end < 0 ? longest : longest.subarray(0, end);
  return Array.from(bytes, (c) => (c < 0x20 || c > 0x7e ? "?" : String.fromCharCode(c))).join("");
}
