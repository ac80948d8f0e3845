/* The kernels of `farcall bench cpu`: plain integer C without any library. Each returns a checksum that depends on all
 * its work. scripts/build-bench.ts compiles them for ppc64 (the guest) and for the host (the expected checksums). */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

static u64 next(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Bits and shifts, no memory but the bytes. */
static u64 crc(u32 rounds)
{
	static u8 text[1024];
	u64 seed = 1;
	u32 value = ~0u;

	for (u32 i = 0; i < sizeof text; i++)
		text[i] = next(&seed);
	while (rounds--)
		for (u32 i = 0; i < sizeof text; i++) {
			value ^= text[i];
			for (int bit = 0; bit < 8; bit++)
				value = value >> 1 ^ (0xedb88320u & -(value & 1));
		}
	return value;
}

/* Byte stores with growing strides. */
static u64 sieve(u32 rounds)
{
	static u8 composite[65536];
	u64 sum = 0;

	while (rounds--) {
		for (u32 i = 0; i < sizeof composite; i++)
			composite[i] = 0;
		for (u32 i = 2; i < sizeof composite; i++) {
			if (composite[i])
				continue;
			sum = sum * 31 + i;
			for (u32 j = i * 2; j < sizeof composite; j += i)
				composite[j] = 1;
		}
	}
	return sum;
}

/* Unpredictable branches, doubleword loads and stores. */
static u64 sort(u32 rounds)
{
	static u64 heap[4096];
	u64 seed = 7, sum = 0;
	const u32 count = sizeof heap / sizeof *heap;

	while (rounds--) {
		for (u32 i = 0; i < count; i++)
			heap[i] = next(&seed);
		for (u32 start = count / 2, end = count; end > 1;) {
			u64 value;
			u32 at, child;
			if (start) {
				value = heap[--start];
			} else {
				value = heap[--end];
				heap[end] = heap[0];
			}
			for (at = start; (child = 2 * at + 1) < end; at = child) {
				if (child + 1 < end && heap[child] < heap[child + 1])
					child++;
				if (heap[child] <= value)
					break;
				heap[at] = heap[child];
			}
			heap[at] = value;
		}
		for (u32 i = 0; i < count; i++)
			sum = sum * 33 + heap[i];
	}
	return sum;
}

/* Multiply and add over three arrays. */
static u64 matrix(u32 rounds)
{
	static u64 a[48][48], b[48][48], c[48][48];
	u64 seed = 3, sum = 0;

	for (u32 i = 0; i < 48; i++)
		for (u32 j = 0; j < 48; j++) {
			a[i][j] = next(&seed);
			b[i][j] = next(&seed);
		}
	while (rounds--) {
		for (u32 i = 0; i < 48; i++)
			for (u32 j = 0; j < 48; j++) {
				u64 dot = 0;
				for (u32 k = 0; k < 48; k++)
					dot += a[i][k] * b[k][j];
				c[i][j] = dot;
			}
		for (u32 i = 0; i < 48; i++)
			for (u32 j = 0; j < 48; j++)
				sum = (sum << 5 | sum >> 59) ^ c[i][j];
		a[rounds % 48][0] += sum;
	}
	return sum;
}

/* Calls and returns, a frame each. */
static u32 __attribute__((noinline)) fibonacci(u32 n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
static u64 calls(u32 rounds)
{
	u64 sum = 0;
	while (rounds--)
		sum = sum * 3 + fibonacci(16 + (rounds & 3));
	return sum;
}

/* A bytecode machine: a switch and data-dependent jumps. */
static u64 bytecode(u32 rounds)
{
	static const u8 program[] = {0, 1, 2, 3, 4, 5, 1, 6, 2, 0, 3, 5, 4, 6, 1, 7};
	u64 a = 1, b = 2, c = 3;

	while (rounds--)
		for (u32 pc = 0;; pc++) {
			switch (program[pc & 15]) {
			case 0: a += b; continue;
			case 1: b ^= a << 3; continue;
			case 2: c = c * 5 + a; continue;
			case 3: a = a >> 7 | a << 57; continue;
			case 4: b -= c; continue;
			case 5: if (a & 1) pc++; continue;
			case 6: c ^= b >> 11; continue;
			}
			break;
		}
	return a ^ b ^ c;
}

u64 kernel(u32 which, u32 rounds)
{
	switch (which) {
	case 0: return crc(rounds);
	case 1: return sieve(rounds);
	case 2: return sort(rounds);
	case 3: return matrix(rounds);
	case 4: return calls(rounds);
	default: return bytecode(rounds);
	}
}

#ifdef __powerpc64__
/* Entry at the image's first word: r3 = which, r4 = rounds; attn with the checksum in r3. */
__asm__(".section .text.entry,\"ax\"\n\t.globl _start\n_start:\n"
	"\tlis 1,stack_end@ha\n\taddi 1,1,stack_end@l\n\taddi 1,1,-64\n"
	"\tlis 2,.TOC.@ha\n\taddi 2,2,.TOC.@l\n"
	"\tbl kernel\n\tnop\n\t.long 0x200\n"
	".section .bss\n\t.balign 16\n\t.space 16384\nstack_end:\n\t.previous\n");
#else
#include <stdio.h>
int main(void)
{
	static const u32 rounds[] = ROUNDS;
	for (u32 i = 0; i < sizeof rounds / sizeof *rounds; i++)
		printf("%016llx\n", kernel(i, rounds[i]));
}
#endif
