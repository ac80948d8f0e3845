# void *memchr(const void *s, int c, size_t n)
# Linux: arch/powerpc/lib/string.S.

	.globl	memchr
	.type	memchr,@function
memchr:
	cmpldi	r5,0
	beq	2f
	mtctr	r5
	clrldi	r4,r4,56
	addi	r3,r3,-1
1:	lbzu	r0,1(r3)
	cmpld	r0,r4
	beqlr
	bdnz	1b
2:	li	r3,0
	blr
	.size	memchr,.-memchr
	.set	__ksymtab_memchr,memchr
