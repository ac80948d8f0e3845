// The radix tree: PTCR, partition table, process table, four levels or fewer, EAA, reference and change bits.
// Process-scoped translation of partition 0 alone: there is no guest partition in this machine.
import { fromHalves, type U64 } from "../../word/long.ts";
import { REASON, machineCheck, segmentInterrupt, storageInterrupt } from "./interrupt.ts";
import type { Access, MmuState, Page, RealMemory, StorageInterrupt } from "./mmu.ts";
import { MSR } from "./msr.ts";

/** Bits of a radix entry's low word [Power ISA v3.1B III 6.7.10.2]. */
export const RADIX = Object.freeze({
  R: 0x100,
  C: 0x80,
  /** Att 58:59. */
  ATT: 0x30,
  /** Att: not idempotent, so not to be fetched from. */
  NON_IDEMPOTENT: 0x20,
  /** EAA 0:3: privileged only, read, write, execute. */
  PRIVILEGED: 0x8,
  READ: 0x4,
  WRITE: 0x2,
  EXEC: 0x1,
});

/** What a translation needs besides PTCR; the registers are read when they are wanted. */
export interface RadixContext {
  readonly ram: RealMemory;
  readonly state: MmuState;
}

/** A level of the tree: where it lies and how many address bits index it. */
interface Level {
  readonly base: number;
  readonly bits: number;
}

/** Address bits that a tree translates: 52, the one size that POWER9 supports. */
const TREE_BITS = 52;

/** Translates through the tree of the address's quadrant; sets R, and C on a store. */
export function translateRadix(
  context: RadixContext,
  ptcr: U64,
  ea: U64,
  access: Access,
): Page | StorageInterrupt {
  if ((ea.high & 0x3ff0_0000) !== 0) return segmentInterrupt(ea, access);
  // Quadrants 0 and 1 are the process's, 2 and 3 process 0's; 1 and 2 in the partition that LPIDR names, which is 0 too.
  const root = rootOf(context.ram, ptcr, ea.high >= 0 ? context.state.spr("PIDR").low >>> 0 : 0);
  if (root === "none") return storageInterrupt(ea, access, REASON.noTranslation);
  if (root === "unsupported") return storageInterrupt(ea, access, REASON.badRadix);
  let level: Level = root;
  let shift = TREE_BITS;
  for (;;) {
    shift -= level.bits;
    // A page is at least 4 KiB, so a tree that goes on below is not one.
    if (level.bits === 0 || shift < 12) return storageInterrupt(ea, access, REASON.badRadix);
    const address = level.base + 8 * bitsOf(ea, shift, level.bits);
    if (!context.ram.has(address, 8)) return machineCheck(ea, access);
    const entry = context.ram.load(8, address, "be");
    if (entry.high >= 0) return storageInterrupt(ea, access, REASON.noTranslation);
    if ((entry.high & 0x4000_0000) !== 0) return usePage(context, { entry, address, shift }, ea, access);
    level = { base: addressOf(entry, 0x0fff_ffff, 0xff), bits: entry.low & 0x1f };
  }
}

/** The tree of a process: "none" where the process table has no such entry. */
function rootOf(ram: RealMemory, ptcr: U64, pid: number): Level | "none" | "unsupported" {
  const partitionTable = addressOf(ptcr, 0x0fff_ffff, 0xfff);
  if (!ram.has(partitionTable, 16)) return "none";
  const second = ram.load(8, partitionTable + 8, "be");
  const address = addressOf(second, 0x0fff_ffff, 0xfff) + 16 * pid;
  const tableBytes = 2 ** (12 + (second.low & 0x1f));
  if (16 * pid >= tableBytes || !ram.has(address, 16)) return "none";
  const entry = ram.load(8, address, "be");
  if (entry.isZero()) return "none";
  // RTS, in bits 1:2 and 56:58, is the number of address bits less 31.
  const treeBits = 31 + (((entry.high >>> 26) & 0x18) | ((entry.low >>> 5) & 7));
  if (treeBits !== TREE_BITS) return "unsupported";
  return { base: addressOf(entry, 0x0fff_ffff, 0xff), bits: entry.low & 0x1f };
}

function usePage(
  context: RadixContext,
  leaf: { readonly entry: U64; readonly address: number; readonly shift: number },
  ea: U64,
  access: Access,
): Page | StorageInterrupt {
  const { ram, state } = context;
  const problemState = (state.msr.low & MSR.PR) !== 0;
  const { entry, address, shift } = leaf;
  const privileged = (entry.low & RADIX.PRIVILEGED) !== 0;
  const plain = (entry.low & RADIX.EXEC) !== 0 && (entry.low & RADIX.ATT) !== RADIX.NON_IDEMPOTENT;
  const stateOk = !problemState || !privileged;
  // A user page in privileged state obeys key 0 of AMR and IAMR [Power ISA v3.1B III 6.7.13.3].
  const keyed = !problemState && !privileged;
  const readable = stateOk && (entry.low & (RADIX.READ | RADIX.WRITE)) !== 0;
  const writeable = stateOk && (entry.low & RADIX.WRITE) !== 0;
  const amr = keyed ? state.spr("AMR").high : 0;
  const iamr = keyed ? state.spr("IAMR").high : 0;
  const readKey = (amr & 0x4000_0000) === 0;
  const writeKey = amr >= 0;
  const fetchKey = (iamr & 0x4000_0000) === 0;
  if (access === "fetch") {
    if (!plain) return storageInterrupt(ea, access, REASON.noExecute);
    if (!stateOk) return storageInterrupt(ea, access, REASON.protection);
    if (!fetchKey) return storageInterrupt(ea, access, REASON.key);
  } else {
    if (!(access === "store" ? writeable : readable)) {
      return storageInterrupt(ea, access, REASON.protection);
    }
    if (!(access === "store" ? writeKey : readKey)) return storageInterrupt(ea, access, REASON.key);
  }
  const pageBytes = 2 ** shift;
  const page = addressOf(entry, 0x01ff_ffff, 0xfff);
  const real = page - (page % pageBytes) + (((ea.high & 0xf_ffff) * 2 ** 32 + (ea.low >>> 0)) % pageBytes);
  if (!ram.has(real, 1)) return machineCheck(ea, access);
  const set = RADIX.R | (access === "store" ? RADIX.C : 0);
  if ((entry.low & set) !== set) ram.store(8, address, fromHalves(entry.high, entry.low | set), "be");
  return {
    kind: "page",
    real,
    pageBytes,
    writable: writeable && writeKey && ((entry.low | set) & RADIX.C) !== 0,
    readable: readable && readKey,
    executable: plain && stateOk && fetchKey,
  };
}

/** `count` bits of the address from `shift` up, at most 31 of the low 52. */
function bitsOf(ea: U64, shift: number, count: number): number {
  const high = ea.high & 0xf_ffff;
  const shifted = shift >= 32 ? high >>> (shift - 32) : (ea.low >>> shift) | (high << (32 - shift));
  return (shifted & (2 ** count - 1)) >>> 0;
}

/** The real address in a doubleword without the bits that mean something else. */
function addressOf(word: U64, highMask: number, lowMask: number): number {
  return (word.high & highMask) * 2 ** 32 + ((word.low & ~lowMask) >>> 0);
}
