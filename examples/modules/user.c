/* Uses the functions and the data of provider.c, and is called back by it. */
#include "kernel.h"

extern long provided_total;
long provided_add(long amount, const char *why);
void provided_observe(int (*function)(long total, const char *why));

static int calls;
static const char *last;

static int seen(long total, const char *why)
{
	calls++;
	last = why;
	printk("user: %s makes %ld\n", why, total);
	return total % 2 ? 1 : 0;
}

/* A pointer to another module's function, in data. */
static long (*const add)(long, const char *) = provided_add;

int init_module(void)
{
	provided_observe(seen);
	provided_add(10, "ten");
	add(6, "six");
	provided_total -= 500;
	return (int)add(0, "nothing") * 10 + calls;
}

void cleanup_module(void)
{
	provided_observe(NULL);
	printk("user: %d calls, the last for %s\n", calls, last);
}
