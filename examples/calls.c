/* Functions that call each other five deep, each with a frame of its own: what the question of far calls is about.
 * The result depends on the packet's bytes, on every argument register and on every frame. */
#include "bpf.h"

NOINLINE u64 mix(u64 a, u64 b)
{
	volatile u64 kept[2] = {a * 0x9e3779b97f4a7c15ull, b ^ 0xc2b2ae3d27d4eb4full};
	return kept[0] + kept[1] + (kept[0] >> 29);
}

static NOINLINE u64 turn(u64 a, u64 b, u32 by)
{
	volatile u64 mine = a;
	u64 mixed = mix(a, b);
	by &= 63;
	return ((mixed << by) | (mixed >> ((64 - by) & 63))) ^ mine;
}

static NOINLINE u64 divide(s64 a, u64 b, u32 by, u64 modulus)
{
	volatile u64 mine[3] = {b, modulus, by};
	u64 turned = turn(a, b, by);
	return turned / (modulus | 1) + turned % (mine[1] | 3) + mine[0] + (u32)mine[2];
}

static NOINLINE u64 choose(u64 a, u64 b, u32 by, u64 modulus, u64 seed)
{
	volatile u64 mine = seed;
	u64 divided = divide(a, b, by, modulus);
	if ((s64)divided < 0 && (u32)divided > 0x80000000u)
		divided = ~divided;
	return divided * mine + (divided >> 7);
}

static NOINLINE u64 digest(struct __sk_buff *skb, u64 seed)
{
	u8 *at = (void *)(long)skb->data;
	u8 *end = (void *)(long)skb->data_end;
	volatile u64 mine = seed;

	if (at + 14 > end)
		return 0;
	for (u32 i = 0; i < 12; i += 4)
		mine = choose(mine, (u64)at[i] << 56 | at[i + 1] << 8 | at[13 - i], at[i + 2], skb->len, seed + i);
	return mine;
}

SEC("tc") int calls(struct __sk_buff *skb)
{
	u64 value = digest(skb, 0x0123456789abcdefull);
	return value ^ (value >> 32);
}

char _license[] SEC("license") = "Dual MIT/GPL";
