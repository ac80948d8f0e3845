// The machines whose kernel layouts can be compared: three others, and ours from its own table.
import { placesOf } from "../reach.ts";
import { layouts } from "../table.ts";
import { arm64 } from "./arm64.ts";
import type { Architecture } from "./arch.ts";
import { s390x } from "./s390x.ts";
import { x86_64 } from "./x86-64.ts";

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "hash 4.15": ["arch/powerpc/include/asm/book3s/64/hash.h H_VMALLOC_START, H_VMALLOC_END"],
  "hash 6.12": [
    "arch/powerpc/include/asm/book3s/64/hash.h H_VMALLOC_START, H_VMALLOC_END",
    "arch/powerpc/include/asm/book3s/64/hash-4k.h, hash-64k.h H_KERN_VIRT_START",
  ],
  "radix 4.15": ["arch/powerpc/include/asm/book3s/64/radix.h RADIX_VMALLOC_START, RADIX_VMALLOC_END"],
  "radix 6.12": ["arch/powerpc/include/asm/book3s/64/radix.h RADIX_VMALLOC_START, RADIX_VMALLOC_END"],
};

const ppc64: Architecture = Object.freeze({
  name: "ppc64",
  call: { name: "bl", bits: 26 },
  layouts: Object.freeze(
    layouts.map((layout) => ({
      linux: layout.version.name,
      configuration: layout.name,
      places: placesOf(layout),
      from: "__bpf_call_base",
      sources: [
        ...(HEADERS[`${layout.mmu} ${layout.version.name}`] ?? []),
        layout.version.name === "4.15"
          ? "arch/powerpc/kernel/module.c module_alloc"
          : "mm/execmem.c execmem_alloc",
      ],
    })),
  ),
});

export const architectures: readonly Architecture[] = Object.freeze([s390x, x86_64, arm64, ppc64]);
