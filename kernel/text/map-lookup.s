# void *bpf_map_lookup_elem(struct bpf_map *map, const void *key): the helper, which asks the map's own operations
# Linux: kernel/bpf/helpers.c. As a compiler makes it: a frame for the call, and r2 kept around it.

	.globl	bpf_map_lookup_elem
	.type	bpf_map_lookup_elem,@function
bpf_map_lookup_elem:
.if ELFV2
	addis	r2,r12,(.TOC.-bpf_map_lookup_elem)@ha
	addi	r2,r2,(.TOC.-bpf_map_lookup_elem)@l
	.localentry	bpf_map_lookup_elem,.-bpf_map_lookup_elem
.endif
	mflr	r0
	std	r0,16(r1)
	stdu	r1,-MIN_FRAME(r1)
	std	r2,TOC_SAVE(r1)
	ld	r9,BPF_MAP_OPS(r3)
	ld	r12,BPF_MAP_OPS_LOOKUP_ELEM(r9)
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
	blr
	.size	bpf_map_lookup_elem,.-bpf_map_lookup_elem
	.set	__ksymtab_bpf_map_lookup_elem,bpf_map_lookup_elem
