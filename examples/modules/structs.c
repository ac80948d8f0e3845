/* Structures by value, in and out: registers on ELFv2 where ELFv1 has memory. */
#include "kernel.h"

struct one { u8 a; };
struct odd { u8 b[3]; };
struct pair { u64 x, y; };
struct mixed { u8 a; u32 b; u16 c; u64 d; };
struct big { u64 v[9]; };
union either { u32 word; u8 bytes[4]; };

static noinline struct one one(struct one s, int n) { s.a = (u8)(s.a + n); return s; }
static noinline struct odd odd(struct odd s) { u8 t = s.b[0]; s.b[0] = s.b[2]; s.b[2] = t; return s; }
static noinline struct pair pair(struct pair p, struct pair q)
{
	struct pair r = { p.x + q.y, p.y * q.x };
	return r;
}
static noinline struct mixed mixed(int n, struct mixed m, char c)
{
	m.a = (u8)c;
	m.b += (u32)n;
	m.c ^= 0xff;
	m.d = ~m.d;
	return m;
}
static noinline struct big big(struct big b, struct pair p, struct big c)
{
	int i;

	for (i = 0; i < 9; i++)
		b.v[i] = b.v[i] * p.x + c.v[8 - i] * p.y;
	return b;
}
static noinline u64 many(u8 a, u16 b, u32 c, u64 d, int e, long f, short g, char h, struct odd i, long j, u8 k)
{
	return a + 2UL * b + 3UL * c + 5UL * d + 7UL * (u64)e + 11UL * (u64)f + 13UL * (u64)g + 17UL * (u64)h +
	       19UL * i.b[1] + 23UL * (u64)j + 29UL * k;
}

/* Bit fields lie differently on the two byte orders; what they hold does not. */
struct bits { u32 a : 3, b : 13; int c : 7; u32 d : 9; };
static noinline struct bits bits(struct bits s) { s.a += 3; s.b -= 1; s.c = -s.c; s.d ^= 0x155; return s; }

int init_module(void)
{
	struct one a = { 250 };
	struct odd b = { { 1, 2, 3 } };
	struct pair p = { 3, 5 }, q = { 7, 11 };
	struct mixed m = { 1, 2, 3, 4 };
	struct big x, y;
	struct bits s = { 6, 4000, -13, 300 };
	union either u = { 0 };
	u64 sum = 0;
	int i;

	for (i = 0; i < 9; i++) {
		x.v[i] = (u64)i * 1000003;
		y.v[i] = ~(u64)i;
	}
	a = one(a, 10);
	b = odd(b);
	p = pair(p, q);
	m = mixed(-3, m, 'z');
	x = big(x, p, y);
	s = bits(s);
	for (i = 0; i < 9; i++)
		sum = sum * 31 + x.v[i];
	u.bytes[0] = u.bytes[3] = 0x5a;
	printk("%u %u%u%u %lu %lu\n", a.a, b.b[0], b.b[1], b.b[2], p.x, p.y);
	printk("%c %u %x %lx\n", m.a, m.b, m.c, m.d);
	printk("%u %u %d %u %x %lx\n", s.a, s.b, s.c, s.d, u.word, sum);
	sum ^= many(200, 60000, 4000000000u, 1UL << 50, -9, -10, -300, 'q', b, -1000000000000L, 255);
	printk("%lx\n", sum);
	return (int)(sum ^ (sum >> 32)) & 0x7fffffff;
}
