/* Parses Ethernet, up to two VLAN tags, IPv4 or IPv6, and TCP; verifies both checksums; counts what it saw.
 * A TCP segment or an IPv4 header with a wrong checksum is dropped, an ICMP echo is sent back with its Ethernet
 * addresses exchanged, everything else passes. */
#include "bpf.h"

enum verdict { NOT_IP, IPV4_BAD_HEADER, IPV4_OTHER, IPV6_OTHER, TCP_GOOD, TCP_BAD, ECHO, TRUNCATED, VERDICTS };

struct counter {
	u64 packets;
	u64 bytes;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, VERDICTS);
	MAP_TYPE(key, u32);
	MAP_TYPE(value, struct counter);
} verdicts SEC(".maps");

struct tagged {
	u16 vlan;  /* outer VLAN identifier, 0 without a tag */
	u16 inner; /* inner VLAN identifier */
	u8 version, protocol;
	u16 port; /* TCP destination port, else 0 */
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 64);
	MAP_TYPE(key, struct tagged);
	MAP_TYPE(value, u64);
} flows SEC(".maps");

static INLINE u16 swap16(u16 x)
{
	return NET16(x);
}

/* The 16-bit words from `at` on, `length` bytes of them, added to `sum`. Global, so that a kernel verifies it once. */
NOINLINE u64 add_words(struct xdp_md *ctx, u32 offset, u32 length, u64 sum)
{
	void *end = (void *)(long)ctx->data_end;
	u8 *at = (void *)(long)ctx->data;
	u32 done;

	if (offset > 128 || length > 1600)
		return ~0ull;
	at += offset;
	for (done = 0; done < 1600; done += 2) {
		if (done + 2 > length)
			break;
		if (at + done + 2 > (u8 *)end)
			return ~0ull;
		sum += *(u16 *)(at + done);
	}
	if (length & 1) {
		if (at + done + 1 > (u8 *)end)
			return ~0ull;
		sum += NET16((u16)(at[done] << 8));
	}
	return sum;
}

static INLINE u16 fold(u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

static INLINE enum verdict parse(struct xdp_md *ctx, struct tagged *seen)
{
	void *end = (void *)(long)ctx->data_end, *start = (void *)(long)ctx->data;
	struct ethernet *eth = start;
	u32 offset = sizeof *eth, length;
	u64 sum;
	u16 type;

	if ((void *)(eth + 1) > end)
		return TRUNCATED;
	type = eth->type;
#pragma clang loop unroll(full)
	for (int depth = 0; depth < 2; depth++) {
		struct vlan_tag *tag = start + offset;
		if (type != NET16(ETHERTYPE_VLAN) && type != NET16(ETHERTYPE_QINQ))
			break;
		if ((void *)(tag + 1) > end)
			return TRUNCATED;
		if (depth == 0)
			seen->vlan = swap16(tag->control) & 0xfff;
		else
			seen->inner = swap16(tag->control) & 0xfff;
		type = tag->type;
		offset += sizeof *tag;
	}
	if (type == NET16(ETHERTYPE_IPV4)) {
		struct ipv4 *ip = start + offset;
		u32 header;
		if ((void *)(ip + 1) > end)
			return TRUNCATED;
		seen->version = 4;
		seen->protocol = ip->protocol;
		header = (ip->version_ihl & 15) * 4;
		length = swap16(ip->total_length);
		if (header < sizeof *ip || length < header)
			return IPV4_BAD_HEADER;
		sum = header == sizeof *ip ? csum_diff(0, 0, (void *)ip, sizeof *ip, 0) : add_words(ctx, offset, header, 0);
		if (fold(sum) != 0xffff)
			return IPV4_BAD_HEADER;
		if (ip->protocol == PROTOCOL_ICMP) {
			u8 *icmp = start + offset + sizeof *ip;
			if (header == sizeof *ip && (void *)(icmp + 1) <= end && *icmp == 8)
				return ECHO;
		}
		if (ip->protocol != PROTOCOL_TCP || (ip->fragment & NET16(0x3fff)))
			return IPV4_OTHER;
		length -= header;
		sum = (u64)ip->source + ip->destination;
		offset += header;
	} else if (type == NET16(ETHERTYPE_IPV6)) {
		struct ipv6 *ip = start + offset;
		if ((void *)(ip + 1) > end)
			return TRUNCATED;
		seen->version = 6;
		seen->protocol = ip->next_header;
		offset += sizeof *ip;
		length = swap16(ip->payload_length);
		if (ip->next_header == PROTOCOL_ICMPV6) {
			u8 *icmp = (u8 *)(ip + 1);
			if ((void *)(icmp + 1) <= end && *icmp == 128)
				return ECHO;
		}
		if (ip->next_header != PROTOCOL_TCP)
			return IPV6_OTHER;
		sum = 0;
#pragma clang loop unroll(full)
		for (int i = 0; i < 4; i++)
			sum += (u64)ip->source[i] + ip->destination[i];
	} else {
		return NOT_IP;
	}
	/* TCP, with the pseudo header: protocol and length as network-order words */
	sum += NET16(PROTOCOL_TCP) + (u64)swap16(length);
	if (offset > 128)
		return TRUNCATED;
	struct tcp *tcp = start + offset;
	if ((void *)(tcp + 1) > end)
		return TRUNCATED;
	seen->port = swap16(tcp->destination);
	return fold(add_words(ctx, offset, length, sum)) == 0xffff ? TCP_GOOD : TCP_BAD;
}

static INLINE void exchange_addresses(struct xdp_md *ctx)
{
	struct ethernet *eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return;
	for (int i = 0; i < 6; i++) {
		u8 byte = eth->source[i];
		eth->source[i] = eth->destination[i];
		eth->destination[i] = byte;
	}
}

SEC("xdp") int xdp_parse(struct xdp_md *ctx)
{
	struct tagged seen = {};
	u32 verdict = parse(ctx, &seen);
	struct counter *counter = map_lookup_elem(&verdicts, &verdict);
	u64 one = 1, *count;

	if (counter) {
		counter->packets++;
		counter->bytes += ctx->data_end - ctx->data;
	}
	count = map_lookup_elem(&flows, &seen);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		map_update_elem(&flows, &seen, &one, BPF_NOEXIST);
	if (verdict == ECHO) {
		exchange_addresses(ctx);
		return XDP_TX;
	}
	return verdict == TCP_BAD || verdict == IPV4_BAD_HEADER || verdict == TRUNCATED ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
