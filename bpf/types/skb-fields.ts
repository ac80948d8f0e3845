// The fields of struct __sk_buff and where each is in the kernel's struct sk_buff. Which type may use which: skb.ts.
import { insn, type Insn } from "../insn.ts";
import * as op from "../opcodes.ts";
import {
  doubleword,
  loadInsn,
  narrow,
  readDoubleword,
  readNarrow,
  readWord,
  storeInsn,
  type ContextField,
  type Registers,
} from "./access.ts";
import { netDevice, sharedInfo } from "./net-device.ts";

/**
 * Byte offsets in struct sk_buff. DIVERGES: those of 6.12 on x86-64, whichever Linux is modelled.
 * @linux include/linux/skbuff.h struct sk_buff
 */
export const skBuff = {
  dev: 16,
  tstamp: 32,
  cb: 40,
  len: 112,
  queueMapping: 124,
  pktType: 128,
  /** Bits of tstamp_type (2) and tc_at_ingress (1). */
  timeBits: 129,
  tcIndex: 132,
  priority: 140,
  iif: 144,
  hash: 148,
  vlanAll: 152,
  vlanProto: 152,
  vlanTci: 154,
  napiId: 156,
  mark: 164,
  protocol: 176,
  networkHeader: 180,
  macHeader: 182,
  tail: 184,
  end: 188,
  head: 192,
  data: 200,
  bytes: 224,
} as const;

/** Byte offsets in struct sk_buff's `cb`. @linux include/net/sch_generic.h struct qdisc_skb_cb */
export const skbCb = { pktLen: 0, tcClassid: 6, data: 8, dataMeta: 32, dataEnd: 40 } as const;

/** Byte offsets in struct __sk_buff [Linux 6.12 include/uapi/linux/bpf.h]. */
export const uapiSkb = {
  mark: 8,
  queueMapping: 12,
  priority: 32,
  ingressIfindex: 36,
  ifindex: 40,
  cb: 48,
  cbEnd: 68,
  tstamp: 152,
  wireLen: 160,
  gsoSegs: 164,
  gsoSegsEnd: 168,
  gsoSize: 176,
  gsoSizeEnd: 180,
  hwtstamp: 184,
  bytes: 192,
} as const;

/** BPF_REG_AX: free for what the core puts in. */
const AX = 11;
/** Numbers up to this in napi_id are CPUs' (sender_cpu), with CONFIG_NR_CPUS = 256. */
const MIN_NAPI_ID = 257;
const NO_QUEUE_MAPPING = 0xffff;

type Load = ContextField["load"];
type Store = NonNullable<ContextField["store"]>;

const at =
  (bytes: number, off: number): Load =>
  ({ dst, src }) => [loadInsn(bytes, dst, src, off)];
const to =
  (bytes: number, off: number): Store =>
  (original) => [storeInsn(original, bytes, off)];

/** Part of the byte of flags at pkt_type: the three bits of pkt_type, at the other end in big-endian order. */
const packetType =
  (bigEndian: boolean): Load =>
  ({ dst, src }) => [
    loadInsn(1, dst, src, skBuff.pktType),
    insn(op.BPF_ALU | op.BPF_AND, { dst, imm: bigEndian ? 0xe0 : 7 }),
    ...(bigEndian ? [insn(op.BPF_ALU | op.BPF_RSH, { dst, imm: 5 })] : []),
  ];

const vlanPresent: Load = ({ dst, src }) => [
  loadInsn(4, dst, src, skBuff.vlanAll),
  insn(op.BPF_JMP | op.BPF_JEQ, { dst, off: 1 }),
  insn(op.BPF_ALU | op.BPF_MOV, { dst, imm: 1 }),
];

const napiId: Load = ({ dst, src }) => [
  loadInsn(4, dst, src, skBuff.napiId),
  insn(op.BPF_JMP | op.BPF_JGE, { dst, imm: MIN_NAPI_ID, off: 1 }),
  insn(op.BPF_ALU64 | op.BPF_MOV, { dst, imm: 0 }),
];

const ofDevice: Load = ({ dst, src }) => [
  loadInsn(8, dst, src, skBuff.dev),
  loadInsn(4, dst, dst, netDevice.ifindex),
];

/** Reads behind skb->head + skb->end; needs a register of its own when dst is the context's. */
const ofSharedInfo =
  (bytes: number, off: number): Load =>
  ({ dst, src }: Registers) => {
    const add = insn(op.BPF_ALU64 | op.BPF_ADD | op.BPF_X, { dst, src: AX });
    return [
      loadInsn(4, AX, src, skBuff.end),
      loadInsn(8, dst, src, skBuff.head),
      add,
      loadInsn(bytes, dst, dst, off),
    ];
  };

/** A mapping that stands for "none" is not stored. */
const storeQueueMapping: Store = (original): readonly Insn[] => {
  const store = storeInsn(original, 2, skBuff.queueMapping);
  if (op.classOf(original.code) === op.BPF_ST) return original.imm >>> 0 >= NO_QUEUE_MAPPING ? [] : [store];
  return [insn(op.BPF_JMP | op.BPF_JGE, { dst: original.src, imm: NO_QUEUE_MAPPING, off: 1 }), store];
};

/** Masks in the byte at `timeBits`: in big-endian order bit fields fill it from the other end. */
const timeMasks = (bigEndian: boolean): { readonly type: number; readonly atIngress: number } =>
  bigEndian ? { type: 0xc0, atIngress: 0x20 } : { type: 0x03, atIngress: 0x04 };

