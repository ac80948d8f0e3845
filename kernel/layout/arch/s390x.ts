// s390x: text at the bottom of a 1:1 mapping, modules at the other end of the page tables' reach in 4.15; since 6.10 modules are
// right below text, which lies elsewhere.
import { fromHalves, ZERO, type U64 } from "../../../word/long.ts";
import type { ArchLayout, Architecture } from "./arch.ts";

const MODULES_LEN = 2 ** 31;
const TEXT_OFFSET = 0x10_0000;

/** The module area ends where the page tables' reach ends. */
function linux415(configuration: string, end: U64): ArchLayout {
  return {
    linux: "4.15",
    configuration,
    places: { text: { lowest: ZERO, highest: ZERO }, images: { start: end.sub(MODULES_LEN), end } },
    sources: [
      "arch/s390/kernel/vmlinux.lds.S _text",
      "arch/s390/kernel/setup.c setup_memory_end",
      "arch/s390/include/asm/pgtable.h MODULES_LEN",
      "kernel/bpf/core.c bpf_jit_binary_alloc",
    ],
  };
}

/** CONFIG_KERNEL_IMAGE_BASE; with KASLR everything moves together. */
const KERNEL_START = fromHalves(0x3ff, 0xe000_0000);

export const s390x: Architecture = Object.freeze({
  name: "s390x",
  call: { name: "brasl", bits: 33 },
  layouts: Object.freeze([
    linux415("page tables of 3 levels: RAM up to some 3.8T", fromHalves(0x400, 0)),
    linux415("page tables of 4 levels: more RAM", fromHalves(0x20_0000, 0)),
    {
      linux: "6.12",
      configuration: "KASLR or not: modules right below text",
      places: {
        text: { lowest: KERNEL_START.add(TEXT_OFFSET), highest: KERNEL_START.add(TEXT_OFFSET) },
        images: { start: KERNEL_START.sub(MODULES_LEN), end: KERNEL_START },
      },
      sources: [
        "arch/s390/Kconfig KERNEL_IMAGE_BASE",
        "arch/s390/boot/startup.c setup_kernel_memory_layout",
        "arch/s390/include/asm/pgtable.h MODULES_LEN",
        "arch/s390/mm/init.c execmem_arch_setup",
      ],
    },
  ] satisfies ArchLayout[]),
});
