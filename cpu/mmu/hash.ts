// The hashed page table: segment, primary and secondary group, protection, reference and change bits.
// Who fills the table is the kernel; hash values longer than 32 bits are not needed with memory below 4 GiB of table.
import { fromHalves, type U64 } from "../../word/long.ts";
import { REASON, machineCheck, segmentInterrupt, storageInterrupt } from "./interrupt.ts";
import type { Access, MmuState, Page, RealMemory, StorageInterrupt } from "./mmu.ts";
import { MSR } from "./msr.ts";
import type { Segment, Slb } from "./slb.ts";

/** Format of an entry: B in its first doubleword (POWER8), or in its second (POWER9 and later) [Power ISA v3.1B III 6.7.9.1]. */
export type HpteFormat = "2.07" | "3.0";

export interface HashTable {
  /** Real address, bytes. */
  readonly base: number;
  /** Number of groups - 1: the bits of the hash value that choose the group, at most the low 32. */
  readonly mask: number;
}

export const HPTES_PER_GROUP = 8;
export const HPTE_BYTES = 16;
export const GROUP_BYTES = HPTES_PER_GROUP * HPTE_BYTES;

/** Bits of an entry, each in the half of its doubleword that the name's comment says. */
export const HPTE = Object.freeze({
  // First doubleword, low word.
  V: 0x1,
  H: 0x2,
  L: 0x4,
  // Second doubleword, low word.
  R: 0x100,
  C: 0x80,
  /** Memory coherence required: what Linux sets for RAM. */
  M: 0x10,
  G: 0x8,
  N: 0x4,
  PP: 0x3,
  // Second doubleword, high word.
  PP0: 0x8000_0000 | 0,
});

/** SDR1 and the first doubleword of a partition table entry name the table alike: HTABORG 4:45, HTABSIZE 59:63. */
export function hashTableOf(word: U64): HashTable {
  const base = (word.high & 0x0fff_ffff) * 2 ** 32 + ((word.low & ~0x3_ffff) >>> 0);
  const groupBits = Math.min(11 + (word.low & 0x1f), 32);
  return { base, mask: 2 ** groupBits - 1 };
}

/** One (base page size, actual page size) pair and how LP of an entry says it. */
export interface PageEncoding {
  /** log2 of the actual page size. */
  readonly shift: number;
  /** The bits of LP (0 to 0xff) that encode; the others belong to the real page number. */
  readonly lpMask: number;
  readonly lp: number;
}

/** A base page size: L||LP of the SLB entry, and the entries that may serve it. */
export interface BasePageSize {
  /** log2 of the base page size: what the hash is made with. */
  readonly shift: number;
  /** L and LP as they stand in the VSID's doubleword. */
  readonly sllp: number;
  readonly encodings: readonly PageEncoding[];
}

/** [Linux 6.12 arch/powerpc/mm/book3s64/hash_utils.c mmu_psize_defs; POWER8's and POWER9's ibm,segment-page-sizes] */
export const BASE_PAGE_SIZES: readonly BasePageSize[] = Object.freeze([
  {
    shift: 12,
    sllp: 0x000,
    encodings: [
      { shift: 16, lpMask: 0x0f, lp: 7 },
      { shift: 24, lpMask: 0xff, lp: 56 },
    ],
  },
  {
    shift: 16,
    sllp: 0x110,
    encodings: [
      { shift: 16, lpMask: 0x0f, lp: 1 },
      { shift: 24, lpMask: 0xff, lp: 8 },
    ],
  },
  { shift: 24, sllp: 0x100, encodings: [{ shift: 24, lpMask: 0xff, lp: 0 }] },
  { shift: 34, sllp: 0x120, encodings: [{ shift: 34, lpMask: 0xff, lp: 3 }] },
]);

