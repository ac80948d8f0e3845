# What a compiler puts at the start of functions for a tracer to hook in: -pg calls _mcount behind the prologue,
# -mprofile-kernel before it with the return address of the function in r0. Nothing is traced.
# Linux: arch/powerpc/kernel/trace/ftrace_64.S, ftrace_64_mprofile.S.

	.set	FTRACE_FRAME,MIN_FRAME+80

# Back to behind the call; LR becomes what it was before the call.
	.globl	_mcount
	.type	_mcount,@function
_mcount:
	mflr	r12
	mtctr	r12
	mtlr	r0
	bctr
	.size	_mcount,.-_mcount
	.set	__ksymtab__mcount,_mcount

# What a call of _mcount is patched into while something traces: arguments are kept around the call of the tracer, which
# gets the place, the caller's place, the operation and the registers (none of both here).
	.balign	16
	.globl	ftrace_caller
	.type	ftrace_caller,@function
ftrace_caller:
	std	r0,16(r1)
	stdu	r1,-FTRACE_FRAME(r1)
	std	r3,FTRACE_FRAME-64(r1)
	std	r4,FTRACE_FRAME-56(r1)
	std	r5,FTRACE_FRAME-48(r1)
	std	r6,FTRACE_FRAME-40(r1)
	std	r7,FTRACE_FRAME-32(r1)
	std	r8,FTRACE_FRAME-24(r1)
	std	r9,FTRACE_FRAME-16(r1)
	std	r10,FTRACE_FRAME-8(r1)
	mflr	r7
	std	r7,FTRACE_FRAME-72(r1)
	std	r2,TOC_SAVE(r1)
	ld	r2,PACA_KERNEL_TOC(r13)
	addi	r3,r7,-4
	mr	r4,r0
	li	r5,0
	li	r6,0
	.globl	ftrace_call
ftrace_call:
	bl	ftrace_stub
	nop
	ld	r2,TOC_SAVE(r1)
	ld	r12,FTRACE_FRAME-72(r1)
	mtctr	r12
	ld	r3,FTRACE_FRAME-64(r1)
	ld	r4,FTRACE_FRAME-56(r1)
	ld	r5,FTRACE_FRAME-48(r1)
	ld	r6,FTRACE_FRAME-40(r1)
	ld	r7,FTRACE_FRAME-32(r1)
	ld	r8,FTRACE_FRAME-24(r1)
	ld	r9,FTRACE_FRAME-16(r1)
	ld	r10,FTRACE_FRAME-8(r1)
	addi	r1,r1,FTRACE_FRAME
	ld	r0,16(r1)
	mtlr	r0
	bctr
	.size	ftrace_caller,.-ftrace_caller

# The tracer that there always is.
	.balign	16
	.globl	ftrace_stub
	.type	ftrace_stub,@function
ftrace_stub:
	blr
	.size	ftrace_stub,.-ftrace_stub
