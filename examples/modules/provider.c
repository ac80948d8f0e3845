/* Offers functions and data to modules that are loaded after it; user.c is one. */
#include "kernel.h"
#include "module.h"

MODULE_NAME("provider");

long provided_total = 1000;
EXPORT_SYMBOL(provided_total);

static int (*observer)(long total, const char *why);

noinline long provided_add(long amount, const char *why)
{
	provided_total += amount;
	if (observer)
		provided_total += observer(provided_total, why);
	return provided_total;
}
EXPORT_SYMBOL(provided_add);

void provided_observe(int (*function)(long total, const char *why))
{
	observer = function;
}
EXPORT_SYMBOL(provided_observe);

/* Not exported, though it is global. */
int provider_secret(void)
{
	return 42;
}

int init_module(void)
{
	printk("provider: total %ld\n", provided_add(5, "init"));
	return 0;
}

void cleanup_module(void)
{
	printk("provider: gone with %ld\n", provided_total);
}
