# char *strchr(const char *s, int c), strrchr(s, c); the NUL at the end is a character too
# Linux: lib/string.c.

	.globl	strchr
	.type	strchr,@function
strchr:
	clrldi	r4,r4,56
	addi	r3,r3,-1
1:	lbzu	r0,1(r3)
	cmpld	r0,r4
	beqlr
	cmpwi	r0,0
	bne	1b
	li	r3,0
	blr
	.size	strchr,.-strchr
	.set	__ksymtab_strchr,strchr

	.balign	16
	.globl	strrchr
	.type	strrchr,@function
strrchr:
	clrldi	r4,r4,56
	addi	r5,r3,-1
	li	r3,0
1:	lbzu	r0,1(r5)
	cmpld	r0,r4
	bne	2f
	mr	r3,r5
2:	cmpwi	r0,0
	bne	1b
	blr
	.size	strrchr,.-strrchr
	.set	__ksymtab_strrchr,strrchr
