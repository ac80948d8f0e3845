# void *array_map_lookup_elem(struct bpf_map *map, void *key): the value of an index, or NULL behind the end
# The mask keeps an index in bounds that a processor speculates with. Linux: kernel/bpf/arraymap.c.

	.type	array_map_lookup_elem,@function
array_map_lookup_elem:
	lwz	r9,0(r4)
	lwz	r10,BPF_MAP_MAX_ENTRIES(r3)
	cmplw	r9,r10
	bge	1f
	lwz	r10,BPF_ARRAY_INDEX_MASK(r3)
	and	r9,r9,r10
	lwz	r10,BPF_ARRAY_ELEM_SIZE(r3)
	mulld	r9,r9,r10
	add	r3,r3,r9
	addi	r3,r3,BPF_ARRAY_VALUE
	blr
1:	li	r3,0
	blr
	.size	array_map_lookup_elem,.-array_map_lookup_elem
