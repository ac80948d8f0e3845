/* Functions that need many nonvolatile registers: with -Os their saving is left to routines of its own. */
#include "kernel.h"

static noinline long leaf(long a, long b, long c)
{
	return a * 3 + b * 5 - c;
}

static noinline long wide(const long *v)
{
	long a = leaf(v[0], v[1], v[2]), b = leaf(v[3], v[4], v[5]), c = leaf(v[6], v[7], v[8]);
	long d = leaf(a, b, c), e = leaf(b, c, a), f = leaf(c, a, b), g = leaf(d, e, f);
	long h = leaf(e, f, g), i = leaf(f, g, h), j = leaf(g, h, i), k = leaf(h, i, j), l = leaf(i, j, k);
	long m = leaf(j, k, l), n = leaf(k, l, m), o = leaf(l, m, n), p = leaf(m, n, o), q = leaf(n, o, p);

	return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ l ^ m ^ n ^ o ^ p ^ q;
}

static noinline long some(long n)
{
	long x = leaf(n, 1, 2), y = leaf(n, x, 3), z = leaf(x, y, n);

	return n <= 0 ? x : some(n - 1) + x * y - z;
}

int init_module(void)
{
	long v[9];
	long i, sum = 0;

	for (i = 0; i < 20; i++) {
		int k;

		for (k = 0; k < 9; k++)
			v[k] = i * 1000 + k * 77 - 3000;
		sum = sum * 7 + wide(v);
	}
	printk("wide %ld, some %ld\n", sum, some(10));
	return (int)(sum % 1000003);
}
