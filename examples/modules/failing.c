/* An init that gives up in the middle: what it holds it gives back, the module does not stay. */
#include "kernel.h"

static void *held[8];

int init_module(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		held[i] = kmalloc((size_t)8 << i, GFP_KERNEL);
		if (!held[i])
			return -12;
	}
	printk(KERN_ERR "no device\n");
	while (i--)
		kfree(held[i]);
	return -19;
}
