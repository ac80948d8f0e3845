/* Deep recursion and memory from the kernel: a search tree, Ackermann's function, permutations. */
#include "kernel.h"

struct node {
	struct node *left, *right;
	u32 key, count;
};

static u32 seed = 12345;

static u32 next(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 16;
}

static noinline struct node *insert(struct node *n, u32 key)
{
	if (!n) {
		n = kmalloc(sizeof(*n), GFP_KERNEL);
		if (!n)
			return NULL;
		n->left = n->right = NULL;
		n->key = key;
		n->count = 0;
	}
	if (key < n->key)
		n->left = insert(n->left, key);
	else if (key > n->key)
		n->right = insert(n->right, key);
	else
		n->count++;
	return n;
}

static noinline int depth(const struct node *n)
{
	int l, r;

	if (!n)
		return 0;
	l = depth(n->left);
	r = depth(n->right);
	return 1 + (l > r ? l : r);
}

static noinline int drop(struct node *n)
{
	int freed;

	if (!n)
		return 0;
	freed = drop(n->left) + drop(n->right) + 1;
	kfree(n);
	return freed;
}

static noinline long ackermann(long m, long n)
{
	if (!m)
		return n + 1;
	return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static noinline int queens(int n, u32 cols, u32 left, u32 right, int row)
{
	int found = 0, i;

	if (row == n)
		return 1;
	for (i = 0; i < n; i++) {
		u32 bit = 1u << i;

		if (!((cols | left | right) & bit))
			found += queens(n, cols | bit, (left | bit) << 1, (right | bit) >> 1, row + 1);
	}
	return found;
}

int init_module(void)
{
	struct node *root = NULL;
	int i, d, freed;

	for (i = 0; i < 500; i++)
		root = insert(root, next() % 300);
	d = depth(root);
	freed = drop(root);
	printk("depth %d, %d nodes, ackermann %ld, queens %d\n", d, freed, ackermann(2, 9), queens(6, 0, 0, 0, 0));
	return d * 1000 + freed;
}
