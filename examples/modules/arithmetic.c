/* 64-bit and 128-bit arithmetic, signed and unsigned, with values that the compiler cannot know. */
#include "kernel.h"

static volatile u64 values[] = {
	0, 1, 2, 7, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
	0xffffffffffffffff, 0x123456789abcdef0, 1000000007, 0xfedcba9876543210,
};

static noinline u64 mulhi(u64 a, u64 b) { return (u64)(((unsigned __int128)a * b) >> 64); }
static noinline s64 mulhis(s64 a, s64 b) { return (s64)(((__int128)a * b) >> 64); }
static noinline u64 rotate(u64 v, int n) { n &= 63; return n ? v << n | v >> (64 - n) : v; }

static noinline u32 crc32(const u8 *p, size_t n)
{
	u32 crc = ~0u;
	int k;

	while (n--) {
		crc ^= *p++;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}

static noinline u64 gcd(u64 a, u64 b) { return b ? gcd(b, a % b) : a; }

static noinline u64 power(u64 base, u64 exponent, u64 modulus)
{
	u64 result = 1;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % modulus;
		base = base * base % modulus;
	}
	return result;
}

int init_module(void)
{
	u64 hash = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			u64 a = values[i], b = values[j];
			s64 x = (s64)a, y = (s64)b;

			hash = rotate(hash, 5) ^ (a + b) ^ (a - b) * 3 ^ a * b;
			hash += mulhi(a, b) ^ (u64)mulhis(x, y);
			if (b)
				hash = hash * 31 + a / b + a % b;
			if (y && y != -1)
				hash = hash * 31 + (u64)(x / y) + (u64)(x % y);
			hash ^= a << (b & 63);
			hash += a >> (b & 63);
			hash ^= (u64)(x >> (b & 63));
			hash += (u64)(x < y) + 2 * (a < b) + 4 * ((u32)a < (u32)b) + 8 * ((int)a < (int)b);
			hash ^= (u64)__builtin_clzl(a | 1) + (u64)__builtin_ctzl(b | 1UL << 63) * 64;
			hash += (u64)(s64)(signed char)a + (u64)(s64)(short)b + (u64)(s64)(int)(a ^ b);
			hash ^= __builtin_bswap64(a) + __builtin_bswap32((u32)b) + __builtin_bswap16((u16)a);
		}
	printk("hash %lx\n", hash);
	printk("crc %x, gcd %lu, power %lu\n", crc32((const u8 *)"123456789", 9), gcd(1071 * 1029, 462 * 1029),
	       power(3, 1UL << 30 | 12345, 1000000007));
	return (int)(hash % 1000000007);
}
