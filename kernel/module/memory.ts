// Memory of a loaded module in the guest: asked for, filled, protected, given back. All or nothing.
import { hex64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import { PAGE_KERNEL_RO, PAGE_KERNEL_ROX, type Protection } from "../mm/mm.ts";
import { ModuleError } from "./error.ts";
import type { ModuleImage } from "./image.ts";
import { MEMORY_TYPES, type MemoryType, type ModuleLayout } from "./layout.ts";

/** What each part is protected as when the module is complete. @linux kernel/module/strict_rwx.c */
const PROTECTION: Readonly<Record<MemoryType, Protection | undefined>> = {
  text: PAGE_KERNEL_ROX,
  rodata: PAGE_KERNEL_RO,
  ro_after_init: undefined,
  data: undefined,
};

export class ModuleMemory {
  /** Address of each part that has a size. */
  readonly bases: ReadonlyMap<MemoryType, U64>;
  readonly layout: ModuleLayout;
  readonly #kernel: Kernel;
  /** What module_alloc gave. */
  readonly #areas: readonly U64[];

  /** @throws ModuleError ENOMEM, nothing is held then @linux kernel/module/main.c move_module */
  constructor(kernel: Kernel, name: string, layout: ModuleLayout) {
    this.#kernel = kernel;
    this.layout = layout;
    const parts = MEMORY_TYPES.filter((memory) => layout.sizes[memory] > 0);
    const bases = new Map<MemoryType, U64>();
    const areas: U64[] = [];
    const pageBytes = kernel.pages.pageBytes;
    const inPages = (memory: MemoryType): number => Math.ceil(layout.sizes[memory] / pageBytes) * pageBytes;
    const allocate = (bytes: number): U64 => {
      const area = kernel.moduleAlloc(bytes, { caller: "load_module", owner: "module" });
      if (area === undefined) {
        for (const held of areas) kernel.vfree(held);
        throw new ModuleError("ENOMEM", `${name}: no memory for a module of ${bytes} bytes`);
      }
      areas.push(area);
      return area;
    };
    if (kernel.layout.version.module.areas === "one") {
      let address = allocate(parts.reduce((sum, memory) => sum + inPages(memory), 0));
      for (const memory of parts) {
        bases.set(memory, address);
        address = address.add(inPages(memory));
      }
    } else for (const memory of parts) bases.set(memory, allocate(inPages(memory)));
    this.bases = bases;
    this.#areas = areas;
  }

  /** Bytes held, in whole pages. */
  get bytes(): number {
    const { pageBytes } = this.#kernel.pages;
    return MEMORY_TYPES.reduce(
      (sum, memory) => sum + Math.ceil(this.layout.sizes[memory] / pageBytes) * pageBytes,
      0,
    );
  }

  /** Copies the finished image in and protects it. @linux kernel/module/main.c complete_formation */
  complete(image: ModuleImage): void {
    for (const { memory, start, bytes } of image.parts) {
      const fault = this.#kernel.write(start, bytes);
      if (fault !== undefined) throw new Error(`module memory at ${hex64(fault.address)} cannot be written`);
      this.#protect(memory, PROTECTION[memory]);
    }
  }

  /** What may be written until init has returned may no longer. @linux kernel/module/main.c do_init_module */
  initDone(): void {
    this.#protect("ro_after_init", PAGE_KERNEL_RO);
  }

  /** Gives everything back. */
  free(): void {
    for (const area of this.#areas) this.#kernel.vfree(area);
  }

  #protect(memory: MemoryType, protection: Protection | undefined): void {
    const base = this.bases.get(memory);
    if (base === undefined || protection === undefined) return;
    this.#kernel.vmalloc.protect(base, this.layout.sizes[memory], protection);
  }
}
