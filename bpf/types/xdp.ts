// The xdp program type: struct xdp_md for the program, struct xdp_buff in guest memory, and the packet of a test run.
import type { KernelMemory } from "../memory.ts";
import { convertAccess, loadInsn, readWord, type ContextField, type Registers } from "./access.ts";
import { LOOPBACK_IFINDEX, netDevice, SHARED_INFO_BYTES } from "./net-device.ts";
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

/** Byte offsets. @linux include/net/xdp.h struct xdp_buff */
export const xdpBuff = {
  data: 0,
  dataEnd: 8,
  dataMeta: 16,
  dataHardStart: 24,
  rxq: 32,
  frameSize: 48,
  bytes: 56,
} as const;
/** @linux include/net/xdp.h struct xdp_rxq_info */
const rxqInfo = { dev: 0, queueIndex: 8, bytes: 64 } as const;
/** struct xdp_md as user space knows it [Linux 6.12 include/uapi/linux/bpf.h]. */
const xdpMd = {
  data: 0,
  dataEnd: 4,
  dataMeta: 8,
  ingressIfindex: 12,
  rxQueueIndex: 16,
  egressIfindex: 20,
  bytes: 24,
} as const;

const HEADROOM = 256;
const FRAME_BYTES = 4096;
/** Most packet bytes in one piece; the rest of a longer packet is out of the program's sight. */
const MOST_LINEAR = FRAME_BYTES - HEADROOM - SHARED_INFO_BYTES;
const MOST_FRAGMENTS = 17;
/** What fits the u8 of skb_shared_info.meta_len. */
const MOST_METADATA = 255;

type Load = ContextField["load"];
const pointer =
  (off: number): Load =>
  ({ dst, src }) => [loadInsn(8, dst, src, off)];
const ofQueue =
  (...rest: readonly (readonly [bytes: number, off: number])[]): Load =>
  ({ dst, src }: Registers) => [
    loadInsn(8, dst, src, xdpBuff.rxq),
    ...rest.map(([bytes, off]) => loadInsn(bytes, dst, dst, off)),
  ];

// egress_ifindex is for programs of a device map alone.
const fields: readonly ContextField[] = (
  [
    ["data", xdpMd.data, pointer(xdpBuff.data)],
    ["data_end", xdpMd.dataEnd, pointer(xdpBuff.dataEnd)],
    ["data_meta", xdpMd.dataMeta, pointer(xdpBuff.dataMeta)],
    ["ingress_ifindex", xdpMd.ingressIfindex, ofQueue([8, rxqInfo.dev], [4, netDevice.ifindex])],
    ["rx_queue_index", xdpMd.rxQueueIndex, ofQueue([4, rxqInfo.queueIndex])],
  ] as const
).map(([name, offset, load]) => ({ name, offset, load, bytes: 4, targetBytes: 4, permission: readWord }));

/** @linux net/bpf/test_run.c bpf_prog_test_run_xdp */
function open(memory: KernelMemory, { data, ctx }: TestInput): TestContext {
  checkPacket(data, MOST_LINEAR + MOST_FRAGMENTS * FRAME_BYTES);
  const md = ctx === undefined ? undefined : contextInput(ctx, xdpMd.bytes, memory.endian);
  const metadata = md === undefined ? 0 : checkContext(md, data.length);
  const structs = new GuestStructs(memory);
  const frame = structs.allocate(FRAME_BYTES);
  const device = structs.allocate(netDevice.bytes);
  device.set(netDevice.ifindex, 4, LOOPBACK_IFINDEX);
  const rxq = structs.allocate(rxqInfo.bytes);
  rxq.set(rxqInfo.dev, 8, device.address);
  const linear = data.subarray(0, MOST_LINEAR);
  const start = frame.address.add(HEADROOM - metadata);
  frame.write(HEADROOM - metadata, linear);
  const buff = structs.allocate(xdpBuff.bytes);
  buff.set(xdpBuff.data, 8, start.add(metadata));
  buff.set(xdpBuff.dataEnd, 8, start.add(linear.length));
  buff.set(xdpBuff.dataMeta, 8, start);
  buff.set(xdpBuff.dataHardStart, 8, frame.address);
  buff.set(xdpBuff.rxq, 8, rxq.address);
  buff.set(xdpBuff.frameSize, 4, FRAME_BYTES);
  return {
    address: buff.address,
    output: () => output(buff, frame, { rest: data.subarray(linear.length), md }),
    free: () => structs.free(),
  };
}

/**
 * In user space's structure `data` is where the packet starts behind the metadata, `data_end` where all data end.
 * @returns bytes of metadata
 * @linux net/bpf/test_run.c xdp_convert_md_to_buff
 */
function checkContext(md: HostStruct, dataBytes: number): number {
  const metadata = md.u32(xdpMd.data);
  const refuse = (what: string, errno: "EINVAL" | "ENODEV" = "EINVAL"): never => {
    throw new TestRunError(`context: ${what}`, errno);
  };
  if (md.u32(xdpMd.dataMeta) !== 0) refuse(`data_meta is ${md.u32(xdpMd.dataMeta)}, not 0`);
  if (md.u32(xdpMd.dataEnd) !== dataBytes) refuse(`data_end is ${md.u32(xdpMd.dataEnd)}, not ${dataBytes}`);
  if (metadata > dataBytes - ETH_HLEN || metadata % 4 !== 0 || metadata > MOST_METADATA)
    refuse(`data is ${metadata}: not possible`);
  if (md.u32(xdpMd.egressIfindex) !== 0) refuse("egress_ifindex is not 0");
  const [ifindex, queue] = [md.u32(xdpMd.ingressIfindex), md.u32(xdpMd.rxQueueIndex)];
  if (ifindex > LOOPBACK_IFINDEX) refuse(`no device ${ifindex}`, "ENODEV");
  if (queue !== 0) refuse(`no queue ${queue} of device ${ifindex}`);
  return metadata;
}

function output(
  buff: GuestStruct,
  frame: GuestStruct,
  { rest, md }: { readonly rest: Uint8Array; readonly md: HostStruct | undefined },
): ReturnType<TestContext["output"]> {
  const offset = (field: number): number => buff.get(field, 8).sub(frame.address).toNumber();
  const [meta, packet, end] = [offset(xdpBuff.dataMeta), offset(xdpBuff.data), offset(xdpBuff.dataEnd)];
  const data = Uint8Array.of(...frame.read(meta, end - meta), ...rest);
  md?.setU32(xdpMd.data, packet - meta);
  md?.setU32(xdpMd.dataEnd, data.length);
  return { data, ctx: md?.bytes };
}

/** @linux net/core/filter.c xdp_is_valid_access, xdp_convert_ctx_access */
export const xdp: ProgramType = {
  name: "xdp",
  contextBytes: xdpMd.bytes,
  packetLoads: false,
  convert: (access, endian) => convertAccess(fields, access, endian === "be"),
  open,
};
