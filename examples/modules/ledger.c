/* Functions for BPF programs; ../kfunc.c calls them. All that they know is in data of the module's own, so that whoever calls them
 * with another TOC gets other numbers; and they count on narrow arguments being extended, as the ABI has it. */
#include "kernel.h"
#include "kfunc.h"

struct ledger_entry {
	u64 amount;
	u32 account;
	short fee;
	u16 posts;
};

static s64 totals[4] = { 1000, 20000, 300000, 4000000 };
static const s64 weights[4] = { 3, -5, 7, 11 };
static u32 posts;

/* Takes numbers of every width and sign. */
s64 ledger_post(u32 account, int amount, short fee, u8 kind)
{
	s64 *total = &totals[account & 3];

	*total += weights[kind & 3] * amount - fee + (s64)account * 16 + kind;
	posts++;
	return *total;
}

/* Fills in a structure of the program's. */
int ledger_read(struct ledger_entry *entry)
{
	char text[24];

	entry->amount = (u64)totals[entry->account & 3] - (u64)entry->fee;
	entry->posts = (u16)posts;
	/* A function of the kernel's: a stub saves this module's TOC, and it comes back. */
	return snprintf(text, sizeof(text), "%lu", entry->amount) + text[0] + (int)weights[0];
}

/* Takes memory with its length, as the second parameter's name says. */
u64 ledger_digest(const void *data, u32 data__sz)
{
	u8 copy[16];
	u64 sum = (u64)posts;
	u32 i;

	if (data__sz > sizeof(copy))
		return 0;
	memcpy(copy, data, data__sz);
	for (i = 0; i < data__sz; i++)
		sum = sum * 31 + copy[i] * (u64)weights[i & 3];
	return sum;
}

/* In no set: programs may not call it, though everybody could. */
u64 ledger_secret(void)
{
	return 42;
}

BTF_KFUNCS_START(ledger_functions)
BTF_KFUNC(ledger_post, 0)
BTF_KFUNC(ledger_read, 0)
BTF_KFUNC(ledger_digest, 0)
BTF_KFUNCS_END(ledger_functions);

static const struct btf_kfunc_id_set for_programs = { NULL, &ledger_functions, NULL };

int init_module(void)
{
	static const enum bpf_prog_type types[] = { BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_XDP };
	int error = 0;
	size_t i;

	for (i = 0; register_btf_kfunc_id_set && !error && i < ARRAY_SIZE(types); i++)
		error = register_btf_kfunc_id_set(types[i], &for_programs);
	printk("ledger: %ld %ld %ld %ld\n", totals[0], totals[1], totals[2], totals[3]);
	return error;
}

void cleanup_module(void)
{
	printk("ledger: %u posts\n", posts);
}
