/* Compares the functions of kernel text, whose names begin with our_ here, with those of the C library on random inputs, and the
   checksums with their definition. Run by kernel-text.qemu.test.ts on another machine than farcall's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *our_memcpy(void *, const void *, size_t);
void *our_memmove(void *, const void *, size_t);
void *our_memset(void *, int, size_t);
int our_memcmp(const void *, const void *, size_t);
void *our_memchr(const void *, int, size_t);
size_t our_strlen(const char *);
size_t our_strnlen(const char *, size_t);
int our_strcmp(const char *, const char *);
int our_strncmp(const char *, const char *, size_t);
char *our_strcpy(char *, const char *);
char *our_strncpy(char *, const char *, size_t);
char *our_strcat(char *, const char *);
char *our_strncat(char *, const char *, size_t);
char *our_strstr(const char *, const char *);
long our_strscpy(char *, const char *, size_t);
char *our_strchr(const char *, int);
char *our_strrchr(const char *, int);
uint32_t our_csum_partial(const void *, int, uint32_t);
uint16_t our_ip_fast_csum(const void *, unsigned);
uint16_t our_csum_ipv6_magic(const void *, const void *, uint32_t, uint8_t, uint32_t);

#define ROOM 512
static unsigned char a[ROOM], b[ROOM], was[ROOM];
static int round_;

static unsigned below(unsigned n)
{
	static uint64_t state = 1;
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % n;
}

static void check(int ok, const char *what)
{
	if (ok)
		return;
	printf("%s differs in round %d\n", what, round_);
	exit(1);
}

static int sign(long n) { return (n > 0) - (n < 0); }

static void noise(unsigned letters)
{
	for (int i = 0; i < ROOM; i++)
		was[i] = letters == 256 ? below(256) : below(letters) == 0 ? 0 : 0xdf + below(letters);
	memcpy(a, was, ROOM);
	memcpy(b, was, ROOM);
}

static void same(const char *what) { check(memcmp(a, b, ROOM) == 0, what); }

static uint32_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* 16-bit words as the machine reads them; an odd byte comes first in its word. */
static uint64_t words(const unsigned char *at, int bytes)
{
	uint64_t sum = 0;
	for (int i = 0; i < bytes; i += 2) {
		unsigned char two[2] = { at[i], i + 1 < bytes ? at[i + 1] : 0 };
		uint16_t word;
		memcpy(&word, two, 2);
		sum += word;
	}
	return sum;
}

static void memory(void)
{
	unsigned to = below(200), from = below(200), n = below(200);
	noise(256);
	check(our_memmove(a + to, a + from, n) == a + to, "memmove");
	memmove(b + to, b + from, n);
	same("memmove");
	to = below(50), from = 256 + below(50);
	check(our_memcpy(a + to, a + from, n) == a + to, "memcpy");
	memcpy(b + to, b + from, n);
	same("memcpy");
	check(our_memset(a + to, from, n) == a + to, "memset");
	memset(b + to, from, n);
	same("memset");
	to = below(200);
	memcpy(a + 256, a + to, n);
	a[256 + below(200)] ^= below(2);
	check(sign(our_memcmp(a + 256, a + to, n)) == sign(memcmp(a + 256, a + to, n)), "memcmp");
	check(our_memchr(a + to, from, n) == memchr(a + to, from, n), "memchr");
}

static void strings(void)
{
	char *x = (char *)a + below(60), *y = (char *)a + 128 + below(60);
	unsigned n = below(20);
	noise(2 + below(12));
	a[100] = b[100] = a[220] = b[220] = a[300] = b[300] = 0;
	check(our_strlen(x) == strlen(x) && our_strnlen(x, n) == strnlen(x, n), "strlen");
	check(sign(our_strcmp(x, y)) == sign(strcmp(x, y)), "strcmp");
	check(sign(our_strncmp(x, y, n)) == sign(strncmp(x, y, n)), "strncmp");
	check(our_strchr(x, *y) == strchr(x, *y) && our_strrchr(x, *y) == strrchr(x, *y), "strchr");
	x = (char *)a + 300;
	char *z = (char *)b + 300;
	check(our_strncpy(x, y, n) == x, "strncpy");
	strncpy(z, y, n);
	same("strncpy");
	check(our_strcpy(x, y) == x, "strcpy");
	strcpy(z, y);
	same("strcpy");
	check(our_strcat(x, y) == x, "strcat");
	strcat(z, y);
	same("strcat");
	x[-1] = z[-1] = x[9] = z[9] = 0;
	check(our_strncat(x, y, n) == x, "strncat");
	strncat(z, y, n);
	same("strncat");
	y[2] = b[y - (char *)a + 2] = 0;
	check(our_strstr(x, y) == strstr(x, y), "strstr");
	long length = our_strscpy(x, y, n);
	if (n > 0)
		snprintf(z, n, "%s", y);
	check(length == (strlen(y) < n ? (long)strlen(y) : -7), "strscpy");
	same("strscpy");
}

static void checksums(void)
{
	unsigned at = below(16), n = below(300);
	uint32_t sum = below(1u << 31) * 2 + below(2);
	noise(256);
	check(folded(our_csum_partial(a + at, n, sum)) % 65535 == folded(words(a + at, n) + sum) % 65535, "csum_partial");
	n = 5 + below(11);
	check(our_ip_fast_csum(a + at, n) == (uint16_t)~folded(words(a + at, 4 * n)), "ip_fast_csum");
	uint32_t length = below(1u << 31);
	unsigned char tail[8] = { length >> 24, length >> 16, length >> 8, length, 0, 0, 0, below(256) };
	uint64_t all = words(a, 16) + words(a + 16, 16) + words(tail, 8) + sum;
	check(our_csum_ipv6_magic(a, a + 16, length, tail[7], sum) % 65535 == (uint16_t)~folded(all) % 65535,
	      "csum_ipv6_magic");
}

int main(void)
{
	for (round_ = 0; round_ < 20000; round_++) {
		memory();
		strings();
		checksums();
	}
	printf("%d rounds\n", round_);
	return 0;
}
