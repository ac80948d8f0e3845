// What a module offers to those that are loaded after it: its EXPORT_SYMBOLs; of an object that was built without the kernel's
// build, which has no table of them, every global function and variable.
import type { U64 } from "../../word/long.ts";
import { STB_LOCAL, STT_FUNC, STT_OBJECT, type ModuleFile } from "./file.ts";
import type { ModuleImage } from "./image.ts";
import { load64 } from "./image.ts";
import type { ResolvedSymbol } from "./symbols.ts";

const TABLE = /^_*ksymtab/;
const ENTRY = "__ksymtab_";
const THIS_MODULE = ".gnu.linkonce.this_module";
/** Global by their nature, never meant for others. */
const OWN: ReadonlySet<string> = new Set(["init_module", "cleanup_module", "__this_module"]);

/** Whether the kernel's build has linked it: then it says itself what it exports. */
function isLinkedModule(file: ModuleFile): boolean {
  return file.sections.some(({ name }) => name === THIS_MODULE || TABLE.test(name));
}

/**
 * C pointers by name, out of the image when it is relocated.
 * @linux include/linux/export.h EXPORT_SYMBOL; kernel/module/main.c find_exported_symbol_in_section
 */
export function exportsOf(
  file: ModuleFile,
  symbols: readonly ResolvedSymbol[],
  image: ModuleImage,
): ReadonlyMap<string, U64> {
  const exported = new Map<string, U64>();
  const isLinked = isLinkedModule(file);
  file.symbols.forEach(({ name, bind, type }, index) => {
    const symbol = symbols[index];
    const section = symbol?.section === undefined ? undefined : image.sections.get(symbol.section);
    if (symbol === undefined || section === undefined) return;
    if (!isLinked) {
      const isThing = type === STT_FUNC || type === STT_OBJECT;
      if (isThing && bind !== STB_LOCAL && !OWN.has(name)) exported.set(name, symbol.value);
      return;
    }
    if (!name.startsWith(ENTRY) || !TABLE.test(section.name)) return;
    // The first doubleword of every version's struct kernel_symbol.
    const offset = symbol.value.sub(section.address).toNumber();
    if (offset + 8 > section.size) return;
    exported.set(name.slice(ENTRY.length), load64(section.view, offset, image.little));
  });
  return exported;
}

/** Whether two modules may not have the same: what a table says is meant, a global symbol may be an accident. */
export function mustBeUnique(file: ModuleFile): boolean {
  return isLinkedModule(file);
}