/** The low 32 bits of the primary hash value [Power ISA v3.1B III 6.7.9.2]. The secondary is its complement. */
export function primaryHash(segment: Segment, ea: U64, baseShift: number): number {
  if (segment.segmentShift === 28) {
    const vsid = (segment.vsidWord.high << 20) | (segment.vsidWord.low >>> 12);
    return (vsid ^ ((ea.low & 0x0fff_ffff) >>> baseShift)) >>> 0;
  }
  const vsid = (segment.vsidWord.high << 8) | (segment.vsidWord.low >>> 24);
  const page = Math.floor(((ea.high & 0xff) * 2 ** 32 + (ea.low >>> 0)) / 2 ** baseShift);
  return (vsid ^ (vsid << 25) ^ page) >>> 0;
}

/** The abbreviated virtual page number where an entry's first doubleword has it; B is left out, the bits below 7 are 0. */
export function abbreviatedPage(segment: Segment, ea: U64): U64 {
  const { high, low } = segment.vsidWord;
  if (segment.segmentShift === 28) {
    return fromHalves(high & 0x3fff_ffff, (low & 0xffff_f000) | (((ea.low & 0x0fff_ffff) >>> 23) << 7));
  }
  const within = ((ea.high & 0xff) << 9) | (ea.low >>> 23);
  return fromHalves(high & 0x3fff_ffff, (low & 0xff00_0000) | (within << 7));
}

/** What a translation needs besides the table; the registers are read when they are wanted. */
export interface HashContext {
  readonly ram: RealMemory;
  readonly state: MmuState;
  readonly slb: Slb;
  readonly format: HpteFormat;
}

/** An entry that matches: its real address, second doubleword and page size. */
interface Match {
  readonly address: number;
  readonly second: U64;
  readonly shift: number;
}

/** Translates through SLB and hash table; sets R, and C on a store. */
export function translateHash(
  context: HashContext,
  table: HashTable,
  ea: U64,
  access: Access,
): Page | StorageInterrupt {
  const segment = context.slb.lookup(ea);
  if (segment === undefined) return segmentInterrupt(ea, access);
  const flags = segment.vsidWord.low;
  if (access === "fetch" && (flags & SEGMENT_N) !== 0) {
    return storageInterrupt(ea, access, REASON.noExecute);
  }
  const base = BASE_PAGE_SIZES.find((size) => size.sllp === (flags & 0x130));
  if (base === undefined) return storageInterrupt(ea, access, REASON.noTranslation);
  const hash = primaryHash(segment, ea, base.shift);
  const page = abbreviatedPage(segment, ea);
  const match =
    searchGroup(context, groupAt(table, hash), { segment, base, page, flags: HPTE.V }) ??
    searchGroup(context, groupAt(table, ~hash), { segment, base, page, flags: HPTE.V | HPTE.H });
  if (match === undefined) return storageInterrupt(ea, access, REASON.noTranslation);
  return usePage(context, match, flags, ea, access);
}

const SEGMENT_KS = 0x800;
const SEGMENT_KP = 0x400;
const SEGMENT_N = 0x200;

function groupAt(table: HashTable, hash: number): number {
  return table.base + ((hash & table.mask) >>> 0) * GROUP_BYTES;
}

interface Wanted {
  readonly segment: Segment;
  readonly base: BasePageSize;
  /** As `abbreviatedPage` has it. */
  readonly page: U64;
  /** V and H. */
  readonly flags: number;
}

/** The entry of the group at a real address that translates the page. */
function searchGroup({ ram, format }: HashContext, start: number, wanted: Wanted): Match | undefined {
  if (!ram.has(start, GROUP_BYTES)) return undefined;
  const { segment, base, page, flags } = wanted;
  const b = segment.segmentShift === 40 ? 1 : 0;
  const high = format === "3.0" ? page.high & 0x000f_ffff : page.high | (b << 30);
  const highMask = format === "3.0" ? 0x000f_ffff : -1;
  for (let address = start; address < start + GROUP_BYTES; address += HPTE_BYTES) {
    const first = ram.load(8, address, "be");
    if ((first.low & (HPTE.V | HPTE.H)) !== flags || (first.high & highMask) !== high) continue;
    const second = ram.load(8, address + 8, "be");
    if (format === "3.0" && ((second.high >>> 26) & 3) !== b) continue;
    const shift = actualShift(base, (first.low & HPTE.L) !== 0, (second.low >>> 12) & 0xff);
    if (shift === undefined) continue;
    // Bits of the address below the page size are not compared; up to 8 MiB none of them is in the entry.
    const ignored = shift > 23 ? 2 ** (shift - 23) - 1 : 0;
    if (((first.low ^ page.low) & ~0x7f & ~(ignored << 7)) === 0) return { address, second, shift };
  }
  return undefined;
}

