// bpf_csum_diff: the Internet checksum of what replaces something, less that of what was replaced [RFC 1071].
import { fromHalves, type U64 } from "../../word/long.ts";
import { MemoryFault, type KernelMemory } from "../memory.ts";
import type { Helper } from "./context.ts";
import { readBytes } from "./read.ts";

/** Adds 32-bit words with end-around carry. */
function add32(a: number, b: number): number {
  const sum = (a >>> 0) + (b >>> 0);
  return sum > 0xffff_ffff ? sum - 0xffff_ffff : sum;
}

/** The 32-bit ones' complement sum of guest words at `address`; the last one is filled up with zeros. */
function sumWords(memory: KernelMemory, address: U64, bytes: number): number | MemoryFault {
  const data = readBytes(memory, address, bytes);
  if (data instanceof MemoryFault) return data;
  const padded = new Uint8Array((bytes + 3) & ~3);
  padded.set(data);
  const view = new DataView(padded.buffer);
  let sum = 0;
  for (let at = 0; at < bytes; at += 4) sum = add32(sum, view.getUint32(at, memory.endian === "le"));
  return sum;
}

/** Folds 32 bits to 16 with end-around carry. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/**
 * The 16-bit result that Linux returns on every architecture from 6.13 on. DIVERGES(6.12): until then the upper half held what
 * the architecture's csum_partial had not yet folded, and sizes that are no multiple of 4 were refused.
 * @linux net/core/filter.c bpf_csum_diff
 */
export const checksumHelper: Helper = {
  id: 28,
  name: "csum_diff",
  symbol: "bpf_csum_diff",
  call({ memory }, from, fromSize, to, toSize, seed) {
    const fromBytes = fromSize.low >>> 0;
    const toBytes = toSize.low >>> 0;
    const removed = fromBytes === 0 ? 0 : sumWords(memory, from, fromBytes);
    if (removed instanceof MemoryFault) return removed;
    const added = toBytes === 0 ? 0 : sumWords(memory, to, toBytes);
    if (added instanceof MemoryFault) return added;
    return fromHalves(0, fold(combine(removed, added, seed.low >>> 0, { fromBytes, toBytes })));
  },
};

/** Zero has two representations, 0 and all ones; which one comes out is decided by the order of Linux's steps. */
function combine(
  removed: number,
  added: number,
  seed: number,
  { fromBytes, toBytes }: { readonly fromBytes: number; readonly toBytes: number },
): number {
  if (fromBytes !== 0 && toBytes !== 0) return add32(add32(added, seed), ~removed);
  if (toBytes !== 0) return add32(added, seed);
  if (fromBytes !== 0) return ~add32(removed, ~seed) >>> 0;
  return seed;
}
