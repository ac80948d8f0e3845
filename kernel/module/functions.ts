// The functions of a module by name, and where each can be entered. Who may call them is others' business.
import { u64, type U64 } from "../../word/long.ts";
import { STB_LOCAL, STT_FUNC, type ModuleFile } from "./file.ts";
import type { ModuleImage } from "./image.ts";
import type { ResolvedSymbol } from "./symbols.ts";

/** A global function of a loaded module; all addresses are effective ones. */
export interface ModuleFunction {
  readonly name: string;
  /** As a C pointer: the global entry point, on ELFv1 the descriptor. */
  readonly pointer: U64;
  /** First instruction: the global entry point. */
  readonly code: U64;
  /** Behind the instructions that compute its TOC from r12; the same as `code` where it has none of these. [ELFv2 3.4.1] */
  readonly local: U64;
}

/** The global functions, out of the image when it is relocated. On ELFv1 those that have a descriptor. */
export function functionsOf(
  { abi, symbols: all }: ModuleFile,
  symbols: readonly ResolvedSymbol[],
  image: ModuleImage,
): ReadonlyMap<string, ModuleFunction> {
  const found = new Map<string, ModuleFunction>();
  all.forEach(({ name, bind, type }, index) => {
    const symbol = symbols[index];
    const section = symbol?.section === undefined ? undefined : image.sections.get(symbol.section);
    if (symbol === undefined || section === undefined || bind === STB_LOCAL) return;
    const pointer = symbol.value;
    if (abi === "elfv1") {
      // Where functions have dot-symbols the descriptor's symbol is no function's.
      const code = section.name === ".opd" ? image.load64(pointer) : undefined;
      if (code !== undefined && inText(image, code)) found.set(name, { name, pointer, code, local: code });
    } else if (type === STT_FUNC && inText(image, pointer)) {
      const local = pointer.add(localOffset(symbol.other));
      found.set(name, { name, pointer, code: pointer, local });
    }
  });
  return found;
}

/** Bytes from the global to the local entry point [ELFv2 3.4.1: bits 0:2 of st_other]. */
export function localOffset(other: number): number {
  return ((1 << (other >>> 5)) >> 2) << 2;
}

function inText({ sections }: ModuleImage, address: U64): boolean {
  return [...sections.values()].some(
    ({ memory, address: start, size }) => memory === "text" && address.sub(start).lt(u64(size)),
  );
}
