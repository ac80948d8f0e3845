/* Pushes VLAN tags on what leaves an interface and pops them from what enters it: a kernel without 802.1Q devices
 * can still speak to itself over tagged links. Used by record-capture.ts alone, which defines OUTER and INNER. */
#include "../examples/bpf.h"

static long (*const skb_vlan_push)(struct __sk_buff *skb, u16 protocol, u16 tag) = (void *)18;
static long (*const skb_vlan_pop)(struct __sk_buff *skb) = (void *)19;

#define TC_ACT_OK 0

SEC("push") int push_tags(struct __sk_buff *skb)
{
	if (INNER)
		skb_vlan_push(skb, NET16(ETHERTYPE_VLAN), INNER);
	skb_vlan_push(skb, NET16(INNER ? ETHERTYPE_QINQ : ETHERTYPE_VLAN), OUTER);
	return TC_ACT_OK;
}

SEC("pop") int pop_tags(struct __sk_buff *skb)
{
	skb_vlan_pop(skb);
	if (INNER)
		skb_vlan_pop(skb);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual MIT/GPL";
