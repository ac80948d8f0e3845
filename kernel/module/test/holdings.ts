// What a kernel holds for modules: to be compared before and after. Not a test.
import type { Kernel } from "../../kernel.ts";

/** Areas, their pages, symbols, modules; and pages of the slabs, which keep what they had once. */
export function holdings(kernel: Kernel): object {
  // First: what modules expect of kernel text comes with the first module.
  const modules = kernel.modules.list.map(({ name }) => name);
  return {
    areas: kernel.vmalloc.areas.length,
    pages: kernel.pages.held("vmalloc") + kernel.pages.held("module"),
    symbols: kernel.kallsyms.symbols.length,
    modules,
  };
}
