/* BPF's helpers, called by a module: an Internet checksum kept up to date. */
#include "kernel.h"

s64 bpf_csum_diff(u32 *from, u32 from_size, u32 *to, u32 to_size, u32 seed);
u32 bpf_get_smp_processor_id(void);

static u8 header[] __attribute__((aligned(4))) = {
	0x45, 0x00, 0x00, 0x54, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x01,
	0x00, 0x00, 0xac, 0x10, 0x0a, 0x63, 0xac, 0x10, 0x0a, 0x0c,
};

/* In network order, whatever the machine's. */
static noinline u16 finish(s64 sum)
{
	u32 v = (u32)sum;

	v = (v & 0xffff) + (v >> 16);
	v = ~(v + (v >> 16)) & 0xffff;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = (v >> 8 | v << 8) & 0xffff;
#endif
	return (u16)v;
}

int init_module(void)
{
	u32 old, *source = (u32 *)(header + 12);
	u16 whole, changed, again;
	s64 sum;

	sum = bpf_csum_diff(NULL, 0, (u32 *)header, sizeof(header), 0);
	whole = finish(sum);
	old = *source;
	header[15] = 1;
	changed = finish(bpf_csum_diff(&old, 4, source, 4, (u32)sum));
	again = finish(bpf_csum_diff(NULL, 0, (u32 *)header, sizeof(header), 0));
	printk("checksum %04x, then %04x, from the start %04x, on processor %u\n", whole, changed, again,
	       bpf_get_smp_processor_id());
	return changed == again ? whole : -22;
}
