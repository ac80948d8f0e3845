/* What the example modules need of a kernel; in user mode test/modules/user.c has the same. */
#ifndef EXAMPLE_KERNEL_H
#define EXAMPLE_KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;
typedef unsigned long size_t;
#define NULL ((void *)0)

/* printk has another name since 5.15; kernel text has both. */
int _printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define printk _printk
#define KERN_ERR "\0013"
#define KERN_INFO "\0016"
/* Goes on with the line before. */
#define KERN_CONT "\001c"

int snprintf(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void *__kmalloc(size_t size, unsigned int flags);
#define kmalloc __kmalloc
void kfree(const void *p);
#define GFP_KERNEL 0xcc0u

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strcpy(char *to, const char *from);
char *strchr(const char *s, int c);

/* Sizes are size_t: on this ABI an unsigned int would do as well. */
void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int));
void *bsearch(const void *key, const void *base, size_t num, size_t size,
	      int (*cmp)(const void *, const void *));

/* init_module returns what is compared; the user-mode harness gives each module's a name of its own. */
int init_module(void);
void cleanup_module(void);

#define noinline __attribute__((noinline))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
