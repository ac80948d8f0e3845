/* The few definitions that the examples need, written for them: sections, maps, helpers, contexts, packet headers.
 * Not a copy of any system's header; names of fields that a loader or a kernel reads are theirs. */
#ifndef FARCALL_EXAMPLES_BPF_H
#define FARCALL_EXAMPLES_BPF_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))
#define INLINE inline __attribute__((always_inline))

/* BTF-defined maps: a number is the length of an array type, a type is the target of a pointer. */
#define MAP_NUMBER(name, n) int(*name)[n]
#define MAP_TYPE(name, type) type *name
#define BPF_MAP_TYPE_HASH 1
#define BPF_MAP_TYPE_ARRAY 2

static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const map_update_elem)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const map_delete_elem)(void *map, const void *key) = (void *)3;
static s64 (*const csum_diff)(const void *from, u32 from_size, const void *to, u32 to_size, u32 seed) = (void *)28;

#define BPF_ANY 0
#define BPF_NOEXIST 1

/* Values in network byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET16(x) ((u16)__builtin_bswap16(x))
#else
#define NET16(x) ((u16)(x))
#endif

enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };

struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

/* The first fields of the context of socket filters and of tc programs. */
struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
	u32 ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
};

struct ethernet {
	u8 destination[6], source[6];
	u16 type;
} __attribute__((packed));
struct vlan_tag {
	u16 control, type;
};
struct ipv4 {
	u8 version_ihl, tos;
	u16 total_length, id, fragment;
	u8 ttl, protocol;
	u16 checksum;
	u32 source, destination;
};
struct ipv6 {
	u32 version_class_flow;
	u16 payload_length;
	u8 next_header, hop_limit;
	u32 source[4], destination[4];
};
struct tcp {
	u16 source, destination;
	u32 sequence, acknowledgment;
	u8 offset, flags;
	u16 window, checksum, urgent;
};

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_QINQ 0x88a8
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMPV6 58

#endif
