// Static ELF executables for ppc64, both byte orders and both ABIs: what of the file is needed to run it, checked.
// Nothing is loaded here; relocatable objects and shared libraries are refused.
import { hex64, type U64, fromHalves } from "../../word/long.ts";
import type { Endian } from "../../cpu/state.ts";
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

const HEADER_BYTES = 64;
const PHDR_BYTES = 56;
const EM_PPC64 = 21;
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
  const { endian, view } = checkIdent(file);
  const little = endian === "le";
  const machine = view.getUint16(18, little);
  if (machine !== EM_PPC64) throw unusable(`for machine ${machine}, not ppc64 (${EM_PPC64})`);
  const type = view.getUint16(16, little);
  if (type !== 2) throw unusable(`is ${TYPES[type] ?? `of type ${type}`}, not a static executable`);
  const abi = abiOf(view.getUint32(48, little), endian);
  const phoff = offsetAt(view, 32, little);
  const phentsize = view.getUint16(54, little);
  const phnum = view.getUint16(56, little);
  if (phnum === 0) throw unusable("without program headers");
  if (phentsize !== PHDR_BYTES) throw unusable(`with program headers of ${phentsize} bytes`);
  if (phoff + phnum * PHDR_BYTES > file.length) throw unusable("cut off in the program headers");
  const segments: LoadSegment[] = [];
  let phdr = 0;
  for (let i = 0; i < phnum; i++) {
    const at = phoff + i * PHDR_BYTES;
    const kind = view.getUint32(at, little);
    if (kind === PT_INTERP) throw unusable("dynamically linked: only static executables run");
    if (kind !== PT_LOAD) continue;
    const segment = readSegment(file, view, at, little);
    const offset = offsetAt(view, at + 8, little);
    if (phoff >= offset && phoff < offset + segment.data.length) phdr = segment.address + phoff - offset;
    if (segment.bytes > 0) segments.push(segment);
  }
  if (segments.length === 0) throw unusable("with nothing to load");
  const entry = fromHalves(view.getInt32(little ? 28 : 24, little), view.getInt32(little ? 24 : 28, little));
  if (entry.shru(47).isZero()) return { endian, abi, entry, segments, phdr, phentsize, phnum };
  throw unusable(`with its entry ${hex64(entry)} outside user space`);
}

function checkIdent(file: Uint8Array): { readonly endian: Endian; readonly view: DataView } {
  if (file.length < 4 || file[0] !== 0x7f || file[1] !== 0x45 || file[2] !== 0x4c || file[3] !== 0x46) {
    throw new KernelUsageError("not an ELF file");
  }
  if (file.length < HEADER_BYTES) throw unusable("cut off in the header");
  if (file[4] !== 2) throw unusable("not 64-bit");
  const data = file[5];
  if (data !== 1 && data !== 2) throw unusable(`with byte order ${data ?? 0}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return { endian: data === 1 ? "le" : "be", view };
}

/** The ABI's level in e_flags; 0 leaves it open [ELFv2 3.1.2]. */
function abiOf(flags: number, endian: Endian): Abi {
  const level = flags & 3;
  if (level === 3) throw unusable("of ABI version 3");
  if (level === 0) return endian === "le" ? "elfv2" : "elfv1";
  return level === 2 ? "elfv2" : "elfv1";
}

function readSegment(file: Uint8Array, view: DataView, at: number, little: boolean): LoadSegment {
  const flags = view.getUint32(at + 4, little);
  const offset = offsetAt(view, at + 8, little);
  const address = offsetAt(view, at + 16, little);
  const fileBytes = offsetAt(view, at + 32, little);
  const bytes = offsetAt(view, at + 40, little);
  const where = `segment at ${hex(address)}`;
  if (offset + fileBytes > file.length) throw unusable(`cut off: ${where} ends behind the file`);
  if (fileBytes > bytes) throw unusable(`${where} has more bytes in the file than in memory`);
  if (address + bytes > USER_END) throw unusable(`${where} is ${hex(bytes)} bytes long: not in user space`);
  const data = file.subarray(offset, offset + fileBytes);
  return { address, bytes, data, write: (flags & PF_W) !== 0, execute: (flags & PF_X) !== 0 };
}

/** A 64-bit offset, address or size as a number; what is out of all bounds becomes Infinity. */
function offsetAt(view: DataView, at: number, little: boolean): number {
  const value = view.getBigUint64(at, little);
  return value < 2n ** 52n ? Number(value) : Infinity;
}

function hex(n: number): string {
  return Number.isFinite(n) ? hex64(fromHalves(Math.floor(n / 2 ** 32), (n % 2 ** 32) | 0)) : "2^52 or more";
}

function unusable(what: string): KernelUsageError {
  return new KernelUsageError(`ELF file ${what}`);
}
