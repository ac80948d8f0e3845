// ELF64 relocatable files of either byte order: sections, symbols, relocations. Every number that the file states is
// checked before use. Knows nothing of BPF but the machine number [System V gABI chapter 4].
import type { Endian } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";

const EM_BPF = 247;
const ET_REL = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_REL = 9;
const SHN_XINDEX = 0xffff;
const EHDR_BYTES = 64;
const SHDR_BYTES = 64;
const SYM_BYTES = 24;
const REL_BYTES = 16;

/** Flags of sections and kinds of symbols that readers ask for. */
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHT_PROGBITS = 1;
export const SHT_RELA = 4;
export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const STB_LOCAL = 0;
export const STB_WEAK = 2;
export const STT_SECTION = 3;
export const STT_FUNC = 2;
export const STT_FILE = 4;

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Bytes in memory; more than `data` has for sections without contents. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** A view of the file; empty for sections without contents. */
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly bind: number;
  readonly type: number;
  /** Section index, or a reserved number from SHN_LORESERVE. */
  readonly section: number;
  /** Offset in bytes in the section. */
  readonly value: number;
  readonly size: number;
}

export interface Relocation {
  /** Offset in bytes in the section that is to be changed. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

/** Bounds-checked numbers out of a part of the file; `what` stands in messages. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly little: boolean;
  readonly #view: DataView;
  readonly #what: string;
  constructor(bytes: Uint8Array, endian: Endian, what: string) {
    this.bytes = bytes;
    this.little = endian === "le";
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#what = what;
  }
  #check(at: number, length: number): void {
    if (at < 0 || at + length > this.bytes.length)
      throw new BpfLoadError(
        `${this.#what}: ${length} bytes at ${at} are beyond its end at ${this.bytes.length}`,
      );
  }
  u8(at: number): number {
    this.#check(at, 1);
    return this.#view.getUint8(at);
  }
  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at, this.little);
  }
  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, this.little);
  }
  /** A 64-bit number, which must be below 2^53. */
  u64(at: number): number {
    const [first, second] = [this.u32(at), this.u32(at + 4)];
    const [low, high] = this.little ? [first, second] : [second, first];
    if (high >= 0x20_0000) throw new BpfLoadError(`${this.#what}: number at ${at} is too large`);
    return high * 2 ** 32 + low;
  }
  slice(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return this.bytes.subarray(at, at + length);
  }
  /** Text at an offset up to its NUL or the end, UTF-8; control characters but the tab read as `?`. */
  text(at: number): string {
    this.#check(at, 0);
    const end = this.bytes.indexOf(0, at);
    const limit = Math.min(end < 0 ? this.bytes.length : end, at + 4096);
    return new TextDecoder().decode(this.bytes.subarray(at, limit)).replaceAll(/[^\P{Cc}\t]/gu, "?");
  }
  /** The string at an offset up to its NUL or the end; what is not printable ASCII reads as `?`. */
  string(at: number): string {
    this.#check(at, 0);
    const end = this.bytes.indexOf(0, at);
    const limit = Math.min(end < 0 ? this.bytes.length : end, at + 512);
    return Array.from(this.bytes.subarray(at, limit), (c) =>
      c < 0x20 || c > 0x7e ? "?" : String.fromCharCode(c),
    ).join("");
  }
}

export class Elf {
  /** Length of the file. */
  readonly bytes: number;
  readonly endian: Endian;
  readonly sections: readonly Section[];
  readonly symbols: readonly ElfSymbol[];
  readonly #relocations = new Map<number, Relocation[]>();
  readonly #symbolsBySection = new Map<number, ElfSymbol[]>();

  /** @throws BpfLoadError where the file is no relocatable ELF64 object for BPF, or its tables are broken. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes.length;
    this.endian = identify(bytes);
    this.sections = readSections(bytes, this.endian);
    const symbolTable = this.sections.find((s) => s.type === SHT_SYMTAB);
    this.symbols = symbolTable === undefined ? [] : this.#readSymbols(symbolTable);
    for (const symbol of [...this.symbols].sort((a, b) => a.value - b.value)) {
      if (symbol.type === STT_SECTION || symbol.type === STT_FILE) continue;
      const list = this.#symbolsBySection.get(symbol.section);
      if (list === undefined) this.#symbolsBySection.set(symbol.section, [symbol]);
      else list.push(symbol);
    }
    const tables = this.sections.filter((s) => s.type === SHT_REL);
    // Sections of a sound file do not overlap; without this, a small file could state a quadratic amount of work.
    const total = tables.reduce((sum, s) => sum + s.data.length, 0);
    if (total > bytes.length)
      throw new BpfLoadError(`${total} bytes of relocations in a file of ${bytes.length}`);
    for (const table of tables) this.#readRelocations(table);
  }

  /** Section of this exact name. */
  section(name: string): Section | undefined {
    return this.sections.find((s) => s.name === name);
  }

  /** Relocations that change a section, in the file's order. */
  relocations(section: Section): readonly Relocation[] {
    return this.#relocations.get(section.index) ?? [];
  }

  /** Symbols defined in a section, without the section's own, in order of their offsets. */
  symbolsIn(section: Section): readonly ElfSymbol[] {
    return this.#symbolsBySection.get(section.index) ?? [];
  }

