// The segment lookaside buffer: 32 entries from effective segment to virtual segment, and the slb* instructions on them.
// Translation beyond the segment is hash.ts; who fills the buffer is the kernel.
import { ZERO, fromHalves, type U64 } from "../../word/long.ts";

export const SLB_ENTRIES = 32;

/** V in the doubleword that holds the ESID. */
const VALID = 0x0800_0000;

/** log2 of the segment size by B: 256 MiB, 1 TiB; the other two values are reserved. */
const SEGMENT_SHIFT = [28, 40] as const;

/** One segment's translation, as `slbmte` got it. */
export interface Segment {
  readonly index: number;
  /** 28 or 40. */
  readonly segmentShift: 28 | 40;
  /** The VSID's doubleword: B 0:1, VSID 2:51, Ks Kp N L C 52:56, LP 58:59. */
  readonly vsidWord: U64;
  /** The ESID's doubleword: ESID 0:35, V 36. */
  readonly esidWord: U64;
}

/** Where the entries are kept: `CpuState`. `esid` holds ESID and V, `vsid` what RS of `slbmte` held. */
export interface SlbStorage {
  slbEntry(n: number): { readonly esid: U64; readonly vsid: U64 };
  setSlbEntry(n: number, entry: { readonly esid: U64; readonly vsid: U64 }): void;
}

const INVALID = Object.freeze({ esid: ZERO, vsid: ZERO });

export class Slb {
  readonly #storage: SlbStorage;
  /** Index of the entry that matched last: where a search starts. */
  #last = 0;

  constructor(storage: SlbStorage) {
    this.#storage = storage;
  }

  /** The segment that the effective address lies in; undefined asks for a segment interrupt. */
  lookup(ea: U64): Segment | undefined {
    for (let i = 0; i < SLB_ENTRIES; i++) {
      const index = (this.#last + i) & (SLB_ENTRIES - 1);
      const segment = this.at(index);
      if (segment !== undefined && sameSegment(segment, ea)) {
        this.#last = index;
        return segment;
      }
    }
    return undefined;
  }

  /** The valid entry at an index. */
  at(index: number): Segment | undefined {
    const { esid, vsid } = this.#storage.slbEntry(index);
    if ((esid.low & VALID) === 0) return undefined;
    const segmentShift = SEGMENT_SHIFT[vsid.high >>> 30];
    return segmentShift === undefined ? undefined : { index, segmentShift, vsidWord: vsid, esidWord: esid };
  }

  /** `slbmte RS,RB`: the index is the low 12 bits of RB modulo the number of entries. */
  slbmte(rs: U64, rb: U64): void {
    const index = rb.low & (SLB_ENTRIES - 1);
    const valid = (rb.low & VALID) !== 0 && SEGMENT_SHIFT[rs.high >>> 30] !== undefined;
    const esid = fromHalves(rb.high, rb.low & 0xf800_0000);
    this.#storage.setSlbEntry(index, valid ? { esid, vsid: rs } : INVALID);
  }

  /** `slbie RB`: invalidates what translates the segment of the address in RB. */
  slbie(rb: U64): void {
    const ea = fromHalves(rb.high, rb.low & 0xf000_0000);
    for (let index = 0; index < SLB_ENTRIES; index++) {
      const segment = this.at(index);
      if (segment !== undefined && sameSegment(segment, ea)) this.#storage.setSlbEntry(index, INVALID);
    }
  }

  /** `slbia IH`: all entries but 0; with IH 1 or 2 nothing but what an implementation keeps beside the SLB goes, with 3 to 7 as with 0. */
  slbia(ih: number): void {
    if (ih === 1 || ih === 2) return;
    this.#invalidateFrom(1);
  }

  /** Invalidates every entry, 0 too: the state before a kernel has run. */
  reset(): void {
    this.#invalidateFrom(0);
  }

  /** `slbmfee RT,RB`: ESID and V of the entry that RB's low 12 bits name; 0 for an invalid one. */
  slbmfee(rb: U64): U64 {
    return this.at(rb.low & (SLB_ENTRIES - 1))?.esidWord ?? ZERO;
  }

  /** `slbmfev RT,RB`: the VSID's doubleword of the entry; 0 for an invalid one. */
  slbmfev(rb: U64): U64 {
    return this.at(rb.low & (SLB_ENTRIES - 1))?.vsidWord ?? ZERO;
  }

  /** `slbfee. RT,RB`: the VSID's doubleword for the address in RB, undefined where none matches (CR0 says so). */
  slbfee(rb: U64): U64 | undefined {
    return this.lookup(rb)?.vsidWord;
  }

  #invalidateFrom(first: number): void {
    for (let index = first; index < SLB_ENTRIES; index++) {
      if (this.at(index) !== undefined) this.#storage.setSlbEntry(index, INVALID);
    }
  }
}

/** Whether the ESID covers the address: bits 0:35 or 0:23 are equal. */
function sameSegment(segment: Segment, ea: U64): boolean {
  const high = segment.esidWord.high ^ ea.high;
  if (segment.segmentShift === 40) return high >>> 8 === 0;
  return high === 0 && (segment.esidWord.low ^ ea.low) >>> 28 === 0;
}
