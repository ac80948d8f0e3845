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
}

export const linux415: LinuxVersion = Object.freeze({
  name: "4.15",
  release: "4.15.0",
  binaryHeader: Object.freeze({ bytes: 4, holds: "pages" } as const),
  oopsNamesAccess: false,
  minUserContext: 5,
  zone: "DMA",
  firstPages: "high",
});

export const linux612: LinuxVersion = Object.freeze({
  name: "6.12",
  release: "6.12.0",
  binaryHeader: Object.freeze({ bytes: 8, holds: "bytes" } as const),
  oopsNamesAccess: true,
  minUserContext: 8,
  zone: "Normal",
  firstPages: "low",
});
