# size_t strlen(const char *s), strnlen(s, n)
# Linux: lib/string.c.

	.globl	strlen
	.type	strlen,@function
strlen:
	addi	r4,r3,-1
1:	lbzu	r0,1(r4)
	cmpwi	r0,0
	bne	1b
	subf	r3,r3,r4
	blr
	.size	strlen,.-strlen
	.set	__ksymtab_strlen,strlen

	.balign	16
	.globl	strnlen
	.type	strnlen,@function
strnlen:
	cmpldi	r4,0
	beq	2f
	mtctr	r4
	addi	r5,r3,-1
1:	lbzu	r0,1(r5)
	cmpwi	r0,0
	beq	3f
	bdnz	1b
2:	mr	r3,r4
	blr
3:	subf	r3,r3,r5
	blr
	.size	strnlen,.-strnlen
	.set	__ksymtab_strnlen,strnlen
