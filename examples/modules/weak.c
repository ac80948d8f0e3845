/* Weak symbols that nobody has, and that somebody has. */
#include "kernel.h"

extern int nobody_has_this(int) __attribute__((weak));
extern int nor_this_variable __attribute__((weak));
__attribute__((weak)) noinline int overridable(int n)
{
	return n * 2;
}
int alias_of(int n) __attribute__((alias("overridable")));
extern __typeof__(_printk) _printk __attribute__((weak));

int init_module(void)
{
	int result = 0;

	if (nobody_has_this)
		result += nobody_has_this(1);
	if (&nor_this_variable)
		result += nor_this_variable;
	if (_printk)
		_printk("printk is there\n");
	return result + overridable(20) + alias_of(1);
}