/** log2 of the page size that an entry says, undefined where it serves another base page size. */
function actualShift(base: BasePageSize, large: boolean, lp: number): number | undefined {
  if (!large) return base.shift === 12 ? 12 : undefined;
  return base.encodings.find((e) => (lp & e.lpMask) === e.lp)?.shift;
}

function usePage(
  context: HashContext,
  match: Match,
  segmentFlags: number,
  ea: U64,
  access: Access,
): Page | StorageInterrupt {
  const { ram, state } = context;
  const { second, shift, address } = match;
  const problemState = (state.msr.low & MSR.PR) !== 0;
  const key = (segmentFlags & (problemState ? SEGMENT_KP : SEGMENT_KS)) !== 0;
  const protection = (second.high < 0 ? 4 : 0) | (second.low & HPTE.PP);
  const classKey = ((second.high >>> 25) & 0x18) | ((second.low >>> 9) & 7);
  const readable = mayRead(protection, key);
  const writeable = mayWrite(protection, key);
  const plain = (second.low & (HPTE.N | HPTE.G)) === 0 && (segmentFlags & SEGMENT_N) === 0;
  const forbidden = keyBits(state.spr("AMR"), classKey);
  const fetchForbidden = (keyBits(state.spr("IAMR"), classKey) & 1) !== 0;
  if (access === "fetch") {
    if (!plain) return storageInterrupt(ea, access, REASON.noExecute);
    if (fetchForbidden) return storageInterrupt(ea, access, REASON.key);
    if (!readable) return storageInterrupt(ea, access, REASON.protection);
  } else {
    const permitted = access === "store" ? writeable : readable;
    if (!permitted) return storageInterrupt(ea, access, REASON.protection);
    if ((forbidden & (access === "store" ? 2 : 1)) !== 0) return storageInterrupt(ea, access, REASON.key);
  }
  const pageBytes = 2 ** shift;
  const real = realPage(second, context.format, pageBytes) + offsetIn(ea, pageBytes);
  if (!ram.has(real, 1)) return machineCheck(ea, access);
  const set = HPTE.R | (access === "store" ? HPTE.C : 0);
  if ((second.low & set) !== set) {
    ram.store(8, address + 8, fromHalves(second.high, second.low | set), "be");
  }
  const changed = ((second.low | set) & HPTE.C) !== 0;
  return {
    kind: "page",
    real,
    pageBytes,
    writable: writeable && (forbidden & 2) === 0 && changed,
    readable: readable && (forbidden & 1) === 0,
    executable: plain && readable && !fetchForbidden,
  };
}

/** Bit 1 forbids writing, bit 0 reading (AMR) or executing (IAMR), for a class key of 0 to 31. */
function keyBits(register: U64, classKey: number): number {
  const word = classKey < 16 ? register.high : register.low;
  return (word >>> (30 - 2 * (classKey & 15))) & 3;
}

/** PP0||PP and key [Power ISA v3.1B III 6.7.13.2, figure on PP bit protection states]. */
function mayRead(protection: number, key: boolean): boolean {
  if (protection === 0 || protection === 6) return !key;
  return protection <= 3;
}

function mayWrite(protection: number, key: boolean): boolean {
  if (protection === 2) return true;
  return !key && (protection === 0 || protection === 1);
}

/** The real address of the page: ARPN||LP without B (3.0) and without what LP encodes. */
function realPage(second: U64, format: HpteFormat, pageBytes: number): number {
  const high = second.high & (format === "3.0" ? 0x03ff_ffff : 0x0fff_ffff);
  const page = high * 2 ** 32 + ((second.low & ~0xfff) >>> 0);
  return page - (page % pageBytes);
}

function offsetIn(ea: U64, pageBytes: number): number {
  return ((ea.high & 0x3fff) * 2 ** 32 + (ea.low >>> 0)) % pageBytes;
}
