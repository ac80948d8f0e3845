/* Switches that become jump tables: a small stack machine. */
#include "kernel.h"

enum op { PUSH, ADD, SUB, MUL, DUP, SWAP, JNZ, PRINT, MOD, AND, OR, XOR, SHL, HALT };

static const char *name(int op)
{
	switch (op) {
	case PUSH: return "push";
	case ADD: return "add";
	case SUB: return "sub";
	case MUL: return "mul";
	case DUP: return "dup";
	case SWAP: return "swap";
	case JNZ: return "jnz";
	case PRINT: return "print";
	case MOD: return "mod";
	case HALT: return "halt";
	}
	return "other";
}

static noinline long run(const int *code, long *stack)
{
	int pc = 0, sp = 0, steps = 0;
	long t;

	for (;;) {
		steps++;
		switch (code[pc++]) {
		case PUSH: stack[sp++] = code[pc++]; break;
		case ADD: sp--; stack[sp - 1] += stack[sp]; break;
		case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
		case MUL: sp--; stack[sp - 1] *= stack[sp]; break;
		case MOD: sp--; stack[sp - 1] %= stack[sp]; break;
		case AND: sp--; stack[sp - 1] &= stack[sp]; break;
		case OR: sp--; stack[sp - 1] |= stack[sp]; break;
		case XOR: sp--; stack[sp - 1] ^= stack[sp]; break;
		case SHL: sp--; stack[sp - 1] <<= stack[sp]; break;
		case DUP: stack[sp] = stack[sp - 1]; sp++; break;
		case SWAP: t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = t; break;
		case JNZ: if (stack[--sp]) pc = code[pc]; else pc++; break;
		case PRINT: printk("top %ld after %d\n", stack[sp - 1], steps); break;
		case HALT: return stack[sp - 1] * 1000 + steps;
		default: return -1;
		}
	}
}

/* 12! with the product below the counter. */
static const int factorial[] = {
	PUSH, 1, PUSH, 12,
	/* 4 */ DUP, PUSH, -1, ADD, SWAP,
	/* product n-1 n: multiply n into the product */
	PUSH, 0, ADD, SWAP, PUSH, 0, XOR,
	/* product n n-1 */
	DUP, JNZ, 23, HALT, HALT, HALT, HALT,
	/* 23 */ PUSH, 1000, MOD, PRINT, ADD, PUSH, 3, SHL, PUSH, 12345, AND, PUSH, 6, OR, PRINT, HALT,
};

int init_module(void)
{
	long stack[32];
	long result = run(factorial, stack);
	int i;

	for (i = 0; i <= HALT + 1; i++)
		printk(KERN_CONT "%s%s", name(i), i <= HALT ? " " : "\n");
	printk("result %ld\n", result);
	return (int)result;
}
