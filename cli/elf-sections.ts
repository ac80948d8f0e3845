// The executable sections of any 64-bit ELF file, for the disassembler. Loads nothing, relocates nothing.
import Long from "long";
import type { U64 } from "../word/long.ts";
import { UsageError } from "./errors.ts";
import type { ByteOrder } from "./options.ts";

export interface CodeSection {
  readonly name: string;
  readonly address: U64;
  readonly bytes: Uint8Array;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

const EM_PPC64 = 21;
const SHF_EXECINSTR = 4;
const SHT_NOBITS = 8;

/** Sections with SHF_EXECINSTR, in file order. Throws UsageError where the file is not one of ppc64 or is cut short. [ELF-64] */
export function executableSections(
  file: string,
  bytes: Uint8Array,
): { readonly endian: ByteOrder; readonly sections: readonly CodeSection[] } {
  const bad = (what: string): UsageError => new UsageError(`${file}: ${what}`);
  if (bytes.length < 64) throw bad("the ELF header is cut short");
  if (bytes[4] !== 2) throw bad("no 64-bit ELF file");
  const little = bytes[5] === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number): number => view.getUint16(at, little);
  const u32 = (at: number): number => view.getUint32(at, little);
  const long = (at: number): U64 =>
    Long.fromBits(u32(at + (little ? 0 : 4)), u32(at + (little ? 4 : 0)), true);
  const offset = (at: number): number => {
    const value = long(at);
    if (value.high !== 0) throw bad("an offset is outside the file");
    return value.low >>> 0;
  };
  if (u16(18) !== EM_PPC64) throw bad(`machine ${u16(18)} is not ppc64 (${EM_PPC64})`);
  const [table, entrySize, number, names] = [offset(40), u16(58), u16(60), u16(62)];
  if (number > 0 && (entrySize < 64 || table + entrySize * number > bytes.length))
    throw bad("the section headers are outside the file");
  const contents = (header: number): Uint8Array => {
    const [start, length] = [offset(header + 24), offset(header + 32)];
    if (start + length > bytes.length) throw bad("a section is outside the file");
    return bytes.subarray(start, start + length);
  };
  const header = (index: number): number => table + entrySize * index;
  const nameTable = names < number ? contents(header(names)) : new Uint8Array();
  const sections: CodeSection[] = [];
  for (let index = 0; index < number; index++) {
    const at = header(index);
    if (
      long(at + 8)
        .and(SHF_EXECINSTR)
        .isZero() ||
      u32(at + 4) === SHT_NOBITS
    )
      continue;
    const from = u32(at);
    const end = nameTable.indexOf(0, from);
    const name = new TextDecoder().decode(nameTable.subarray(from, end < 0 ? undefined : end));
    sections.push({ name, address: long(at + 16), bytes: contents(at) });
  }
  return { endian: little ? "le" : "be", sections };
}
