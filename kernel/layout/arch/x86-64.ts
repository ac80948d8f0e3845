// x86_64: text and modules share the highest 2 GiB, in 4.15 as in 6.12; images are where modules are.
import { fromHalves } from "../../../word/long.ts";
import type { ArchLayout, Architecture } from "./arch.ts";

/** An address of the highest 4 GiB by its low-order 32 bits. */
const at = (low: number): ReturnType<typeof fromHalves> => fromHalves(-1, low);

function both(
  configuration: string,
  places: ArchLayout["places"],
  figures: readonly string[],
): readonly ArchLayout[] {
  return (
    [
      ["4.15", ["arch/x86/kernel/module.c module_alloc", "kernel/bpf/core.c bpf_jit_binary_alloc"]],
      ["6.12", ["arch/x86/mm/init.c execmem_arch_setup", "kernel/bpf/core.c bpf_jit_alloc_exec"]],
    ] as const
  ).map(([linux, allocation]) => ({ linux, configuration, places, sources: [...figures, ...allocation] }));
}

const ADDRESSES = [
  "arch/x86/include/asm/page_types.h __START_KERNEL",
  "arch/x86/include/asm/page_64_types.h KERNEL_IMAGE_SIZE",
  "arch/x86/include/asm/pgtable_64_types.h MODULES_VADDR, MODULES_END",
];

export const x86_64: Architecture = Object.freeze({
  name: "x86_64",
  call: { name: "call rel32", bits: 32 },
  layouts: Object.freeze([
    ...both(
      "CONFIG_RANDOMIZE_BASE=n",
      {
        text: { lowest: at(0x8100_0000), highest: at(0x8100_0000) },
        images: { start: at(0xa000_0000), end: at(0xff00_0000) },
      },
      ADDRESSES,
    ),
    ...both(
      "KASLR: text anywhere in the first 1G",
      {
        text: { lowest: at(0x8100_0000), highest: at(0xc000_0000) },
        images: { start: at(0xc000_0000), end: at(0xff00_0000) },
      },
      [...ADDRESSES, "arch/x86/boot/compressed/kaslr.c find_random_virt_addr"],
    ),
  ]),
});
