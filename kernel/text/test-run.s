# Where the host's calls of guest code come through: it calls what r12 points to, a function or on ELFv1 a descriptor, with the
# arguments that are in r3 to r10, in a frame of its own as a C function has; then attn gives r3 to the host.
# Linux: net/bpf/test_run.c bpf_test_run, a C function that calls a program.

	.type	bpf_test_run,@function
bpf_test_run:
	mflr	r0
	std	r0,16(r1)
	stdu	r1,-MIN_FRAME(r1)
	std	r2,TOC_SAVE(r1)
.if ELFV1
	ld	r0,0(r12)
	ld	r2,8(r12)
	mtctr	r0
.else
	mtctr	r12
.endif
	bctrl
	ld	r2,TOC_SAVE(r1)
	addi	r1,r1,MIN_FRAME
	ld	r0,16(r1)
	mtlr	r0
	attn
	.size	bpf_test_run,.-bpf_test_run
