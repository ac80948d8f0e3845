/* Calls functions of a kernel module, modules/ledger.c, and two of the kernel's own. Needs the module:
 *   farcall run examples/kfunc.el.o --layout radix64k-6.12 --with examples/modules/ledger.le.o */
#include "bpf.h"

#define __ksym __attribute__((section(".ksyms")))

struct ledger_entry {
	u64 amount;
	u32 account;
	short fee;
	u16 posts;
};

extern s64 ledger_post(u32 account, int amount, short fee, u8 kind) __ksym;
extern int ledger_read(struct ledger_entry *entry) __ksym;
extern u64 ledger_digest(const void *data, u32 data__sz) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

static NOINLINE u64 post(u32 account, u32 amount)
{
	s64 total = ledger_post(account, -(int)amount, (short)(amount * 700), (u8)(account + 250));
	return (u64)total ^ (u64)total >> 29;
}

SEC("tc") int kfunc(struct __sk_buff *skb)
{
	struct ledger_entry entry = {.account = skb->len, .fee = -9};
	u8 bytes[12] = {1, 2, 3, 250};
	u64 sum = skb->len;

	for (u32 i = 0; i < 6; i++)
		sum = sum * 33 + post(skb->len + i, 100 * i + (u32)sum % 50);
	bpf_rcu_read_lock();
	sum += (u64)ledger_read(&entry) * 5;
	bpf_rcu_read_unlock();
	sum = sum * 33 + entry.amount + entry.posts;
	bytes[4] = (u8)skb->len;
	sum = sum * 33 + ledger_digest(bytes, sizeof(bytes));
	return (int)(sum ^ sum >> 32);
}

char _license[] SEC("license") = "GPL";
