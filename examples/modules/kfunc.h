/* How a module offers functions to BPF programs: a set of their names in .BTF_ids, which its init registers. Names of symbols,
 * sections and fields are Linux's; the numbers of the functions' types, which its build puts in, stay 0 here. */
#ifndef EXAMPLE_KFUNC_H
#define EXAMPLE_KFUNC_H

/* Of a set: it is one of functions that BPF may call. */
#define BTF_SET8_KFUNCS "1"

#define BTF_KFUNCS_START(set)                                                                              \
	__asm__(".pushsection .BTF_ids,\"a\"\n.balign 4\n.local " #set "\n" #set ":\n"                      \
		".local __BTF_ID__set8__" #set "\n__BTF_ID__set8__" #set ":\n"                              \
		".long 0, " BTF_SET8_KFUNCS "\n.popsection");
#define BTF_KFUNC(function, flags)                                                                         \
	__asm__(".pushsection .BTF_ids,\"a\"\n.local __BTF_ID__func__" #function "__1\n"                    \
		".type __BTF_ID__func__" #function "__1, @object\n.size __BTF_ID__func__" #function         \
		"__1, 4\n__BTF_ID__func__" #function "__1:\n.long 0, " #flags "\n.popsection");
#define BTF_KFUNCS_END(set)                                                                                \
	__asm__(".pushsection .BTF_ids,\"a\"\n.size __BTF_ID__set8__" #set ", .-" #set "\n.popsection");    \
	extern struct btf_id_set8 set

struct btf_id_set8;
struct btf_kfunc_id_set {
	void *owner;
	struct btf_id_set8 *set;
	int (*filter)(const void *program, u32 id);
};

enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC, BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS = 3, BPF_PROG_TYPE_XDP = 6 };

/* Kernels before 5.18 have none. */
int register_btf_kfunc_id_set(enum bpf_prog_type type, const struct btf_kfunc_id_set *set) __attribute__((weak));

#endif
