// Code with calls in it whose sequences depend on where they and what they share lie: laid out in passes until that is settled.
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
  /** Calls of one pass; what they share stands at `stubs`. */
  pass(stubs: U64): CallPass;
}

/** The calls of one pass, in the order of their places. */
export interface CallPass {
  /** The words of a call whose first is at `from`. @throws JitError where it cannot arrive */
  words(site: number, from: U64): readonly number[];
  /** What has to stand behind the code for the calls so far. */
  readonly stubs: readonly number[];
  /** What has to stand in data for them. */
  readonly table: readonly { readonly address: U64; readonly value: U64 }[];
}

/** Code at its place. */
export interface PlacedCode {
  /** What calls share included. */
  readonly words: readonly number[];
  /** Byte offsets. */
  readonly labels: ReadonlyMap<string, number>;
  /** Bytes of each call, by site, and of the code that they share. */
  readonly callBytes: readonly number[];
  readonly stubBytes: number;
  readonly table: CallPass["table"];
}

/** The place of what calls share depends on the calls' lengths, those on it at the edge of a branch's reach only. */
const MOST_PASSES = 16;
const NOP = encode("ori", {});

/** Items of GNU-spelled text without labels; `;` or line ends between instructions. */
export const text = (source: string): Item => ({
  kind: "words",
  words: assemble(source.replaceAll(";", "\n")).words,
});

/** Bytes of the code at most, wherever it lies; `callWords`: of each call, with its part of what calls share. */
export function mostBytes(items: readonly Item[], callWords: number): number {
  const most = (item: Item): number => {
    if (item.kind === "call") return 4 * callWords;
    return item.kind === "align" ? item.bytes - 4 : 4 * lengthOf(item);
  };
  return items.reduce((sum, item) => sum + most(item), 0);
}

/**
 * The words of the code at `base`.
 * @throws JitError where a call cannot arrive, Error where the place of what calls share does not settle
 */
export function placed(items: readonly Item[], base: U64, calls: CallMaker): PlacedCode {
  let stubs = mostBytes(items, calls.maxWords);
  for (let count = 0; count < MOST_PASSES; count++) {
    const pass = calls.pass(base.add(stubs));
    const { words, labels, callBytes } = onePass(items, base, pass);
    if (4 * words.length === stubs)
      return {
        words: [...words, ...pass.stubs],
        labels,
        callBytes,
        stubBytes: 4 * pass.stubs.length,
        table: pass.table,
      };
    stubs = 4 * words.length;
  }
  throw new Error(`code has no settled length after ${MOST_PASSES} passes`);
}

/** Items one behind the other, each call as long as it is at its place; branches are filled in at the end. */
function onePass(
  items: readonly Item[],
  base: U64,
  pass: CallPass,
): Pick<PlacedCode, "words" | "labels" | "callBytes"> {
  const words: number[] = [];
  const labels = new Map<string, number>();
  const callBytes: number[] = [];
  const branches: { readonly at: number; readonly item: Item & { readonly to: string } }[] = [];
  for (const item of items) {
    const at = 4 * words.length;
    switch (item.kind) {
      case "words":
        words.push(...item.words);
        break;
      case "label":
        labels.set(item.name, at);
        break;
      case "align":
        while (((base.low + 4 * words.length) & (item.bytes - 1)) !== 0) words.push(NOP);
        break;
      case "jump":
      case "branch":
        branches.push({ at, item });
        words.push(NOP);
        break;
      case "call": {
        const call = pass.words(item.site, base.add(at));
        callBytes[item.site] = 4 * call.length;
        words.push(...call);
      }
    }
  }
  for (const { at, item } of branches) {
    const to = labels.get(item.to);
    if (to === undefined) throw new Error(`no label ${item.to}`);
    words[at / 4] = branchWord(item, to - at);
  }
  return { words, labels, callBytes };
}

/** A branch over so many bytes. */
function branchWord(item: Item, bytes: number): number {
  if (item.kind !== "branch") return encode("b", { LI: bytes });
  return encode("bc", { BO: item.on === "eq" ? 12 : 4, BI: 2, BD: bytes });
}

/** Words of an item that is of one length. */
function lengthOf(item: Item): number {
  switch (item.kind) {
    case "words":
      return item.words.length;
    case "jump":
    case "branch":
      return 1;
    case "label":
    case "align":
    case "call":
      return 0;
  }
}
