/* printk with every conversion that the other examples use, and with more arguments than registers hold. */
#include "kernel.h"

static const char *const names[] = { "zero", "one", "two", "three" };

int init_module(void)
{
	s64 least = -0x7fffffffffffffffL - 1;

	printk(KERN_INFO "hello, %s\n", "world");
	printk("%d %i %u %x %X %o\n", -5, 123456789, 4000000000u, 0xbeefu, 0xbeefu, 8u);
	printk("%ld %lu %lx %lld %llx\n", least, ~0UL, 0x123456789abcdef0UL, -1LL, 0xfedcba9876543210ULL);
	printk("[%5d] [%-5d] [%05d] [%+d] [%#x] [%8.3s] [%-8s] [%.2s]\n", 42, 42, 42, 42, 255u, "abcdef", "ab",
	       "xyz");
	printk("%c%c%c %% %*d\n", 'a', 'b', 'c', 6, 77);
	printk("%d %d %d %d %d %d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	printk("%s %s %s %s %s %lx %d %s %c %lu\n", names[0], names[1], names[2], names[3], "four", 5UL, 6,
	       names[3], '!', 1UL << 40);
	printk(KERN_ERR "%hhu %hd %zu\n", (u8)200, (short)-3, sizeof(names));
	return (int)ARRAY_SIZE(names);
}

void cleanup_module(void)
{
	printk(KERN_INFO "good bye\n");
}
