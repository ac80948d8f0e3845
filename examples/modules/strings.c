/* memcpy and its kin, with overlaps and odd lengths, strings, snprintf. */
#include "kernel.h"

static char buffer[256];

static noinline u32 checksum(const void *p, size_t n)
{
	const u8 *b = p;
	u32 sum = 1;

	while (n--)
		sum = sum * 33 + *b++;
	return sum;
}

int init_module(void)
{
	char line[40];
	char *copy;
	int length;
	size_t i;

	for (i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i * 3 + 1);
	for (i = 0; i < 20; i++)
		memmove(buffer + i * 5, buffer + i * 4 + 3, i * 3 + 1);
	printk("moved %x\n", checksum(buffer, sizeof(buffer)));
	for (i = 0; i < 20; i++)
		memcpy(buffer + i, buffer + 128 + i * 2, i);
	printk("copied %x\n", checksum(buffer, sizeof(buffer)));
	for (i = 0; i < 12; i++)
		memset(buffer + i * 21, (int)i + 0x140, i * 2);
	printk("set %x\n", checksum(buffer, sizeof(buffer)));
	printk("compared %d %d %d\n", memcmp("abc", "abd", 3) < 0, memcmp("\x80", "\x01", 1) > 0,
	       memcmp(buffer, buffer, 100));
	printk("%lu %d %d %d\n", strlen("length"), strcmp("abc", "abcd") < 0, strcmp("same", "same"),
	       strncmp("abcdef", "abcxyz", 3));
	length = snprintf(line, sizeof(line), "%s=%d;%08lx;%c", "value", -77, 0xabcdefUL, '#');
	printk("[%s] %d %s\n", line, length, strchr(line, ';'));
	length = snprintf(line, 8, "%s", "cut off here");
	printk("[%s] %d\n", line, length);
	copy = kmalloc(64, GFP_KERNEL);
	if (!copy)
		return -12;
	strcpy(copy, "from the heap");
	printk("%s %s\n", copy, strchr(copy, 'z') ? "z" : "no z");
	length = (int)checksum(copy, strlen(copy)) & 0xffff;
	kfree(copy);
	return length;
}
