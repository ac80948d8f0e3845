/* Global variables of all kinds and a hash map: what the loader relocates. */
#include "bpf.h"

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 32);
	MAP_TYPE(key, u32);
	MAP_TYPE(value, u64);
} lengths SEC(".maps");

u64 runs;                                                      /* .bss */
u32 largest;                                                   /* .bss */
u64 total = 1000000;                                           /* .data */
static u32 order[4] = {3, 1, 2, 0};                            /* .data */
const volatile u32 bucket_size = 64;                           /* .rodata */
static const volatile u32 weights[8] = {1, 3, 9, 27, 81, 243, 729, 2187}; /* .rodata */

SEC("socket") int counters(struct __sk_buff *skb)
{
	u32 length = skb->len, bucket = length / bucket_size;
	u64 first = 1, *count;

	runs++;
	total += length * weights[bucket & 7];
	if (length > largest)
		largest = length;
	/* turns the order by one place each time */
	u32 head = order[runs & 3];
	order[runs & 3] = order[(runs + 1) & 3];
	order[(runs + 1) & 3] = head;

	count = map_lookup_elem(&lengths, &bucket);
	if (!count) {
		map_update_elem(&lengths, &bucket, &first, BPF_ANY);
	} else if (++*count == 8) { /* a bucket that is full starts again */
		map_delete_elem(&lengths, &bucket);
	}
	return total ^ (head << 24) ^ largest;
}

char _license[] SEC("license") = "Dual MIT/GPL";
