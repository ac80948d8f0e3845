// The program types over struct __sk_buff, socket_filter and sched_cls: who may access which field, and the struct sk_buff
// and packet of a test run in guest memory.
import { u64 } from "../../word/long.ts";
import type { Endian } from "../insn.ts";
import type { KernelMemory } from "../memory.ts";
import { convertAccess, invalidAccess, type ContextField } from "./access.ts";
import { LOOPBACK_IFINDEX, netDevice, SHARED_INFO_BYTES, sharedInfo } from "./net-device.ts";
import { skBuff, skbCb, skbFields, uapiSkb } from "./skb-fields.ts";
import { GuestStructs, type GuestStruct, type HostStruct } from "./structs.ts";
import {
  checkPacket,
  contextInput,
  ETH_HLEN,
  TestRunError,
  type ProgramType,
  type TestContext,
  type TestInput,
} from "./type.ts";

/** NET_SKB_PAD of ppc64: one cache line. */
const HEADROOM = 128;
/** Guest page: a packet of a test run fits one, with what is before and behind it. */
const PAGE_BYTES = 0x1_0000;
const MOST_GSO_SEGS = 0xffff;
/** Values of h_proto below this are lengths (802.3). */
const ETH_P_802_3_MIN = 0x600;
const ETH_P_802_3 = 1;
const ETH_P_802_2 = 4;
const packetTypes = { host: 0, multicast: 2, otherHost: 3 } as const;

interface Kind {
  readonly name: "socket_filter" | "sched_cls";
  /** Whether the program sees the Ethernet header. */
  readonly linkLayer: boolean;
  readonly hidden: readonly string[];
  readonly writable: readonly string[];
}

/** @linux net/core/filter.c sk_filter_is_valid_access */
const socketFilterKind: Kind = {
  name: "socket_filter",
  linkLayer: false,
  hidden: ["tc_classid", "data", "data_meta", "data_end", "tstamp", "wire_len", "hwtstamp"],
  writable: ["cb"],
};

/** @linux net/core/filter.c tc_cls_act_is_valid_access */
const schedClsKind: Kind = {
  name: "sched_cls",
  linkLayer: true,
  hidden: [],
  writable: ["mark", "queue_mapping", "priority", "tc_index", "tc_classid", "cb", "tstamp"],
};

/** The fields that this type may access: without those it may not see, and without stores where it may only read. */
function fieldsOf({ hidden, writable }: Kind, endian: Endian): readonly ContextField[] {
  return skbFields(endian === "be")
    .filter(({ name }) => !hidden.includes(name))
    .map((field) => {
      if (writable.includes(field.name)) return field;
      const permission: ContextField["permission"] = (access, within) =>
        access.kind === "read" && field.permission(access, within);
      return { ...field, permission };
    });
}

/** @linux net/bpf/test_run.c bpf_prog_test_run_skb */
function open({ linkLayer }: Kind, memory: KernelMemory, { data, ctx }: TestInput): TestContext {
  checkPacket(data, PAGE_BYTES - HEADROOM - SHARED_INFO_BYTES);
  const input = ctx === undefined ? undefined : contextInput(ctx, uapiSkb.bytes, memory.endian);
  if (input !== undefined) checkContext(input, linkLayer ? data.length : data.length - ETH_HLEN);
  const structs = new GuestStructs(memory);
  const end = (HEADROOM + data.length + 127) & ~127;
  const head = structs.allocate(end + SHARED_INFO_BYTES);
  head.write(HEADROOM, data);
  const device = structs.allocate(netDevice.bytes);
  device.set(netDevice.ifindex, 4, LOOPBACK_IFINDEX);
  const skb = structs.allocate(skBuff.bytes);
  const start = HEADROOM + (linkLayer ? 0 : ETH_HLEN);
  skb.set(skBuff.dev, 8, device.address);
  skb.set(skBuff.head, 8, head.address);
  skb.set(skBuff.data, 8, head.address.add(start));
  skb.set(skBuff.len, 4, HEADROOM + data.length - start);
  skb.set(skBuff.tail, 4, HEADROOM + data.length);
  skb.set(skBuff.end, 4, end);
  skb.set(skBuff.macHeader, 2, HEADROOM);
  skb.set(skBuff.networkHeader, 2, HEADROOM + ETH_HLEN);
  setEthernetFields(skb, data, memory.endian);
  if (linkLayer) {
    skb.set(skBuff.cb + skbCb.dataMeta, 8, head.address.add(start));
    skb.set(skBuff.cb + skbCb.dataEnd, 8, head.address.add(HEADROOM + data.length));
  }
  if (input !== undefined) applyContext(input, skb, head, end);
  return {
    address: skb.address,
    output() {
      const seen = skb.get(skBuff.len, 4).low;
      const from = skb.get(skBuff.data, 8).sub(head.address).toNumber();
      const packet = head.read(from, seen);
      if (input !== undefined) readContext(input, skb, head, end);
      // A header that was pulled comes back as zeros.
      const whole = linkLayer ? packet : Uint8Array.of(...new Uint8Array(ETH_HLEN), ...packet);
      return { data: whole, ctx: input?.bytes };
    },
    free: () => structs.free(),
  };
}

