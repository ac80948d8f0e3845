// How far JITed images are from kernel text, on any machine: bits of the distance, and what reaches all of it, some or nothing.
// Which addresses a layout has is table.ts's and arch/'s.
import Long from "long";
import { signedBits } from "../../word/distance.ts";
import type { U64 } from "../../word/long.ts";
import { IMAGE, linear } from "./image.ts";
import { regionNamed, type Layout } from "./layout.ts";

/** A stretch of addresses; `end` is the first behind it. */
export interface Stretch {
  readonly start: U64;
  readonly end: U64;
}

/** Kernel text and JITed images. */
export interface Places {
  /** What distances count from; two addresses where it is placed at random between them. */
  readonly text: { readonly lowest: U64; readonly highest: U64 };
  /** Where the memory of images comes from. */
  readonly images: Stretch;
}

/** How much of the images is reached, from wherever the text is. */
export type Share = "all" | "some" | "none";

/** Signed bits of the distance from text to the nearest and the farthest image. */
export interface Bits {
  readonly fewest: number;
  readonly most: number;
}

/** The places of one of our kernels: distances count from __bpf_call_base. */
export function placesOf(layout: Layout): Places {
  const base = linear(IMAGE.bpfCallBase);
  const { start, end } = regionNamed(layout, "vmalloc");
  return { text: { lowest: base, highest: base }, images: { start, end } };
}

export function bitsOf(places: Places): Bits {
  const [low, high] = extremes(places);
  const ends = [signedBits(low), signedBits(high)];
  const around = low.isNegative() !== high.isNegative();
  return { fewest: around ? 1 : Math.min(...ends), most: Math.max(...ends) };
}

/** What a signed number of so many bits, counted in bytes, reaches from text. */
export function reached(places: Places, bits: number): Share {
  const [low, high] = extremes(places);
  const most = Long.ONE.shl(bits - 1).sub(1);
  const least = most.not();
  if (low.gte(least) && high.lte(most)) return "all";
  return low.gt(most) || high.lt(least) ? "none" : "some";
}

/** Whether such a number reaches from any image to any other. */
export function reachedBetween({ images }: Places, bits: number): Share {
  const farthest = images.end.sub(1).sub(images.start);
  return signedBits(farthest) <= bits && !farthest.toSigned().isNegative() ? "all" : "some";
}

/** Whether calls have the need of powerpc64: a callee may be farther from __bpf_call_base than the 32-bit imm of a call holds. */
export function needsMoreThanImm(places: Places): boolean {
  return reached(places, 32) !== "all";
}

/** The least and the greatest distance from text to an image. */
function extremes({ text, images }: Places): readonly [Long, Long] {
  return [images.start.sub(text.highest).toSigned(), images.end.sub(1).sub(text.lowest).toSigned()];
}
