// The two Linux versions that are modelled, and where they differ in what this kernel does.
// Address spaces are in layout/; nothing here depends on the MMU.

export interface LinuxVersion {
  readonly name: "4.15" | "6.12";
  /** As in `uname -r` and in an oops. */
  readonly release: string;
  /**
   * struct bpf_binary_header: its size in bytes, and what its 32-bit first field counts.
   * @linux include/linux/filter.h bpf_binary_header
   */
  readonly binaryHeader: { readonly bytes: 4 | 8; readonly holds: "pages" | "bytes" };
  /** First lines of an oops after a stray access: 5.1 and later say "BUG:" and whether it was a read or a write. */
  readonly oopsNamesAccess: boolean;
  /** First context number of user processes on hash [Linux arch/powerpc/include/asm/book3s/64/mmu-hash.h MIN_USER_CONTEXT]. */
  readonly minUserContext: number;
  /** Where all RAM of a node is: 4.15 has CONFIG_ZONE_DMA, without a limit on 64-bit [Linux 4.15 arch/powerpc/mm/mem.c paging_init]. */
  readonly zone: "DMA" | "Normal";
  /**
   * Which end of RAM is handed out first after boot: 5.10 and later enter memory at the free lists' tails.
   * @linux mm/page_alloc.c __free_pages_core
   */
  readonly firstPages: "low" | "high";
  /** How modules are laid out. */
  readonly module: {
    /** One area of memory for all of it, or one for each protection (since 6.4). @linux include/linux/module.h mod_mem_type */
    readonly areas: "one" | "by protection";
    /** Bytes that the TOC is rounded down to. @linux arch/powerpc/kernel/module_64.c my_r2 */
    readonly tocAlign: 8 | 256;
    /** Of the function descriptor in an ELFv1 stub. @linux arch/powerpc/kernel/module_64.c ppc64_stub_entry */
    readonly stubDescriptorBytes: 16 | 24;
  };
  /** What `%p` does not hash: 4.15 says "(null)", 5.6 and later print the digits of NULL and of error pointers. @linux lib/vsprintf.c ptr_to_id */
  readonly plainPointers: "(null)" | "null and errors";
  /** Whether JITed BPF can call functions of the kernel by their types: on powerpc since 6.10. @linux arch/powerpc/net/bpf_jit_comp.c bpf_jit_supports_kfunc_call */
  readonly kfuncs: boolean;
  /** Bit of struct page's flags. @linux include/linux/page-flags.h PG_reserved */
  readonly pageReservedBit: number;
}

export const linux415: LinuxVersion = Object.freeze({
  name: "4.15",
  release: "4.15.0",
  binaryHeader: Object.freeze({ bytes: 4, holds: "pages" } as const),
  oopsNamesAccess: false,
  minUserContext: 5,
  zone: "DMA",
  firstPages: "high",
  module: Object.freeze({ areas: "one", tocAlign: 8, stubDescriptorBytes: 16 } as const),
  plainPointers: "(null)",
  kfuncs: false,
  pageReservedBit: 11,
});

export const linux612: LinuxVersion = Object.freeze({
  name: "6.12",
  release: "6.12.0",
  binaryHeader: Object.freeze({ bytes: 8, holds: "bytes" } as const),
  oopsNamesAccess: true,
  minUserContext: 8,
  zone: "Normal",
  firstPages: "low",
  module: Object.freeze({ areas: "by protection", tocAlign: 256, stubDescriptorBytes: 24 } as const),
  plainPointers: "null and errors",
  kfuncs: true,
  pageReservedBit: 13,
});
