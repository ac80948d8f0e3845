# char *strstr(const char *s, const char *what): the first place, or NULL; nothing is everywhere
# Linux: lib/string.c.

	.globl	strstr
	.type	strstr,@function
strstr:
	addi	r4,r4,-1
1:	addi	r5,r3,-1
	mr	r6,r4
2:	lbzu	r7,1(r6)
	cmpwi	r7,0
	beqlr
	lbzu	r0,1(r5)
	cmpw	r0,r7
	beq	2b
	cmpwi	r0,0			# s ends in what would be a match: later ones are shorter still
	addi	r3,r3,1
	bne	1b
	li	r3,0
	blr
	.size	strstr,.-strstr
	.set	__ksymtab_strstr,strstr