const skip = (off: number): Insn => insn(op.BPF_JMP | op.BPF_JA, { off });
/** Goes on over the next instruction if AX has a bit of `mask`. */
const ifAny = (mask: number): Insn => insn(op.BPF_JMP32 | op.BPF_JSET, { dst: AX, imm: mask, off: 1 });

/**
 * A classifier at ingress that knows nothing of kinds of time sees only a time of reception.
 * @linux net/core/filter.c bpf_convert_tstamp_read
 */
const loadTime =
  (bigEndian: boolean): Load =>
  ({ dst, src }) => {
    const { type, atIngress } = timeMasks(bigEndian);
    const bits = loadInsn(1, AX, src, skBuff.timeBits);
    const zero = insn(op.BPF_ALU64 | op.BPF_MOV, { dst, imm: 0 });
    const load = loadInsn(8, dst, src, skBuff.tstamp);
    return [bits, ifAny(atIngress), skip(4), ifAny(type), skip(2), zero, skip(1), load];
  };

/** At ingress a time that is written is one of reception. @linux net/core/filter.c bpf_convert_tstamp_write */
const storeTime =
  (bigEndian: boolean): Store =>
  (original) => {
    const { type, atIngress } = timeMasks(bigEndian);
    const base = original.dst;
    return [
      loadInsn(1, AX, base, skBuff.timeBits),
      ifAny(atIngress),
      skip(2),
      insn(op.BPF_ALU | op.BPF_AND, { dst: AX, imm: ~type }),
      insn(op.BPF_STX | op.BPF_MEM | op.BPF_B, { dst: base, src: AX, off: skBuff.timeBits }),
      storeInsn(original, 8, skBuff.tstamp),
    ];
  };

/** cb may be accessed in any aligned part. */
const controlBlock: readonly [Load, Store] = [
  ({ dst, src }, within, bytes) => [loadInsn(bytes, dst, src, skBuff.cb + skbCb.data + within)],
  (original, within, bytes) => [storeInsn(original, bytes, skBuff.cb + skbCb.data + within)],
];

const tcClassid = skBuff.cb + skbCb.tcClassid;

/** A field of 4 bytes; `targetBytes` as in ContextField. */
const word = (
  name: string,
  offset: number,
  targetBytes: number,
  permission: ContextField["permission"],
  access: readonly [load: Load, store?: Store],
): ContextField => field({ name, offset, bytes: 4, targetBytes, permission }, access);

const field = (
  plain: Omit<ContextField, "load" | "store">,
  [load, store]: readonly [load: Load, store?: Store],
): ContextField => ({ ...plain, load, ...(store === undefined ? {} : { store }) });

/** Reads and writes the same bytes. */
const both = (bytes: number, off: number): readonly [Load, Store] => [at(bytes, off), to(bytes, off)];

/**
 * All fields but those of sockets and of flow dissectors; `sk` is not there.
 * @linux net/core/filter.c bpf_convert_ctx_access
 */
export function skbFields(bigEndian: boolean): readonly ContextField[] {
  const times = [loadTime(bigEndian), storeTime(bigEndian)] as const;
  const anything = (): boolean => true;
  // One field a line.
  // prettier-ignore
  return [
    word("len",             0,   4, readNarrow, [at(4, skBuff.len)]),
    word("pkt_type",        4,   1, readNarrow, [packetType(bigEndian)]),
    word("mark",            8,   4, narrow,     both(4, skBuff.mark)),
    word("queue_mapping",   12,  2, narrow,     [at(2, skBuff.queueMapping), storeQueueMapping]),
    word("protocol",        16,  2, readNarrow, [at(2, skBuff.protocol)]),
    word("vlan_present",    20,  4, readNarrow, [vlanPresent]),
    word("vlan_tci",        24,  2, readNarrow, [at(2, skBuff.vlanTci)]),
    word("vlan_proto",      28,  2, readNarrow, [at(2, skBuff.vlanProto)]),
    word("priority",        32,  4, narrow,     both(4, skBuff.priority)),
    word("ingress_ifindex", 36,  4, readNarrow, [at(4, skBuff.iif)]),
    word("ifindex",         40,  4, readNarrow, [ofDevice]),
    word("tc_index",        44,  2, narrow,     both(2, skBuff.tcIndex)),
    field({ name: "cb", offset: 48, bytes: 20, targetBytes: 20, permission: anything, raw: true }, controlBlock),
    word("hash",            68,  4, readNarrow, [at(4, skBuff.hash)]),
    word("tc_classid",      72,  2, narrow,     both(2, tcClassid)),
    word("data",            76,  4, readWord,   [at(8, skBuff.data)]),
    word("data_end",        80,  4, readWord,   [at(8, skBuff.cb + skbCb.dataEnd)]),
    word("napi_id",         84,  4, readNarrow, [napiId]),
    word("data_meta",       140, 4, readWord,   [at(8, skBuff.cb + skbCb.dataMeta)]),
    field({ name: "tstamp", offset: 152, bytes: 8, targetBytes: 8, permission: doubleword }, times),
    word("wire_len",        160, 4, readNarrow, [at(4, skBuff.cb + skbCb.pktLen)]),
    word("gso_segs",        164, 2, readNarrow, [ofSharedInfo(2, sharedInfo.gsoSegs)]),
    word("gso_size",        176, 2, readNarrow, [ofSharedInfo(2, sharedInfo.gsoSize)]),
    field({ name: "hwtstamp", offset: 184, bytes: 8, targetBytes: 8, permission: readDoubleword }, [ofSharedInfo(8, sharedInfo.hwtstamps)]),
  ];
}
