/* Function pointers both ways: the kernel calls functions of the module, the module calls the kernel's by pointers. */
#include "kernel.h"

struct entry {
	u32 key;
	u16 weight;
	const char *name;
};

static struct entry entries[] = {
	{ 40, 1, "forty" }, { 7, 2, "seven" }, { 99, 3, "ninety-nine" }, { 1, 4, "one" },
	{ 63, 5, "sixty-three" }, { 12, 6, "twelve" }, { 28, 7, "twenty-eight" }, { 5, 8, "five" },
};

static unsigned long swaps_done;

static int by_key(const void *a, const void *b)
{
	u32 x = ((const struct entry *)a)->key, y = ((const struct entry *)b)->key;

	return x < y ? -1 : x > y;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void swap_entries(void *a, void *b, int size)
{
	struct entry t = *(struct entry *)a;

	if (size != sizeof(t))
		printk("wrong size %d\n", size);
	*(struct entry *)a = *(struct entry *)b;
	*(struct entry *)b = t;
	swaps_done++;
}

static int as_number(const void *key, const void *element)
{
	return (int)*(const u32 *)key - (int)((const struct entry *)element)->key;
}

/* Pointers to kernel functions, in data and out of reach of a direct branch. */
static int (*volatile speak)(const char *fmt, ...) = _printk;
static size_t (*const measures[])(const char *) = { strlen, NULL };

static noinline void show(const char *title)
{
	size_t i;

	speak("%s:", title);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		speak(KERN_CONT " %u=%s(%u)", entries[i].key, entries[i].name, entries[i].weight);
	speak(KERN_CONT "\n");
}

int init_module(void)
{
	u32 wanted[] = { 28, 29, 1, 99, 100 };
	int found = 0;
	size_t i;

	sort(entries, ARRAY_SIZE(entries), sizeof(entries[0]), by_name, NULL);
	show("by name");
	sort(entries, ARRAY_SIZE(entries), sizeof(entries[0]), by_key, swap_entries);
	show("by key");
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct entry *e = bsearch(&wanted[i], entries, ARRAY_SIZE(entries), sizeof(entries[0]), as_number);

		printk("%u: %s\n", wanted[i], e ? e->name : "nothing");
		if (e)
			found += (int)(e - entries) * 10 + (int)measures[0](e->name);
	}
	return measures[1] == NULL ? found : -1;
}
