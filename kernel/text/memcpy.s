# void *memcpy(void *to, const void *from, size_t n), memmove
# Pieces of 16 bytes, then what the low bits of the length say. Every piece is read before it is written, so that
# memmove can copy upward wherever it moves down. Linux: arch/powerpc/lib/memcpy_64.S, mem_64.S.

	.globl	memcpy
	.type	memcpy,@function
memcpy:
	mr	r6,r3
	srdi.	r0,r5,4
	mtocrf	0x01,r5			# cr7: lt gt eq so are bits 8 4 2 1 of the length
	beq	2f
	mtctr	r0
1:	ld	r7,0(r4)
	ld	r8,8(r4)
	addi	r4,r4,16
	std	r7,0(r6)
	std	r8,8(r6)
	addi	r6,r6,16
	bdnz	1b
2:	bge	cr7,3f
	ld	r7,0(r4)
	addi	r4,r4,8
	std	r7,0(r6)
	addi	r6,r6,8
3:	ble	cr7,4f
	lwz	r7,0(r4)
	addi	r4,r4,4
	stw	r7,0(r6)
	addi	r6,r6,4
4:	bne	cr7,5f
	lhz	r7,0(r4)
	addi	r4,r4,2
	sth	r7,0(r6)
	addi	r6,r6,2
5:	bnslr	cr7
	lbz	r7,0(r4)
	stb	r7,0(r6)
	blr
	.size	memcpy,.-memcpy
	.set	__ksymtab_memcpy,memcpy

	.balign	16
	.globl	memmove
	.type	memmove,@function
memmove:
	subf	r0,r4,r3		# to - from: below n only where to lies inside the source
	cmpld	r0,r5
	bge	memcpy
	.size	memmove,.-memmove
	.set	__ksymtab_memmove,memmove

# The same from the ends down.
	.type	backwards_memcpy,@function
backwards_memcpy:
	add	r6,r3,r5
	add	r4,r4,r5
	srdi.	r0,r5,4
	mtocrf	0x01,r5
	beq	2f
	mtctr	r0
1:	ld	r7,-8(r4)
	ld	r8,-16(r4)
	addi	r4,r4,-16
	std	r7,-8(r6)
	std	r8,-16(r6)
	addi	r6,r6,-16
	bdnz	1b
2:	bge	cr7,3f
	ld	r7,-8(r4)
	addi	r4,r4,-8
	std	r7,-8(r6)
	addi	r6,r6,-8
3:	ble	cr7,4f
	lwz	r7,-4(r4)
	addi	r4,r4,-4
	stw	r7,-4(r6)
	addi	r6,r6,-4
4:	bne	cr7,5f
	lhz	r7,-2(r4)
	addi	r4,r4,-2
	sth	r7,-2(r6)
	addi	r6,r6,-2
5:	bnslr	cr7
	lbz	r7,-1(r4)
	stb	r7,-1(r6)
	blr
	.size	backwards_memcpy,.-backwards_memcpy
