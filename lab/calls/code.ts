// Code with calls in it whose sequences depend on where it lies: laid out in passes until no call changes its length.
// What a call's words are is the JIT's; what the code does is driver.ts's.
import type { U64 } from "../../word/long.ts";
import { assemble } from "../../cpu/isa/assemble.ts";
import { encode } from "../../cpu/isa/encode.ts";

/** A piece of code, in the order of memory. */
export type Item =
  | { readonly kind: "words"; readonly words: readonly number[] }
  /** A name for the address of what follows. */
  | { readonly kind: "label"; readonly name: string }
  /** Nops up to a multiple of so many bytes. */
  | { readonly kind: "align"; readonly bytes: number }
  /** `b` to a label. */
  | { readonly kind: "jump"; readonly to: string }
  /** `bne` or `beq` on CR0 to a label. */
  | { readonly kind: "branch"; readonly on: "ne" | "eq"; readonly to: string }
  /** A call, by its number from 0 in the code. */
  | { readonly kind: "call"; readonly site: number };

/** How the calls of one piece of code are made. */
export interface CallMaker {
  /** The most words of any call. */
  readonly maxWords: number;
  /** The words of a call whose first is at `from`. @throws JitError where it cannot arrive */
  words(site: number, from: U64): readonly number[];
}

/** Code at its place. */
export interface PlacedCode {
  readonly words: readonly number[];
  /** Byte offsets. */
  readonly labels: ReadonlyMap<string, number>;
  /** Bytes of each call, by site. */
  readonly callBytes: readonly number[];
}

/** So many passes are enough where a call that grew again does not shrink any more. */
const MOST_PASSES = 16;
const NOP = encode("ori", {});

/** Items of GNU-spelled text without labels; `;` or line ends between instructions. */
export const text = (source: string): Item => ({
  kind: "words",
  words: assemble(source.replaceAll(";", "\n")).words,
});

/** Bytes of the code at most, wherever it lies. */
export function mostBytes(items: readonly Item[], { maxWords }: Pick<CallMaker, "maxWords">): number {
  const spare = items.reduce((sum, item) => sum + (item.kind === "align" ? item.bytes - 4 : 0), 0);
  return layOut(items, 0, () => 4 * maxWords).bytes + spare;
}

/**
 * The words of the code at `base`.
 * @throws JitError where a call cannot arrive, Error where the calls' lengths do not settle
 */
export function placed(items: readonly Item[], base: U64, calls: CallMaker): PlacedCode {
  const sites = items.filter(({ kind }) => kind === "call").length;
  let lengths: readonly number[] = Array.from({ length: sites }, () => calls.maxWords);
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { labels, callOffsets } = layOut(items, base.low, (site) => 4 * (lengths[site] ?? 0));
    const words = callOffsets.map((offset, site) => calls.words(site, base.add(offset)));
    const settled = words.every(({ length }, site) => length === lengths[site]);
    if (settled)
      return {
        words: emit(items, base.low, labels, words),
        labels,
        callBytes: words.map(({ length }) => 4 * length),
      };
    lengths = words.map(({ length }) => length);
  }
  throw new Error(`calls have no settled length after ${MOST_PASSES} passes`);
}

interface Layout {
  readonly bytes: number;
  readonly labels: ReadonlyMap<string, number>;
  readonly callOffsets: readonly number[];
}

/** Where everything is; `low`: low half of the address of the first word. */
function layOut(items: readonly Item[], low: number, callBytes: (site: number) => number): Layout {
  const labels = new Map<string, number>();
  const callOffsets: number[] = [];
  let bytes = 0;
  for (const item of items) {
    if (item.kind === "label") labels.set(item.name, bytes);
    if (item.kind === "call") callOffsets[item.site] = bytes;
    bytes += bytesOf(item, low + bytes, callBytes);
  }
  return { bytes, labels, callOffsets };
}

function bytesOf(item: Item, low: number, callBytes: (site: number) => number): number {
  switch (item.kind) {
    case "words":
      return 4 * item.words.length;
    case "label":
      return 0;
    case "align":
      return -low & (item.bytes - 1);
    case "jump":
    case "branch":
      return 4;
    case "call":
      return callBytes(item.site);
  }
}

function emit(
  items: readonly Item[],
  low: number,
  labels: ReadonlyMap<string, number>,
  calls: readonly (readonly number[])[],
): readonly number[] {
  const words: number[] = [];
  const to = (label: string): number => {
    const offset = labels.get(label);
    if (offset === undefined) throw new Error(`no label ${label}`);
    return offset - 4 * words.length;
  };
  for (const item of items) words.push(...wordsOf(item, low + 4 * words.length, to, calls));
  return words;
}

/** Words of an item; `to`: distance from it to a label. */
function wordsOf(
  item: Item,
  low: number,
  to: (label: string) => number,
  calls: readonly (readonly number[])[],
): readonly number[] {
  switch (item.kind) {
    case "words":
      return item.words;
    case "label":
      return [];
    case "align":
      return Array.from({ length: (-low & (item.bytes - 1)) / 4 }, () => NOP);
    case "jump":
      return [encode("b", { LI: to(item.to) })];
    case "branch":
      return [encode("bc", { BO: item.on === "eq" ? 12 : 4, BI: 2, BD: to(item.to) })];
    case "call":
      return calls[item.site] ?? [];
  }
}
