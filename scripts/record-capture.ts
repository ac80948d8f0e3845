// Records examples/frames.pcap: real traffic between two network namespaces of this machine over a veth pair.
// Needs root, tcpdump, iproute2, iputils-ping, netcat-openbsd, ethtool and clang; touches no other interface.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { capturedFrames } from "./examples.ts";

const LEFT = { namespace: "farcall-left", device: "left", v4: "192.0.2.1", v6: "2001:db8::1" };
const RIGHT = { namespace: "farcall-right", device: "right", v4: "192.0.2.2", v6: "2001:db8::2" };
type Side = typeof LEFT;

const scratch = mkdtempSync(join(tmpdir(), "farcall-capture-"));
const run = (command: string, ...args: readonly string[]): void => {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
};
const ip = (...args: readonly string[]): void => run("ip", ...args);
const inside = (side: Side, ...command: readonly string[]): void =>
  ip("netns", "exec", side.namespace, ...command);

function connect(): void {
  for (const side of [LEFT, RIGHT]) ip("netns", "add", side.namespace);
  ip(..."link add left netns farcall-left type veth peer name right netns farcall-right".split(" "));
  for (const side of [LEFT, RIGHT]) {
    inside(side, "ip", "addr", "add", `${side.v4}/24`, "dev", side.device);
    inside(side, "ip", "-6", "addr", "add", `${side.v6}/64`, "dev", side.device, "nodad");
    inside(side, "ip", "link", "set", side.device, "up");
    inside(side, "tc", "qdisc", "add", "dev", side.device, "clsact");
    offload(side, "off");
  }
}

/** Without offloads the sender computes checksums; with them the frames that a capture sees have unfinished ones. */
function offload(side: Side, state: "on" | "off"): void {
  for (const feature of ["tx", "tso", "gso", "gro"])
    inside(side, "ethtool", "-K", side.device, feature, feature === "tx" ? state : "off");
}

/** Every frame on the link carries these VLAN identifiers from now on. */
function tagLink(outer: number, inner: number): void {
  const object = join(scratch, `tags-${outer}-${inner}.o`);
  run(
    "clang",
    "-target",
    "bpf",
    "-O2",
    `-DOUTER=${outer}`,
    `-DINNER=${inner}`,
    "-c",
    "scripts/vlan-tags.c",
    "-o",
    object,
  );
  for (const side of [LEFT, RIGHT])
    for (const [hook, section] of [
      ["egress", "push"],
      ["ingress", "pop"],
    ] as const) {
      inside(side, "tc", "filter", "del", "dev", side.device, hook);
      const filter = ["tc", "filter", "add", "dev", side.device, hook];
      inside(side, ...filter, "bpf", "direct-action", "obj", object, "sec", section);
    }
}

/** One connection (TCP) or datagram (UDP): `length` bytes from left to right and back. */
async function exchange(
  protocol: "tcp" | "udp",
  address: string,
  port: number,
  length: number,
): Promise<void> {
  const flags = [...(protocol === "udp" ? ["-u"] : []), "-w", "2", "-q", "1"];
  const data = join(scratch, `data-${length}`);
  writeFileSync(data, Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 3) + length) & 0xff)));
  const file = `< ${data} > /dev/null`;
  const shell = (side: Side, line: string): Promise<void> =>
    new Promise((resolve) => {
      const child = spawn("ip", ["netns", "exec", side.namespace, "sh", "-c", line], { stdio: "ignore" });
      child.on("close", () => resolve());
    });
  const server = shell(RIGHT, `nc ${flags.join(" ")} -l ${address} ${port} ${file}`);
  await sleep(150);
  await Promise.all([shell(LEFT, `nc ${flags.join(" ")} ${address} ${port} ${file}`), server]);
}

async function traffic(port: number): Promise<void> {
  inside(LEFT, "ping", "-q", "-c", "2", "-i", "0.2", RIGHT.v4);
  inside(LEFT, "ping", "-q", "-c", "2", "-i", "0.2", RIGHT.v6);
  await exchange("tcp", RIGHT.v4, port, 2021);
  await exchange("tcp", RIGHT.v6, port + 1, 3333);
  await exchange("udp", RIGHT.v4, port + 2, 77);
}

/** A double-tagged TCP segment over IPv6 of middle length: it takes the longest way through xdp_parse.c. */
function isGoodExample(frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return (
    frame.length > 500 &&
    frame.length < 600 &&
    view.getUint16(12) === 0x88a8 &&
    view.getUint16(20) === 0x86dd &&
    frame[28] === 6
  );
}

try {
  connect();
  const file = join(scratch, "frames.pcap");
  const dump = spawn(
    "ip",
    `netns exec ${RIGHT.namespace} tcpdump -i ${RIGHT.device} -U -s 0 -w ${file}`.split(" "),
    { stdio: "ignore" },
  );
  await sleep(1000);
  await traffic(7000);
  inside(LEFT, "ping", "-q", "-c", "1", "-R", RIGHT.v4); // record route: an IPv4 header with options
  inside(LEFT, "ping", "-q", "-c", "1", "-s", "2000", RIGHT.v4); // fragments
  tagLink(100, 0);
  await traffic(7100);
  tagLink(200, 42);
  await traffic(7200);
  for (const side of [LEFT, RIGHT]) {
    for (const hook of ["egress", "ingress"]) inside(side, "tc", "filter", "del", "dev", side.device, hook);
    offload(side, "on");
  }
  await exchange("tcp", RIGHT.v4, 7300, 501); // checksums that a network card would have finished
  await sleep(500);
  dump.kill("SIGINT");
  await new Promise((resolve) => dump.on("close", resolve));
  const capture = readFileSync(file);
  writeFileSync("examples/frames.pcap", capture);
  console.log(`examples/frames.pcap: ${capture.length} bytes`);
  const frame = capturedFrames().find(isGoodExample);
  if (frame === undefined) throw new Error("no double-tagged TCP frame was captured");
  writeFileSync("examples/frame.bin", frame);
} finally {
  for (const side of [LEFT, RIGHT])
    try {
      ip("netns", "del", side.namespace);
    } catch {
      console.error(`namespace ${side.namespace} was not there`);
    }
  rmSync(scratch, { recursive: true });
}
