# char *strcpy(char *to, const char *from), strncpy(to, from, n), strcat(to, from), strncat(to, from, n),
# ssize_t strscpy(to, from, n)
# Linux: lib/string.c, arch/powerpc/lib/string.S.
	.set	E2BIG,7

	.globl	strcat
	.type	strcat,@function
strcat:
	addi	r5,r3,-1
1:	lbzu	r0,1(r5)
	cmpwi	r0,0
	bne	1b
	addi	r5,r5,-1
	b	2f
	.size	strcat,.-strcat
	.set	__ksymtab_strcat,strcat

	.balign	16
	.globl	strcpy
	.type	strcpy,@function
strcpy:
	addi	r5,r3,-1
2:	addi	r4,r4,-1
3:	lbzu	r0,1(r4)
	cmpwi	r0,0
	stbu	r0,1(r5)
	bne	3b
	blr
	.size	strcpy,.-strcpy
	.set	__ksymtab_strcpy,strcpy

# All n bytes are written: NULs behind the end of the string, no NUL where there is no room for one.
	.balign	16
	.globl	strncpy
	.type	strncpy,@function
strncpy:
	cmpldi	r5,0
	beqlr
	mtctr	r5
	addi	r6,r3,-1
	addi	r4,r4,-1
1:	lbzu	r0,1(r4)
	cmpwi	r0,0
	stbu	r0,1(r6)
	bdzlr
	bne	1b
2:	stbu	r0,1(r6)
	bdnz	2b
	blr
	.size	strncpy,.-strncpy
	.set	__ksymtab_strncpy,strncpy

# Always ended by a NUL. Gives the length, or -E2BIG where the string was cut.
	.balign	16
	.globl	strscpy
	.type	strscpy,@function
strscpy:
	cmpldi	r5,0
	beq	3f
	mtctr	r5
	addi	r6,r3,-1
	addi	r4,r4,-1
1:	lbzu	r0,1(r4)
	cmpwi	r0,0
	stbu	r0,1(r6)
	beq	2f
	bdnz	1b
	li	r0,0
	stb	r0,0(r6)
	b	3f
2:	subf	r3,r3,r6
	blr
3:	li	r3,-E2BIG
	blr
	.size	strscpy,.-strscpy
	.set	__ksymtab_strscpy,strscpy

# At most n characters more, and always a NUL.
	.balign	16
	.globl	strncat
	.type	strncat,@function
strncat:
	cmpldi	r5,0
	beqlr
	mtctr	r5
	addi	r6,r3,-1
	addi	r4,r4,-1
1:	lbzu	r0,1(r6)
	cmpwi	r0,0
	bne	1b
	addi	r6,r6,-1
2:	lbzu	r0,1(r4)
	cmpwi	r0,0
	stbu	r0,1(r6)
	beqlr
	bdnz	2b
	li	r0,0
	stb	r0,1(r6)
	blr
	.size	strncat,.-strncat
	.set	__ksymtab_strncat,strncat
