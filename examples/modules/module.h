/* What the kernel's build adds to a module: a name, a table of exports, struct module. */
#ifndef EXAMPLE_MODULE_H
#define EXAMPLE_MODULE_H

#define MODULE_NAME(text)                                                                                  \
	static const char module_name[] __attribute__((section(".modinfo"), used)) = "name=" text;         \
	/* Its size is the kernel's own affair; name is at 24. */                                           \
	struct module {                                                                                    \
		int state;                                                                                 \
		void *list[2];                                                                             \
		char name[56];                                                                             \
		int (*init)(void);                                                                         \
		void (*exit)(void);                                                                        \
	} __this_module __attribute__((section(".gnu.linkonce.this_module"))) = {                          \
		.name = text, .init = init_module, .exit = cleanup_module                                  \
	}

struct kernel_symbol {
	unsigned long value;
	const char *name;
	const char *namespace;
};

#define EXPORT_SYMBOL(sym)                                                                                 \
	static const char __kstrtab_##sym[] __attribute__((section("__ksymtab_strings"), used)) = #sym;    \
	static const struct kernel_symbol __ksymtab_##sym __attribute__((section("__ksymtab"), used)) = {  \
		(unsigned long)&sym, __kstrtab_##sym, ""                                                   \
	}

#endif
