// Which program type a section name means, as libbpf has it.
import type { ProgType } from "./types.ts";

// Names that have types: the longest that a section name starts with decides. [libbpf 1.4 section_defs]
const prefixes: readonly (readonly [string, ProgType])[] = [
  ["socket", "socket_filter"],
  ["sk_reuseport", "sk_reuseport"],
  ["kprobe", "kprobe"],
  ["kretprobe", "kprobe"],
  ["uprobe", "kprobe"],
  ["uretprobe", "kprobe"],
  ["ksyscall", "kprobe"],
  ["kretsyscall", "kprobe"],
  ["usdt", "kprobe"],
  ["tc", "sched_cls"],
  ["classifier", "sched_cls"],
  ["netkit", "sched_cls"],
  ["action", "sched_act"],
  ["tracepoint", "tracepoint"],
  ["tp", "tracepoint"],
  ["raw_tracepoint", "raw_tracepoint"],
  ["raw_tp", "raw_tracepoint"],
  ["raw_tracepoint.w", "raw_tracepoint_writable"],
  ["raw_tp.w", "raw_tracepoint_writable"],
  ["tp_btf", "tracing"],
  ["fentry", "tracing"],
  ["fexit", "tracing"],
  ["fmod_ret", "tracing"],
  ["iter", "tracing"],
  ["freplace", "ext"],
  ["lsm", "lsm"],
  ["syscall", "syscall"],
  ["xdp", "xdp"],
  ["perf_event", "perf_event"],
  ["lwt_in", "lwt_in"],
  ["lwt_out", "lwt_out"],
  ["lwt_xmit", "lwt_xmit"],
  ["lwt_seg6local", "lwt_seg6local"],
  ["sockops", "sock_ops"],
  ["sk_skb", "sk_skb"],
  ["sk_msg", "sk_msg"],
  ["lirc_mode2", "lirc_mode2"],
  ["flow_dissector", "flow_dissector"],
  ["cgroup_skb", "cgroup_skb"],
  ["cgroup/skb", "cgroup_skb"],
  ["cgroup/sock", "cgroup_sock"],
  ["cgroup/post_bind", "cgroup_sock"],
  ["cgroup/dev", "cgroup_device"],
  ["cgroup/bind", "cgroup_sock_addr"],
  ["cgroup/connect", "cgroup_sock_addr"],
  ["cgroup/sendmsg", "cgroup_sock_addr"],
  ["cgroup/recvmsg", "cgroup_sock_addr"],
  ["cgroup/getpeername", "cgroup_sock_addr"],
  ["cgroup/getsockname", "cgroup_sock_addr"],
  ["cgroup/sysctl", "cgroup_sysctl"],
  ["cgroup/getsockopt", "cgroup_sockopt"],
  ["cgroup/setsockopt", "cgroup_sockopt"],
  ["struct_ops", "struct_ops"],
  ["sk_lookup", "sk_lookup"],
  ["netfilter", "netfilter"],
];

/** Type of the programs in a section, or `unspec` where the name says none. A `?` in front, "load on demand", is skipped. */
export function progTypeOfSection(section: string): ProgType {
  const name = section.startsWith("?") ? section.slice(1) : section;
  let best: readonly [string, ProgType] = ["", "unspec"];
  for (const row of prefixes) if (name.startsWith(row[0]) && row[0].length > best[0].length) best = row;
  return best[1];
}