  #readSymbols(table: Section): readonly ElfSymbol[] {
    const strings = this.sections[table.link];
    if (strings === undefined) throw new BpfLoadError(`section ${table.name}: no string table ${table.link}`);
    const names = new Reader(strings.data, this.endian, `section ${strings.name}`);
    const reader = new Reader(table.data, this.endian, `section ${table.name}`);
    return Array.from({ length: Math.floor(table.data.length / SYM_BYTES) }, (_, index) => {
      const at = index * SYM_BYTES;
      const info = reader.u8(at + 4);
      const section = reader.u16(at + 6);
      if (section >= this.sections.length && section < SHN_LORESERVE)
        throw new BpfLoadError(`symbol ${index}: section ${section} does not exist`);
      const [value, size] = [reader.u64(at + 8), reader.u64(at + 16)];
      return {
        index,
        name: names.string(reader.u32(at)),
        bind: info >> 4,
        type: info & 0xf,
        section,
        value,
        size,
      };
    });
  }

  #readRelocations(table: Section): void {
    const reader = new Reader(table.data, this.endian, `section ${table.name}`);
    const target = this.sections[table.info];
    if (target === undefined)
      throw new BpfLoadError(`section ${table.name}: no section ${table.info} to relocate`);
    const list = this.#relocations.get(target.index) ?? [];
    for (let at = 0; at + REL_BYTES <= table.data.length; at += REL_BYTES) {
      // r_info: symbol in the upper half, type in the lower, as 64-bit numbers of the file's byte order.
      const [first, second] = [reader.u32(at + 8), reader.u32(at + 12)];
      const [type, index] = reader.little ? [first, second] : [second, first];
      const symbol = this.symbols[index];
      if (symbol === undefined)
        throw new BpfLoadError(
          `section ${table.name}: relocation ${at / REL_BYTES} names symbol ${index}, which does not exist`,
        );
      list.push({ offset: reader.u64(at), type, symbol });
    }
    this.#relocations.set(target.index, list);
  }
}

function identify(bytes: Uint8Array): Endian {
  if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    throw new BpfLoadError("not an ELF file", "ENOEXEC");
  if (bytes.length < EHDR_BYTES)
    throw new BpfLoadError(`ELF header is cut off: ${bytes.length} of ${EHDR_BYTES} bytes`);
  if (bytes[4] !== 2) throw new BpfLoadError(`ELF class ${bytes[4] ?? 0} is not 64-bit`);
  const data = bytes[5];
  if (data !== 1 && data !== 2) throw new BpfLoadError(`ELF byte order ${data ?? 0} is neither 1 nor 2`);
  const endian = data === 1 ? "le" : "be";
  const reader = new Reader(bytes, endian, "ELF header");
  const [type, machine] = [reader.u16(16), reader.u16(18)];
  if (machine !== EM_BPF && machine !== 0)
    throw new BpfLoadError(`ELF machine ${machine} is not BPF (${EM_BPF})`);
  if (type !== ET_REL) throw new BpfLoadError(`ELF type ${type} is not a relocatable object (${ET_REL})`);
  return endian;
}

function readSections(bytes: Uint8Array, endian: Endian): readonly Section[] {
  const file = new Reader(bytes, endian, "ELF file");
  const offset = file.u64(40);
  const entryBytes = file.u16(58);
  if (offset === 0) throw new BpfLoadError("ELF file has no sections");
  if (entryBytes !== SHDR_BYTES)
    throw new BpfLoadError(`ELF section headers of ${entryBytes} bytes, not ${SHDR_BYTES}`);
  // More than 65,279 sections: the numbers are in section 0.
  const count = file.u16(60) || file.u64(offset + 32);
  if (offset + count * SHDR_BYTES > bytes.length)
    throw new BpfLoadError(
      `ELF section headers: ${count} at ${offset} are beyond the end of the file at ${bytes.length}`,
    );
  const strings = file.u16(62) === SHN_XINDEX ? file.u32(offset + 40) : file.u16(62);
  const raw = Array.from({ length: count }, (_, index) => {
    const at = offset + index * SHDR_BYTES;
    const type = file.u32(at + 4);
    const size = file.u64(at + 32);
    const start = file.u64(at + 24);
    const hasData = index !== 0 && type !== SHT_NOBITS && type !== 0;
    if (hasData && start + size > bytes.length)
      throw new BpfLoadError(
        `section ${index}: ${size} bytes at ${start} are beyond the end of the file at ${bytes.length}`,
      );
    const data = hasData ? bytes.subarray(start, start + size) : bytes.subarray(0, 0);
    // Flags above 2^32 are reserved for processors and of no interest.
    const flags = file.u32(at + (endian === "le" ? 8 : 12));
    return {
      index,
      nameAt: file.u32(at),
      type,
      flags,
      size,
      link: file.u32(at + 40),
      info: file.u32(at + 44),
      data,
    };
  });
  const table = raw[strings];
  if (table === undefined) throw new BpfLoadError(`ELF section names: no section ${strings}`);
  const names = new Reader(table.data, endian, "ELF section names");
  return raw.map(({ nameAt, ...section }) => ({
    ...section,
    name: section.index === 0 ? "" : names.string(nameAt),
  }));
}