/** @linux net/ethernet/eth.c eth_type_trans */
function setEthernetFields(skb: GuestStruct, data: Uint8Array, endian: Endian): void {
  const destination = data.subarray(0, 6);
  let type: number = packetTypes.host;
  // The loopback device's broadcast address is 0, so that no packet is a broadcast.
  if (((destination[0] ?? 0) & 1) !== 0) type = packetTypes.multicast;
  else if (destination.some((byte) => byte !== 0)) type = packetTypes.otherHost;
  skb.set(skBuff.pktType, 1, endian === "be" ? type << 5 : type);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let protocol = view.getUint16(12);
  if (protocol < ETH_P_802_3_MIN) {
    const ipx = data.length >= ETH_HLEN + 2 && view.getUint16(ETH_HLEN) === 0xffff;
    protocol = ipx ? ETH_P_802_3 : ETH_P_802_2;
  }
  skb.write(skBuff.protocol, Uint8Array.of(protocol >> 8, protocol & 0xff));
}

/** @linux net/bpf/test_run.c convert___skb_to_skb */
function checkContext(input: HostStruct, bytes: number): void {
  const u = uapiSkb;
  const reserved = [
    [0, u.mark],
    [u.queueMapping, u.priority],
    [u.ifindex + 4, u.cb],
    [u.cbEnd, u.tstamp],
    [u.gsoSegsEnd, u.gsoSize],
    [u.gsoSizeEnd, u.hwtstamp],
  ] as const;
  for (const [start, end] of reserved)
    if (!input.isZero(start, end)) throw new TestRunError(`context: bytes ${start} to ${end} have to be 0`);
  const ifindex = input.u32(u.ifindex);
  if (ifindex > LOOPBACK_IFINDEX) throw new TestRunError(`context: no device ${ifindex}`, "ENODEV");
  const wireLength = input.u32(u.wireLen);
  if (wireLength !== 0 && wireLength < bytes)
    throw new TestRunError(`context: wire_len ${wireLength} is less than the packet's ${bytes} bytes`);
  if (input.u32(u.gsoSegs) > MOST_GSO_SEGS)
    throw new TestRunError(`context: gso_segs ${input.u32(u.gsoSegs)} is more than ${MOST_GSO_SEGS}`);
}

function applyContext(input: HostStruct, skb: GuestStruct, head: GuestStruct, end: number): void {
  const u = uapiSkb;
  skb.set(skBuff.mark, 4, input.u32(u.mark));
  skb.set(skBuff.priority, 4, input.u32(u.priority));
  skb.set(skBuff.iif, 4, input.u32(u.ingressIfindex));
  skb.set(skBuff.tstamp, 8, input.u64(u.tstamp));
  skb.write(skBuff.cb + skbCb.data, input.bytes.slice(u.cb, u.cbEnd));
  const wireLength = input.u32(u.wireLen);
  skb.set(skBuff.cb + skbCb.pktLen, 4, wireLength === 0 ? skb.get(skBuff.len, 4) : u64(wireLength));
  head.set(end + sharedInfo.gsoSegs, 2, input.u32(u.gsoSegs));
  head.set(end + sharedInfo.gsoSize, 2, input.u32(u.gsoSize));
  head.set(end + sharedInfo.hwtstamps, 8, input.u64(u.hwtstamp));
}

/** @linux net/bpf/test_run.c convert_skb_to___skb */
function readContext(output: HostStruct, skb: GuestStruct, head: GuestStruct, end: number): void {
  const u = uapiSkb;
  output.setU32(u.mark, skb.get(skBuff.mark, 4).low);
  output.setU32(u.priority, skb.get(skBuff.priority, 4).low);
  output.setU32(u.ingressIfindex, skb.get(skBuff.iif, 4).low);
  output.setU32(u.ifindex, LOOPBACK_IFINDEX);
  output.setU64(u.tstamp, skb.get(skBuff.tstamp, 8));
  output.bytes.set(skb.read(skBuff.cb + skbCb.data, u.cbEnd - u.cb), u.cb);
  output.setU32(u.wireLen, skb.get(skBuff.cb + skbCb.pktLen, 4).low);
  output.setU32(u.gsoSegs, head.get(end + sharedInfo.gsoSegs, 2).low);
  output.setU64(u.hwtstamp, head.get(end + sharedInfo.hwtstamps, 8));
}

function programType(kind: Kind): ProgramType {
  return {
    name: kind.name,
    contextBytes: uapiSkb.bytes,
    packetLoads: true,
    convert(access, endian) {
      const fields = fieldsOf(kind, endian);
      // The 8 bytes of a timestamp cannot be read in parts, and nothing is written in parts but cb.
      if (access.offset < 0 || access.offset >= uapiSkb.bytes) throw invalidAccess(access);
      return convertAccess(fields, access, endian === "be");
    },
    open: (memory, input) => open(kind, memory, input),
  };
}

export const socketFilter: ProgramType = programType(socketFilterKind);
export const schedCls: ProgramType = programType(schedClsKind);
