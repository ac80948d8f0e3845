// Reads of packet bytes by offset: bpf_skb_load_bytes, and what BPF_ABS and BPF_IND loads are turned into.
import { u64, ZERO, type U64 } from "../../word/long.ts";
import { negative } from "../errno.ts";
import { MemoryFault, type KernelMemory } from "../memory.ts";
import { MAX_BPF_STACK } from "../opcodes.ts";
import { skBuff } from "../types/skb-fields.ts";
import type { Helper } from "./context.ts";
import { readBytes } from "./read.ts";

/** Offsets from these count from the network and the link-layer header [Linux 6.12 include/uapi/linux/filter.h]. */
const SKF_NET_OFF = -0x10_0000;
const SKF_LL_OFF = -0x20_0000;

/**
 * `length` bytes of the packet, undefined where it has not that many there.
 * @linux include/linux/skbuff.h __skb_header_pointer, kernel/bpf/core.c bpf_internal_load_pointer_neg_helper
 */
function packetBytes(
  memory: KernelMemory,
  skb: U64,
  offset: number,
  length: number,
): Uint8Array | undefined | MemoryFault {
  const fields: U64[] = [];
  for (const [at, bytes] of [
    [skBuff.head, 8],
    [skBuff.data, 8],
    [skBuff.len, 4],
    [skBuff.tail, 4],
    [skBuff.networkHeader, 2],
    [skBuff.macHeader, 2],
  ] as const) {
    const value = memory.load(skb.add(at), bytes);
    if (value instanceof MemoryFault) return value;
    fields.push(value);
  }
  const [head = ZERO, data = ZERO, len = ZERO, tail = ZERO, network = ZERO, mac = ZERO] = fields;
  if (offset >= 0)
    return offset + length <= len.low >>> 0 ? readBytes(memory, data.add(offset), length) : undefined;
  const base = offset >= SKF_NET_OFF ? network : offset >= SKF_LL_OFF ? mac : undefined;
  if (base === undefined) return undefined;
  const at = base.low + (offset - (offset >= SKF_NET_OFF ? SKF_NET_OFF : SKF_LL_OFF));
  return at + length <= tail.low ? readBytes(memory, head.add(at), length) : undefined;
}

function loadHelper(id: number, bytes: 1 | 2 | 4): Helper {
  const name = `skb_load_helper_${bytes * 8}_no_cache`;
  return {
    id,
    name,
    symbol: `bpf_${name}`,
    call({ memory }, skb, offset) {
      const data = packetBytes(memory, skb, offset.low | 0, bytes);
      if (data instanceof MemoryFault) return data;
      return data === undefined
        ? negative("EFAULT")
        : u64(data.reduce((value, byte) => value * 256 + byte, 0));
    },
  };
}

/**
 * Functions that only the core's own rewriting calls: their numbers are negative and no program can name them. They return
 * the value in host order, or -EFAULT.
 * @linux net/core/filter.c bpf_skb_load_helper_8_no_cache and its like
 */
export const packetLoadHelpers = {
  1: loadHelper(-1, 1),
  2: loadHelper(-2, 2),
  4: loadHelper(-4, 4),
} as const;

/** @linux net/core/filter.c bpf_skb_load_bytes */
export const loadBytesHelper: Helper = {
  id: 26,
  name: "skb_load_bytes",
  symbol: "bpf_skb_load_bytes",
  call({ memory }, skb, offset, to, length) {
    const bytes = length.low >>> 0;
    const at = offset.low >>> 0;
    const data = at > 0x7fff_ffff ? undefined : packetBytes(memory, skb, at, bytes);
    if (data instanceof MemoryFault) return data;
    // What cannot be read is zeroed, so that the program sees no old bytes of its stack; no stack is larger than this.
    const fault = memory.write(to, data ?? new Uint8Array(Math.min(bytes, MAX_BPF_STACK)));
    return fault ?? (data === undefined ? negative("EFAULT") : ZERO);
  },
};
