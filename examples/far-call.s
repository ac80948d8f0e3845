# A far call between two functions of a BPF program, and the callee's return: what `farcall cycles` is asked about.
	lis	12, -0x3000
	sldi	12, 12, 32
	oris	12, 12, 0x1234
	ori	12, 12, 0x5680
	nop
	mtctr	12
	bctrl
	blr
