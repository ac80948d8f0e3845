// Static ELF executables for ppc64, both byte orders and both ABIs: what of the file is needed to run it, checked.
// Nothing is loaded here; relocatable objects and shared libraries are refused.
import { fromHalves, hex64, type U64 } from "../../word/long.ts";
import type { Endian } from "../../cpu/state.ts";
import { abiOfLevel, EM_PPC64, openElf, type ElfFile } from "../elf/file.ts";
import { KernelUsageError } from "../error.ts";
import type { Abi } from "../text.ts";

/** A PT_LOAD segment; addresses and sizes are numbers below USER_END. */
export interface LoadSegment {
  readonly address: number;
  /** Bytes in memory, at least `data.length`; the rest is 0. */
  readonly bytes: number;
  readonly data: Uint8Array;
  readonly write: boolean;
  readonly execute: boolean;
}

export interface Executable {
  readonly endian: Endian;
  readonly abi: Abi;
  /** e_entry: code, on ELFv1 a function descriptor. */
  readonly entry: U64;
  readonly segments: readonly LoadSegment[];
  /** Where the program headers are in memory, 0 where no segment has them. */
  readonly phdr: number;
  readonly phentsize: number;
  readonly phnum: number;
}

/** Where user addresses end: 128T. */
export const USER_END = 2 ** 47;

const PHDR_BYTES = 56;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PF_X = 1;
const PF_W = 2;
const TYPES = [
  "of no type",
  "a relocatable object",
  "an executable",
  "a shared object or PIE",
  "a core file",
];

/** Reads and checks an executable. @throws KernelUsageError, one line, for anything that cannot be run */
export function parseExecutable(file: Uint8Array): Executable {
  const elf = openElf(file);
  if ("defect" in elf) throw new KernelUsageError(elf.defect);
  const { endian, machine, type } = elf;
  if (machine !== EM_PPC64) throw unusable(`for machine ${machine}, not ppc64 (${EM_PPC64})`);
  if (type !== 2) throw unusable(`is ${TYPES[type] ?? `of type ${type}`}, not a static executable`);
  const abi = abiOfLevel(elf.abiLevel, endian);
  if (abi === undefined) throw unusable("of ABI version 3");
  const phoff = elf.offset(32);
  const phentsize = elf.u16(54);
  const phnum = elf.u16(56);
  if (phnum === 0) throw unusable("without program headers");
  if (phentsize !== PHDR_BYTES) throw unusable(`with program headers of ${phentsize} bytes`);
  if (phoff + phnum * PHDR_BYTES > file.length) throw unusable("cut off in the program headers");
  const segments: LoadSegment[] = [];
  let phdr = 0;
  for (let i = 0; i < phnum; i++) {
    const at = phoff + i * PHDR_BYTES;
    const kind = elf.u32(at);
    if (kind === PT_INTERP) throw unusable("dynamically linked: only static executables run");
    if (kind !== PT_LOAD) continue;
    const segment = readSegment(elf, at);
    const offset = elf.offset(at + 8);
    if (phoff >= offset && phoff < offset + segment.data.length) phdr = segment.address + phoff - offset;
    if (segment.bytes > 0) segments.push(segment);
  }
  if (segments.length === 0) throw unusable("with nothing to load");
  const entry = elf.u64(24);
  if (entry.shru(47).isZero()) return { endian, abi, entry, segments, phdr, phentsize, phnum };
  throw unusable(`with its entry ${hex64(entry)} outside user space`);
}

function readSegment(elf: ElfFile, at: number): LoadSegment {
  const flags = elf.u32(at + 4);
  const offset = elf.offset(at + 8);
  const address = elf.offset(at + 16);
  const fileBytes = elf.offset(at + 32);
  const bytes = elf.offset(at + 40);
  const where = `segment at ${hex(address)}`;
  if (offset + fileBytes > elf.bytes.length) throw unusable(`cut off: ${where} ends behind the file`);
  if (fileBytes > bytes) throw unusable(`${where} has more bytes in the file than in memory`);
  if (address + bytes > USER_END) throw unusable(`${where} is ${hex(bytes)} bytes long: not in user space`);
  const data = elf.bytes.subarray(offset, offset + fileBytes);
  return { address, bytes, data, write: (flags & PF_W) !== 0, execute: (flags & PF_X) !== 0 };
}

function hex(n: number): string {
  return Number.isFinite(n) ? hex64(fromHalves(Math.floor(n / 2 ** 32), (n % 2 ** 32) | 0)) : "2^52 or more";
}

function unusable(what: string): KernelUsageError {
  return new KernelUsageError(`ELF file ${what}`);
}
