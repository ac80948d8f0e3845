/*
 * What the example modules (examples/modules/kernel.h) expect of a kernel, in user mode: their inits run in the order of INITS,
 * their exits backwards, and what they print and return goes to standard output.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int line_open;

int _printk(const char *fmt, ...)
{
	static char text[1024];
	va_list args;
	int n, goes_on = 0;

	for (; fmt[0] == '\001' && fmt[1]; fmt += 2)
		goes_on = fmt[1] == 'c';
	if (line_open && !goes_on)
		putchar('\n');
	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fputs(text, stdout);
	line_open = *text && text[strlen(text) - 1] != '\n';
	return n;
}

void *__kmalloc(size_t size, unsigned int flags)
{
	(void)flags;
	return calloc(1, size);
}

void kfree(const void *p)
{
	free((void *)p);
}

void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	size_t i, j;

	if (!swap) {
		qsort(base, num, size, cmp);
		return;
	}
	for (i = 1; i < num; i++)
		for (j = i; j > 0 && cmp((char *)base + (j - 1) * size, (char *)base + j * size) > 0; j--)
			swap((char *)base + (j - 1) * size, (char *)base + j * size, (int)size);
}

/* The one's complement sum, as RFC 1071 has it. */
long bpf_csum_diff(unsigned int *from, unsigned int from_size, unsigned int *to, unsigned int to_size, unsigned int seed)
{
	unsigned long sum = seed;

	for (; from_size; from_size -= 4)
		sum += ~*from++;
	for (; to_size; to_size -= 4)
		sum += *to++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (long)sum;
}

unsigned int bpf_get_smp_processor_id(void)
{
	return 0;
}

#define MODULE(name)                                                                                       \
	int name##_init(void);                                                                             \
	void name##_exit(void) __attribute__((weak));
MODULES
#undef MODULE

static const struct {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
} modules[] = {
#define MODULE(name) { #name, name##_init, name##_exit },
	MODULES
#undef MODULE
};

int main(void)
{
	int result[sizeof(modules) / sizeof(modules[0])];
	int i;

	for (i = 0; i < (int)(sizeof(modules) / sizeof(modules[0])); i++) {
		printf("== %s\n", modules[i].name);
		result[i] = modules[i].init();
		printf("== returned %d\n", result[i]);
	}
	while (i--)
		if (result[i] >= 0 && modules[i].exit) {
			printf("== %s exit\n", modules[i].name);
			modules[i].exit();
		}
	return 0;
}
