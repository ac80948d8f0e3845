/* examples/kfunc.c and examples/modules/ledger.c as one user program: what the BPF program returns for the lengths of the arguments,
 * one after the other on one ledger. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct __sk_buff {
	unsigned int len;
};
int kfunc(struct __sk_buff *skb);
int ledger_init(void);

int _printk(const char *fmt, ...)
{
	(void)fmt;
	return 0;
}

void bpf_rcu_read_lock(void)
{
}

void bpf_rcu_read_unlock(void)
{
}

int main(int argc, char **argv)
{
	int i;

	ledger_init();
	for (i = 1; i < argc; i++) {
		struct __sk_buff skb[64] = { { (unsigned int)atoi(argv[i]) } };

		printf("%u\n", (unsigned int)kfunc(skb));
	}
	return 0;
}
