// What every 64-bit ELF file begins with, and bounded reading of its numbers: for executables and for modules.
// What the header has to say for either is their readers' decision [System V gABI 4.1].
import { fromHalves, type U64 } from "../../word/long.ts";
import type { Endian } from "../../cpu/state.ts";
import type { Abi } from "../text.ts";

export const EM_PPC64 = 21;
/** Bytes of the file's header. */
export const EHDR_BYTES = 64;

/** An ELF file whose header is whole. Reading outside the file throws RangeError: readers compare with `bytes.length` first. */
export class ElfFile {
  readonly bytes: Uint8Array;
  readonly endian: Endian;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, endian: Endian) {
    this.bytes = bytes;
    this.endian = endian;
    this.#little = endian === "le";
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** e_type: 1 relocatable, 2 executable. */
  get type(): number {
    return this.u16(16);
  }

  get machine(): number {
    return this.u16(18);
  }

  /** The ABI's level in e_flags, 0 where it is left open [ELFv2 3.1.2]. */
  get abiLevel(): number {
    return this.u32(48) & 3;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  u64(at: number): U64 {
    const [first, second] = [
      this.#view.getInt32(at, this.#little),
      this.#view.getInt32(at + 4, this.#little),
    ];
    return this.#little ? fromHalves(second, first) : fromHalves(first, second);
  }

  /** A 64-bit offset, address or size as a number; what is out of all bounds (2^52 and more) becomes Infinity. */
  offset(at: number): number {
    const value = this.u64(at);
    return value.high >>> 20 === 0 ? value.toNumber() : Infinity;
  }
}

/** The file, or what is wrong with the beginning of one. */
export function openElf(bytes: Uint8Array): ElfFile | { readonly defect: string } {
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    return { defect: "not an ELF file" };
  }
  if (bytes.length < EHDR_BYTES) return { defect: "ELF file cut off in the header" };
  if (bytes[4] !== 2) return { defect: "ELF file not 64-bit" };
  const data = bytes[5];
  if (data !== 1 && data !== 2) return { defect: `ELF file with byte order ${data ?? 0}` };
  return new ElfFile(bytes, data === 1 ? "le" : "be");
}

/** The ABI that a level stands for: where it is left open that of the byte order; undefined for level 3. */
export function abiOfLevel(level: number, endian: Endian): Abi | undefined {
  if (level === 0) return endian === "le" ? "elfv2" : "elfv1";
  return level === 1 ? "elfv1" : level === 2 ? "elfv2" : undefined;
}
