// arm64 with 48 bits of addresses and 4K pages. In 4.15 images were where modules are, near the kernel; since 5.17 they are
// anywhere in vmalloc.
import { fromHalves } from "../../../word/long.ts";
import type { Architecture } from "./arch.ts";

/** With KASLR of 4.15 text and modules move together: any place gives these distances. */
const SOME_TEXT = fromHalves(0xffff_2000, 0x0808_0000);
const WINDOW = 2 ** 32;

/** KIMAGE_VADDR of 6.12, and where vmalloc begins. */
const KIMAGE = fromHalves(0xffff_8000, 0x8000_0000);
const VMALLOC = { start: KIMAGE, end: fromHalves(0xffff_fdff, 0xbf80_0000) };
const QUARTER = VMALLOC.end.sub(KIMAGE).shru(2);

export const arm64: Architecture = Object.freeze({
  name: "arm64",
  call: { name: "bl", bits: 28 },
  layouts: Object.freeze([
    {
      linux: "4.15",
      configuration: "CONFIG_RANDOMIZE_BASE=n",
      places: {
        text: { lowest: fromHalves(0xffff_0000, 0x0808_0000), highest: fromHalves(0xffff_0000, 0x0808_0000) },
        images: { start: fromHalves(0xffff_0000, 0), end: fromHalves(0xffff_0000, 0x0800_0000) },
      },
      sources: [
        "arch/arm64/include/asm/memory.h MODULES_VADDR, MODULES_VSIZE, KIMAGE_VADDR",
        "arch/arm64/Makefile TEXT_OFFSET",
        "arch/arm64/kernel/module.c module_alloc",
        "kernel/bpf/core.c bpf_jit_binary_alloc",
      ],
    },
    {
      linux: "4.15",
      configuration: "KASLR: modules in some 4G around text",
      places: {
        text: { lowest: SOME_TEXT, highest: SOME_TEXT },
        images: { start: SOME_TEXT.sub(WINDOW), end: SOME_TEXT.add(WINDOW) },
      },
      sources: [
        "arch/arm64/kernel/kaslr.c kaslr_early_init CONFIG_RANDOMIZE_MODULE_REGION_FULL",
        "arch/arm64/kernel/module.c module_alloc",
      ],
    },
    {
      linux: "6.12",
      configuration: "CONFIG_RANDOMIZE_BASE=n",
      places: {
        text: { lowest: KIMAGE, highest: KIMAGE },
        images: VMALLOC,
      },
      sources: [
        "arch/arm64/include/asm/memory.h KIMAGE_VADDR, VMEMMAP_START",
        "arch/arm64/include/asm/pgtable.h VMALLOC_START, VMALLOC_END",
        "arch/arm64/mm/init.c execmem_arch_setup EXECMEM_BPF",
      ],
    },
    {
      linux: "6.12",
      configuration: "KASLR: text in the middle half of vmalloc",
      places: {
        text: { lowest: KIMAGE.add(QUARTER), highest: KIMAGE.add(QUARTER.mul(3)) },
        images: VMALLOC,
      },
      sources: [
        "arch/arm64/kernel/pi/kaslr_early.c kaslr_early_init",
        "arch/arm64/include/asm/pgtable.h VMALLOC_START, VMALLOC_END",
        "arch/arm64/mm/init.c execmem_arch_setup EXECMEM_BPF",
      ],
    },
  ] as const),
});
