# Entries of the storage and segment interrupts, which the kernel resolves; each has 128 bytes. r13 becomes the place where
# registers stay until there is a frame: made of constants, so that no interrupted code can have spoiled it.
# Linux: arch/powerpc/kernel/exceptions-64s.S, where HSPRG0 has the paca for that.
	.set	SPRG2,274

exc_virt_0x4300_data_access:
	mtspr	SPRG2,r13
	lis	r13,-0x4000
	sldi	r13,r13,32
	oris	r13,r13,EXCEPTION_SAVE>>16
	ori	r13,r13,EXCEPTION_SAVE&0xffff
	std	r9,0(r13)
	li	r9,0x300
	b	exc_virt_0x4300_data_access+EXCEPTION_COMMON-STORAGE_VECTORS
	.size	exc_virt_0x4300_data_access,.-exc_virt_0x4300_data_access
	.space	exc_virt_0x4300_data_access+128-.

exc_virt_0x4380_data_access_slb:
	mtspr	SPRG2,r13
	lis	r13,-0x4000
	sldi	r13,r13,32
	oris	r13,r13,EXCEPTION_SAVE>>16
	ori	r13,r13,EXCEPTION_SAVE&0xffff
	std	r9,0(r13)
	li	r9,0x380
	b	exc_virt_0x4300_data_access+EXCEPTION_COMMON-STORAGE_VECTORS
	.size	exc_virt_0x4380_data_access_slb,.-exc_virt_0x4380_data_access_slb
	.space	exc_virt_0x4380_data_access_slb+128-.

exc_virt_0x4400_instruction_access:
	mtspr	SPRG2,r13
	lis	r13,-0x4000
	sldi	r13,r13,32
	oris	r13,r13,EXCEPTION_SAVE>>16
	ori	r13,r13,EXCEPTION_SAVE&0xffff
	std	r9,0(r13)
	li	r9,0x400
	b	exc_virt_0x4300_data_access+EXCEPTION_COMMON-STORAGE_VECTORS
	.size	exc_virt_0x4400_instruction_access,.-exc_virt_0x4400_instruction_access
	.space	exc_virt_0x4400_instruction_access+128-.

exc_virt_0x4480_instruction_access_slb:
	mtspr	SPRG2,r13
	lis	r13,-0x4000
	sldi	r13,r13,32
	oris	r13,r13,EXCEPTION_SAVE>>16
	ori	r13,r13,EXCEPTION_SAVE&0xffff
	std	r9,0(r13)
	li	r9,0x480
	b	exc_virt_0x4300_data_access+EXCEPTION_COMMON-STORAGE_VECTORS
	.size	exc_virt_0x4480_instruction_access_slb,.-exc_virt_0x4480_instruction_access_slb
