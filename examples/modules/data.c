/* Global and static data: initialized, zero, read-only, and pointers from one to the other. */
#include "kernel.h"

int counter = 40;
long table[16];
static u8 bytes[300];
static const u32 squares[] = { 0, 1, 4, 9, 16, 25, 36, 49, 64, 81 };
static int *const where[] = { &counter, &counter };
static struct {
	const char *name;
	long *first;
	const u32 *numbers;
	char padding[3];
	u16 tail;
} record = { "record", &table[3], &squares[5], "ab", 0x1234 };
static const char *const words[] = { "alpha", "beta", "gamma", "delta" };
const char text[] = "a string of its own";

static noinline u64 mix(u64 sum, u64 value)
{
	return (sum ^ value) * 0x100000001b3UL;
}

int init_module(void)
{
	u64 sum = 0xcbf29ce484222325UL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		table[i] = (long)(i * i) - 50;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7 + bytes[i]);
	*where[0] += 2;
	record.first[1] = 1000;
	for (i = 0; i < ARRAY_SIZE(table); i++)
		sum = mix(sum, (u64)table[i]);
	for (i = 0; i < sizeof(bytes); i++)
		sum = mix(sum, bytes[i]);
	for (i = 0; i < ARRAY_SIZE(squares); i++)
		sum = mix(sum, squares[i]);
	for (i = 0; i < sizeof(text); i++)
		sum = mix(sum, (u8)text[i]);
	printk("%s %ld %u %s %x\n", record.name, record.first[1], record.numbers[2], record.padding, record.tail);
	printk("%s %s %s %s, counter %d, sum %lx\n", words[3], words[2], words[1], words[0], *where[1], sum);
	return (int)(sum >> 33) & 0x7fffffff;
}
