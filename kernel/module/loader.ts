// From the bytes of an object to a module in guest memory: the steps of load_module, in their order.
// Each step is a file of its own; running the module is module.ts's.
import type { U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import type { Kernel } from "../kernel.ts";
import { LEVELS } from "../log.ts";
import { ModuleError, noExec } from "./error.ts";
import { exportsOf } from "./exports.ts";
import { readModuleFile, type ModuleFile } from "./file.ts";
import { functionsOf } from "./functions.ts";
import { addGlue, type Glue } from "./glue.ts";
import { Got } from "./got.ts";
import { ModuleImage, type PlacedSection } from "./image.ts";
import { ModuleKfuncs } from "./kfuncs.ts";
import { layoutModule } from "./layout.ts";
import { ModuleMemory } from "./memory.ts";
import type { Module, ModuleParts } from "./module.ts";
import { namedSymbols } from "./named-symbols.ts";
import { moduleInfo, usableName } from "./modinfo.ts";
import { applyRelocations } from "./relocate.ts";
import { Stubs, type StubTarget } from "./stubs.ts";
import { resolveSymbols, type Lookup, type ResolvedSymbol } from "./symbols.ts";

/** r2 points so far into the TOC that signed 16-bit offsets reach all of its first 64 KiB. */
const TOC_BIAS = 0x8000;

/** What loading asks of the table of modules. */
export interface LoadSurroundings {
  /** For an object that does not say its name itself. */
  readonly name: string;
  /** Throws ModuleError EEXIST or EBUSY where there is a module of this name. */
  readonly checkName: (name: string) => void;
  /** Looks a symbol up; `owner` is the module that has it, undefined where it is the kernel's. */
  readonly find: (symbol: string) => Lookup & { readonly owner?: Module };
  /** Throws ModuleError ENOEXEC where somebody has one of these symbols already. */
  readonly checkExports: (name: string, file: ModuleFile, exported: ReadonlyMap<string, U64>) => void;
}

/**
 * Loads a module up to the point where its init can be called.
 * DIVERGES(check_modinfo): vermagic, symbol versions and the size of struct module are not compared, and what a real kernel
 * patches (feature fixups, static keys, exception tables) stays as the file has it.
 * @throws ModuleError; nothing is held then
 * @linux kernel/module/main.c load_module
 */
export function loadModule(kernel: Kernel, bytes: Uint8Array, around: LoadSurroundings): ModuleParts {
  const file = readModuleFile(bytes);
  const name = usableName(moduleInfo(file, "name") ?? around.name);
  checkArchitecture(kernel, file);
  around.checkName(name);
  const glue = addGlue(file, kernel.layout.version);
  const layout = layoutModule(name, glue.sections);
  const memory = new ModuleMemory(kernel, name, layout);
  try {
    const image = new ModuleImage(glue.sections, layout, memory.bases, kernel.endian);
    const toc = tocOf(kernel, image, glue);
    const uses = new Set<Module>();
    const find = (symbol: string): Lookup => {
      const { owner, ...found } = around.find(symbol);
      if (owner !== undefined) uses.add(owner);
      return found;
    };
    const warn = (line: string): void => {
      kernel.log.add(LEVELS.warning, line);
    };
    const symbols = resolveSymbols(file, { name, image, glue, toc, find, warn });
    const stubs = relocate(kernel, { name, file, glue, image, symbols, toc });
    const exports = exportsOf(file, symbols, image);
    around.checkExports(name, file, exports);
    memory.complete(image);
    const named = namedSymbols(file, symbols, image);
    return {
      name,
      sections: [...image.sections.values()].filter(({ size }) => size > 0),
      symbols: named,
      kfuncs: new ModuleKfuncs(file, named),
      stubs: stubs.entries,
      exports,
      functions: functionsOf(file, symbols, image),
      toc,
      memory,
      initPointer: definedSymbol(file, symbols, "init_module"),
      exitPointer: definedSymbol(file, symbols, "cleanup_module"),
      uses: [...uses],
    };
  } catch (error) {
    memory.free();
    throw error;
  }
}

/** @linux arch/powerpc/kernel/module_64.c module_elf_check_arch */
function checkArchitecture(kernel: Kernel, { endian, abi }: ModuleFile): void {
  if (endian !== kernel.endian)
    throw noExec(
      `Invalid architecture in ELF header: byte order ${endian}, the kernel's is ${kernel.endian}`,
    );
  if (abi !== kernel.abi)
    throw noExec(`Invalid module architecture in ELF header: ${abi}, the kernel is ${kernel.abi}`);
}

/** @linux arch/powerpc/kernel/module_64.c my_r2 */
function tocOf(kernel: Kernel, image: ModuleImage, { toc, stubs }: Glue): U64 {
  const address = placed(image, image.sections.has(toc) ? toc : stubs).address;
  const { tocAlign } = kernel.layout.version.module;
  return address.sub(tocAlign === 8 ? 0 : address.low & (tocAlign - 1)).add(TOC_BIAS);
}

function placed(image: ModuleImage, section: number): PlacedSection {
  const found = image.sections.get(section);
  if (found === undefined) throw new ModuleError("ENOEXEC", "doesn't contain .stubs");
  return found;
}

interface Prepared {
  readonly name: string;
  readonly file: ModuleFile;
  readonly glue: Glue;
  readonly image: ModuleImage;
  readonly symbols: readonly ResolvedSymbol[];
  readonly toc: U64;
}

function relocate(kernel: Kernel, { name, file, glue, image, symbols, toc }: Prepared): Stubs {
  const { address, view } = placed(image, glue.stubs);
  const { little } = image;
  const { version } = kernel.layout;
  const stubs = new Stubs({ abi: file.abi, version, little, address, view, toc });
  const got = new Got(image.sections.get(glue.got), little);
  const descriptor = (pointer: U64): StubTarget | undefined => {
    const load = (at: U64): U64 | MemoryFault => image.load64(at) ?? kernel.load(at, 8);
    const [code, codeToc] = [load(pointer), load(pointer.add(8))];
    if (code instanceof MemoryFault || codeToc instanceof MemoryFault) return undefined;
    return { pointer, code, toc: codeToc };
  };
  const hasPrefixed = kernel.cpu.state.model === "power10";
  applyRelocations(
    { name, abi: file.abi, image, stubs, got, descriptor, symbols, toc, hasPrefixed },
    file.tables,
  );
  return stubs;
}

function definedSymbol(file: ModuleFile, symbols: readonly ResolvedSymbol[], name: string): U64 | undefined {
  const index = file.symbols.findIndex(
    (symbol, i) => symbol.name === name && symbols[i]?.section !== undefined,
  );
  return symbols[index]?.value;
}
