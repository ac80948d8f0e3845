# int strcmp(const char *a, const char *b), strncmp(a, b, n): negative, 0 or positive
# Characters are compared as unsigned. Linux: lib/string.c, arch/powerpc/lib/string.S.

	.globl	strcmp
	.type	strcmp,@function
strcmp:
	addi	r5,r3,-1
	addi	r4,r4,-1
1:	lbzu	r6,1(r5)
	lbzu	r0,1(r4)
	cmpwi	cr1,r6,0
	subf.	r3,r0,r6
	bnelr
	bne	cr1,1b
	blr
	.size	strcmp,.-strcmp
	.set	__ksymtab_strcmp,strcmp

	.balign	16
	.globl	strncmp
	.type	strncmp,@function
strncmp:
	cmpldi	r5,0
	beq	2f
	mtctr	r5
	addi	r5,r3,-1
	addi	r4,r4,-1
1:	lbzu	r6,1(r5)
	lbzu	r0,1(r4)
	cmpwi	cr1,r6,0
	subf.	r3,r0,r6
	bnelr
	beqlr	cr1
	bdnz	1b
2:	li	r3,0
	blr
	.size	strncmp,.-strncmp
	.set	__ksymtab_strncmp,strncmp
