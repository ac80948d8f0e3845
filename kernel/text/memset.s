# void *memset(void *s, int c, size_t n)
# Linux: arch/powerpc/lib/mem_64.S.

	.globl	memset
	.type	memset,@function
memset:
	rlwimi	r4,r4,8,16,23		# the byte eight times
	rlwimi	r4,r4,16,0,15
	rldimi	r4,r4,32,0
	mr	r6,r3
	srdi.	r0,r5,3
	mtocrf	0x01,r5			# cr7: gt eq so are bits 4 2 1 of the length
	beq	2f
	mtctr	r0
1:	std	r4,0(r6)
	addi	r6,r6,8
	bdnz	1b
2:	ble	cr7,3f
	stw	r4,0(r6)
	addi	r6,r6,4
3:	bne	cr7,4f
	sth	r4,0(r6)
	addi	r6,r6,2
4:	bnslr	cr7
	stb	r4,0(r6)
	blr
	.size	memset,.-memset
	.set	__ksymtab_memset,memset
