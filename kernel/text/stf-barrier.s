# void bpf_stf_barrier(void): no store before it is forwarded to a load behind it, on processors that have nothing better
# Loads of what was just stored, behind a sync, and branches that fill the window of speculation. No register changes.
# Linux: arch/powerpc/net/bpf_jit_comp64.c, arch/powerpc/kernel/exceptions-64s.S stf_barrier_fallback.

	.globl	bpf_stf_barrier
	.type	bpf_stf_barrier,@function
bpf_stf_barrier:
	std	r21,-64(r1)
	std	r22,-56(r1)
	sync
	ld	r21,-64(r1)
	ld	r22,-56(r1)
	ori	r31,r31,0
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	b	.+4
	blr
	.size	bpf_stf_barrier,.-bpf_stf_barrier
