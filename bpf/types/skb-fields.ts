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

/** Byte offsets in struct sk_buff as in 6.12 and later, 64-bit. @linux include/linux/skbuff.h struct sk_buff */
export const skBuff = {
  dev: 16,
  tstamp: 32,
  cb: 40,
  len: 112,
  queueMapping: 124,
  pktType: 128,
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

/** cb may be accessed in any aligned part. */
const controlBlock = {
  load: ({ dst, src }: Registers, within: number, bytes: number) => [
    loadInsn(bytes, dst, src, skBuff.cb + skbCb.data + within),
  ],
  store: (original: Insn, within: number, bytes: number) => [
    storeInsn(original, bytes, skBuff.cb + skbCb.data + within),
  ],
};

const tcClassid = skBuff.cb + skbCb.tcClassid;

/**
 * All fields but those of sockets and of flow dissectors; `sk` is not there.
 * @linux net/core/filter.c bpf_convert_ctx_access
 */
// prettier-ignore -- a table
export function skbFields(bigEndian: boolean): readonly ContextField[] {
  return [
    { name: "len", offset: 0, bytes: 4, targetBytes: 4, permission: readNarrow, load: at(4, skBuff.len) },
    {
      name: "pkt_type",
      offset: 4,
      bytes: 4,
      targetBytes: 1,
      permission: readNarrow,
      load: packetType(bigEndian),
    },
    {
      name: "mark",
      offset: 8,
      bytes: 4,
      targetBytes: 4,
      permission: narrow,
      load: at(4, skBuff.mark),
      store: to(4, skBuff.mark),
    },
    {
      name: "queue_mapping",
      offset: 12,
      bytes: 4,
      targetBytes: 2,
      permission: narrow,
      load: at(2, skBuff.queueMapping),
      store: storeQueueMapping,
    },
    {
      name: "protocol",
      offset: 16,
      bytes: 4,
      targetBytes: 2,
      permission: readNarrow,
      load: at(2, skBuff.protocol),
    },
    { name: "vlan_present", offset: 20, bytes: 4, targetBytes: 4, permission: readNarrow, load: vlanPresent },
    {
      name: "vlan_tci",
      offset: 24,
      bytes: 4,
      targetBytes: 2,
      permission: readNarrow,
      load: at(2, skBuff.vlanTci),
    },
    {
      name: "vlan_proto",
      offset: 28,
      bytes: 4,
      targetBytes: 2,
      permission: readNarrow,
      load: at(2, skBuff.vlanProto),
    },
    {
      name: "priority",
      offset: 32,
      bytes: 4,
      targetBytes: 4,
      permission: narrow,
      load: at(4, skBuff.priority),
      store: to(4, skBuff.priority),
    },
    {
      name: "ingress_ifindex",
      offset: 36,
      bytes: 4,
      targetBytes: 4,
      permission: readNarrow,
      load: at(4, skBuff.iif),
    },
    { name: "ifindex", offset: 40, bytes: 4, targetBytes: 4, permission: readNarrow, load: ofDevice },
    {
      name: "tc_index",
      offset: 44,
      bytes: 4,
      targetBytes: 2,
      permission: narrow,
      load: at(2, skBuff.tcIndex),
      store: to(2, skBuff.tcIndex),
    },
    {
      name: "cb",
      offset: 48,
      bytes: 20,
      targetBytes: 20,
      permission: () => true,
      raw: true,
      ...controlBlock,
    },
    { name: "hash", offset: 68, bytes: 4, targetBytes: 4, permission: readNarrow, load: at(4, skBuff.hash) },
    {
      name: "tc_classid",
      offset: 72,
      bytes: 4,
      targetBytes: 2,
      permission: narrow,
      load: at(2, tcClassid),
      store: to(2, tcClassid),
    },
    { name: "data", offset: 76, bytes: 4, targetBytes: 4, permission: readWord, load: at(8, skBuff.data) },
    {
      name: "data_end",
      offset: 80,
      bytes: 4,
      targetBytes: 4,
      permission: readWord,
      load: at(8, skBuff.cb + skbCb.dataEnd),
    },
    { name: "napi_id", offset: 84, bytes: 4, targetBytes: 4, permission: readNarrow, load: napiId },
    {
      name: "data_meta",
      offset: 140,
      bytes: 4,
      targetBytes: 4,
      permission: readWord,
      load: at(8, skBuff.cb + skbCb.dataMeta),
    },
    {
      name: "tstamp",
      offset: 152,
      bytes: 8,
      targetBytes: 8,
      permission: doubleword,
      load: at(8, skBuff.tstamp),
      store: to(8, skBuff.tstamp),
    },
    {
      name: "wire_len",
      offset: 160,
      bytes: 4,
      targetBytes: 4,
      permission: readNarrow,
      load: at(4, skBuff.cb + skbCb.pktLen),
    },
    {
      name: "gso_segs",
      offset: 164,
      bytes: 4,
      targetBytes: 2,
      permission: readNarrow,
      load: ofSharedInfo(2, sharedInfo.gsoSegs),
    },
    {
      name: "gso_size",
      offset: 176,
      bytes: 4,
      targetBytes: 2,
      permission: readNarrow,
      load: ofSharedInfo(2, sharedInfo.gsoSize),
    },
    {
      name: "hwtstamp",
      offset: 184,
      bytes: 8,
      targetBytes: 8,
      permission: readDoubleword,
      load: ofSharedInfo(8, sharedInfo.hwtstamps),
    },
  ];
}
