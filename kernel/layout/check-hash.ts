// What the hash MMU can translate: contexts and segments that must not meet, page tables behind vmalloc and IO.
// What holds for every layout is check.ts's.
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { tableBits, type Layout, type Region } from "./layout.ts";
import { sizeText } from "./size.ts";

/** Kernel segments: 2^40 bytes. */
const SEGMENT_SHIFT = 40;
/** log2 of what one context covers: 68-bit virtual addresses less 19 context bits. [Linux 6.12 asm/book3s/64/mmu-hash.h] */
const CONTEXT_SHIFT = 49;
const SEGMENTS = 2 ** (CONTEXT_SHIFT - SEGMENT_SHIFT);

/** Segment numbers from `first` to `last` in one context. */
interface Span {
  readonly context: number;
  readonly first: number;
  readonly last: number;
}

/** As `layoutProblem`, for what is the hash MMU's; takes bounds and geometry as checked. */
export function hashProblem(layout: Layout): string | undefined {
  return contextProblem(layout) ?? segmentProblem(layout) ?? tableProblem(layout);
}

function contextProblem({ regions, contextBits, version }: Layout): string | undefined {
  if (!Number.isInteger(contextBits) || contextBits < SEGMENT_SHIFT || contextBits > CONTEXT_SHIFT)
    return `context_bits: ${contextBits} is no whole number from ${SEGMENT_SHIFT} to ${CONTEXT_SHIFT}`;
  const last = version.minUserContext - 1;
  for (const region of regions) {
    const { name, context } = region;
    if (!Number.isInteger(context) || context < 1 || context > last)
      return `region ${name}: context ${context} is not from 1 to ${last}, which are the kernel's in Linux ${version.name}`;
    if (contextCount(region, contextBits) + context - 1 > last)
      return `region ${name}: ${sizeText(sizeOf(region))} take the contexts ${context} to ${contextCount(region, contextBits) + context - 1}; the kernel's end at ${last}`;
    if (name !== "linear map" && segmentCount(region) > SEGMENTS)
      return `region ${name}: ${sizeText(sizeOf(region))} from ${hex64(region.start)} on are more than one context covers, ${sizeText(2 ** CONTEXT_SHIFT)}`;
  }
  return undefined;
}

/** Two regions that would be one to the MMU: in a segment together, or with the same segment numbers in the same context. */
function segmentProblem({ regions, contextBits }: Layout): string | undefined {
  for (const [i, b] of regions.entries())
    for (const a of regions.slice(0, i)) {
      const shared = a.end.sub(1).shru(SEGMENT_SHIFT).eq(b.start.shru(SEGMENT_SHIFT));
      const together = `${b.name} at ${hex64(b.start)} is in a segment (1T) together with ${a.name}`;
      if (shared && a.name === "linear map") return `region ${together}, whose base pages are larger`;
      if (shared && a.context !== b.context)
        return `region ${together}, which has context ${a.context}, not ${b.context}`;
      const met = spans(a, contextBits).find((span) =>
        spans(b, contextBits).some((other) => meet(span, other)),
      );
      if (met !== undefined && !shared)
        return `region ${b.name}: context ${met.context} has the same segments of ${a.name}; one of them needs another context`;
    }
  return undefined;
}

/** vmalloc and IO have page tables, which go by the low-order bits of an address. */
function tableProblem(layout: Layout): string | undefined {
  const bits = tableBits(layout);
  const reach = fromHalves(1, 0).shl(bits - 32);
  const paged = layout.regions.filter(({ name }) => name === "vmalloc" || name === "IO");
  for (const region of paged) {
    const first = region.start.and(reach.sub(1));
    if (first.add(sizeOf(region)).gt(reach))
      return `region ${region.name}: ${hex64(region.start)} to ${hex64(region.end)} goes beyond what page tables of ${bits} bits reach (index_bits), ${sizeText(reach)}`;
  }
  const [a, b] = paged.map((region) => ({ ...region, low: region.start.and(reach.sub(1)) }));
  if (a === undefined || b === undefined) return undefined;
  const apart = a.low.add(sizeOf(a)).lte(b.low) || b.low.add(sizeOf(b)).lte(a.low);
  return apart
    ? undefined
    : `region ${b.name}: page tables of ${bits} bits (index_bits) have it at the place of ${a.name}`;
}

function sizeOf({ start, end }: Region): U64 {
  return end.sub(start);
}

function segmentCount({ start, end }: Region): number {
  return end.sub(1).shru(SEGMENT_SHIFT).sub(start.shru(SEGMENT_SHIFT)).toNumber() + 1;
}

/** The linear map goes on in the following contexts; the others have one each. */
function contextCount(region: Region, contextBits: number): number {
  return region.name === "linear map"
    ? sizeOf(region)
        .add(u64(2 ** contextBits - 1))
        .shru(contextBits)
        .toNumber()
    : 1;
}

function spans(region: Region, contextBits: number): readonly Span[] {
  const segment = (ea: U64): number => ea.shru(SEGMENT_SHIFT).and(SEGMENTS - 1).low;
  if (region.name === "linear map") {
    const count = contextCount(region, contextBits);
    const bytes = u64(2 ** contextBits);
    return Array.from({ length: count }, (_, i) => {
      const start = region.start.add(bytes.mul(i));
      const end = i === count - 1 ? region.end : start.add(bytes);
      return { context: region.context + i, first: segment(start), last: segment(end.sub(1)) };
    });
  }
  const { context } = region;
  const [first, last] = [segment(region.start), segment(region.end.sub(1))];
  if (first <= last) return [{ context, first, last }];
  return [
    { context, first, last: SEGMENTS - 1 },
    { context, first: 0, last },
  ];
}

function meet(a: Span, b: Span): boolean {
  return a.context === b.context && a.first <= b.last && b.first <= a.last;
}
