# int memcmp(const void *a, const void *b, size_t n): -1, 0 or 1
# The first byte in memory counts most: doublewords are compared as a big-endian processor reads them.
# Linux: arch/powerpc/lib/memcmp_64.S.

	.globl	memcmp
	.type	memcmp,@function
memcmp:
	srdi.	r0,r5,3
	beq	2f
	mtctr	r0
1:
.if LITTLE_ENDIAN
	ldbrx	r6,0,r3
	ldbrx	r7,0,r4
.else
	ld	r6,0(r3)
	ld	r7,0(r4)
.endif
	addi	r3,r3,8
	addi	r4,r4,8
	cmpld	r6,r7
	bne	5f
	bdnz	1b
2:	andi.	r5,r5,7
	beq	4f
	mtctr	r5
3:	lbz	r6,0(r3)
	lbz	r7,0(r4)
	addi	r3,r3,1
	addi	r4,r4,1
	cmpld	r6,r7
	bne	5f
	bdnz	3b
4:	li	r3,0
	blr
5:	li	r3,1
	bgtlr
	li	r3,-1
	blr
	.size	memcmp,.-memcmp
	.set	__ksymtab_memcmp,memcmp
