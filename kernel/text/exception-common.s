# What the entries of interrupts have in common: a frame with struct pt_regs below the interrupted code's stack pointer, attn
# for the kernel's decision, and the way back. r9: the vector; r13: where r9 is; r13 itself is in SPRG2.
# Linux: arch/powerpc/kernel/exceptions-64s.S, interrupt_64.S.
	.set	SPRG2,274

exception_common:
	std	r10,8(r13)
	std	r11,16(r13)
	std	r12,24(r13)
	mfcr	r12
	lis	r11,-0x4000
	sldi	r11,r11,32
	ori	r11,r11,EXCEPTION_CONSTANTS
	ld	r10,0(r11)		# end of the kernel's stack
	subf	r10,r1,r10
	cmpldi	r10,THREAD_SIZE-INT_FRAME
	addi	r10,r1,-INT_FRAME
	ble	1f
	ld	r10,8(r11)		# r1 is elsewhere, or has no room: the emergency stack
1:	std	r1,0(r10)
	std	r1,REGS+8(r10)
	mr	r1,r10
	std	r0,REGS(r1)
	std	r2,REGS+16(r1)
	std	r3,REGS+24(r1)
	std	r4,REGS+32(r1)
	std	r5,REGS+40(r1)
	std	r6,REGS+48(r1)
	std	r7,REGS+56(r1)
	std	r8,REGS+64(r1)
	std	r9,REGS+PT_TRAP(r1)
	ld	r9,0(r13)
	ld	r10,8(r13)
	std	r9,REGS+72(r1)
	std	r10,REGS+80(r1)
	ld	r9,16(r13)
	ld	r10,24(r13)
	std	r9,REGS+88(r1)
	std	r10,REGS+96(r1)
	mfspr	r9,SPRG2
	mfctr	r10
	std	r9,REGS+104(r1)
	std	r10,REGS+PT_CTR(r1)
	std	r14,REGS+112(r1)
	std	r15,REGS+120(r1)
	std	r16,REGS+128(r1)
	std	r17,REGS+136(r1)
	std	r18,REGS+144(r1)
	std	r19,REGS+152(r1)
	std	r20,REGS+160(r1)
	std	r21,REGS+168(r1)
	std	r22,REGS+176(r1)
	std	r23,REGS+184(r1)
	std	r24,REGS+192(r1)
	std	r25,REGS+200(r1)
	std	r26,REGS+208(r1)
	std	r27,REGS+216(r1)
	std	r28,REGS+224(r1)
	std	r29,REGS+232(r1)
	std	r30,REGS+240(r1)
	std	r31,REGS+248(r1)
	mfsrr0	r9
	mfsrr1	r10
	std	r9,REGS+PT_NIP(r1)
	std	r10,REGS+PT_MSR(r1)
	mflr	r9
	mfxer	r10
	std	r9,REGS+PT_LINK(r1)
	std	r10,REGS+PT_XER(r1)
	mfdar	r9
	mfdsisr	r10
	std	r9,REGS+PT_DAR(r1)
	std	r10,REGS+PT_DSISR(r1)
	std	r12,REGS+PT_CCR(r1)
	ld	r13,16(r11)		# the paca
	ld	r2,PACA_KERNEL_TOC(r13)
	addi	r3,r1,REGS
	attn
exception_return:
	ld	r9,REGS+PT_NIP(r1)
	ld	r10,REGS+PT_MSR(r1)
	mtsrr0	r9
	mtsrr1	r10
	ld	r9,REGS+PT_LINK(r1)
	ld	r10,REGS+PT_XER(r1)
	mtlr	r9
	mtxer	r10
	ld	r9,REGS+PT_CTR(r1)
	ld	r10,REGS+PT_CCR(r1)
	mtctr	r9
	mtcrf	0xff,r10
	ld	r0,REGS(r1)
	ld	r2,REGS+16(r1)
	ld	r3,REGS+24(r1)
	ld	r4,REGS+32(r1)
	ld	r5,REGS+40(r1)
	ld	r6,REGS+48(r1)
	ld	r7,REGS+56(r1)
	ld	r8,REGS+64(r1)
	ld	r9,REGS+72(r1)
	ld	r10,REGS+80(r1)
	ld	r11,REGS+88(r1)
	ld	r12,REGS+96(r1)
	ld	r13,REGS+104(r1)
	ld	r14,REGS+112(r1)
	ld	r15,REGS+120(r1)
	ld	r16,REGS+128(r1)
	ld	r17,REGS+136(r1)
	ld	r18,REGS+144(r1)
	ld	r19,REGS+152(r1)
	ld	r20,REGS+160(r1)
	ld	r21,REGS+168(r1)
	ld	r22,REGS+176(r1)
	ld	r23,REGS+184(r1)
	ld	r24,REGS+192(r1)
	ld	r25,REGS+200(r1)
	ld	r26,REGS+208(r1)
	ld	r27,REGS+216(r1)
	ld	r28,REGS+224(r1)
	ld	r29,REGS+232(r1)
	ld	r30,REGS+240(r1)
	ld	r31,REGS+248(r1)
	ld	r1,REGS+8(r1)
	rfid
	.size	exception_common,exception_return-exception_common
	.size	exception_return,.-exception_return
