# The Internet checksum [RFC 1071]: sums of 16-bit words in the order of memory, with end-around carry. Wider pieces give
# the same sum once they are folded.
# __wsum __csum_partial(const void *buff, int len, __wsum sum), csum_partial;
# __sum16 csum_ipv6_magic(saddr, daddr, __u32 len, __u8 proto, __wsum sum), ip_fast_csum(const void *iph, unsigned ihl)
# Linux: arch/powerpc/lib/checksum_64.S; csum_partial and ip_fast_csum are inline there (include/asm/checksum.h).

	.globl	csum_partial
	.type	csum_partial,@function
	.globl	__csum_partial
	.type	__csum_partial,@function
csum_partial:
__csum_partial:
	clrldi	r5,r5,32
	extsw	r4,r4
	addic	r0,r5,0			# no carry yet
	srdi.	r0,r4,3
	mtocrf	0x01,r4			# cr7: gt eq so are bits 4 2 1 of the length
	beq	2f
	mtctr	r0
1:	ld	r6,0(r3)
	addi	r3,r3,8
	adde	r5,r5,r6
	bdnz	1b
2:	ble	cr7,3f
	lwz	r6,0(r3)
	addi	r3,r3,4
	adde	r5,r5,r6
3:	bne	cr7,4f
	lhz	r6,0(r3)
	addi	r3,r3,2
	adde	r5,r5,r6
4:	bns	cr7,5f
	lbz	r6,0(r3)
.if BIG_ENDIAN
	sldi	r6,r6,8			# the byte that comes first in memory is the upper one
.endif
	adde	r5,r5,r6
5:	addze	r5,r5
	rotldi	r6,r5,32
	add	r3,r5,r6		# the upper half: both halves, and the carry of the lower
	srdi	r3,r3,32
	blr
	.size	__csum_partial,.-__csum_partial
	.set	__ksymtab___csum_partial,__csum_partial
	.size	csum_partial,.-csum_partial
	.set	__ksymtab_csum_partial,csum_partial

	.balign	16
	.globl	ip_fast_csum
	.type	ip_fast_csum,@function
ip_fast_csum:
	clrldi	r4,r4,32
	mtctr	r4
	li	r5,0
1:	lwz	r6,0(r3)
	addi	r3,r3,4
	add	r5,r5,r6
	bdnz	1b
	b	csum_fold
	.size	ip_fast_csum,.-ip_fast_csum
	.set	__ksymtab_ip_fast_csum,ip_fast_csum

	.balign	16
	.globl	csum_ipv6_magic
	.type	csum_ipv6_magic,@function
csum_ipv6_magic:
	clrldi	r5,r5,32		# length and protocol are words in network order
	clrldi	r6,r6,56
	add	r5,r5,r6
.if LITTLE_ENDIAN
	sldi	r5,r5,8			# swapping the bytes of 16-bit words is a multiplication by 256 in this arithmetic
.endif
	clrldi	r7,r7,32
	add	r5,r5,r7
	ld	r8,0(r3)
	ld	r9,8(r3)
	addc	r5,r5,r8
	adde	r5,r5,r9
	ld	r8,0(r4)
	ld	r9,8(r4)
	adde	r5,r5,r8
	adde	r5,r5,r9
	addze	r5,r5
	.size	csum_ipv6_magic,.-csum_ipv6_magic
	.set	__ksymtab_csum_ipv6_magic,csum_ipv6_magic

# The complement of 64 bits folded to 16.
	.type	csum_fold,@function
csum_fold:
	rotldi	r6,r5,32
	add	r5,r5,r6
	srdi	r5,r5,32
	rlwinm	r6,r5,16,0,31
	add	r5,r5,r6
	not	r5,r5
	rldicl	r3,r5,48,48
	blr
	.size	csum_fold,.-csum_fold
