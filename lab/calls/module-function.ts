// A function in a module of its own, loaded as any other module: with the TOC that its global entry point makes, or pc-relative, which
// needs none. Its calls of the kernel are left to the loader.
import { ZERO, type U64 } from "../../word/long.ts";
import { encode } from "../../cpu/isa/encode.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Module } from "../../kernel/module/module.ts";
import { placed, text, type CallMaker, type Item } from "./code.ts";
import { moduleObject, type TextRelocation } from "./module-object.ts";

/** How the function's file is compiled. */
export type ModuleCode = "toc" | "pcrel";

/** Relocation types [ELFv2 3.5.3]. */
const REL24 = 10;
const REL24_NOTOC = 116;
const REL16_LO = 250;
const REL16_HA = 252;

/** What a compiler leaves at a call of what it does not know: a branch to be filled in, and room for the reload of r2 where there is one. */
export const CALL_WORDS: Readonly<Record<ModuleCode, readonly number[]>> = {
  toc: [encode("b", { LK: 1 }), encode("ori", {})],
  pcrel: [encode("b", { LK: 1 })],
};

/** r2 of the module from the function's own address in r12 [ELFv2 2.3.2.1]. */
const MAKE_TOC = text("addis r2,r12,0; addi r2,r2,0");
/** Bytes from the global to the local entry point. */
export const MAKE_TOC_BYTES = 8;

/** A function to be put into a module. */
export interface ModuleFunction {
  readonly name: string;
  readonly code: ModuleCode;
  /** Without what makes the TOC. */
  readonly items: readonly Item[];
  /** What its calls, if it has any, call: one that the kernel exports. */
  readonly calls?: string | undefined;
  /** Nops before it, so that it lies elsewhere in its line. */
  readonly nopsBefore?: number;
}

/**
 * Loads a module with the function.
 * @returns its global entry point, and the module, which is to be discarded
 * @throws ModuleError where the kernel refuses it
 */
export function loadModuleFunction(
  kernel: Kernel,
  { name, code, items, calls, nopsBefore = 0 }: ModuleFunction,
): { readonly module: Module; readonly pointer: U64 } {
  const maker: CallMaker = {
    maxWords: CALL_WORDS[code].length,
    pass: () => ({ words: () => CALL_WORDS[code], stubs: [], table: [] }),
  };
  const whole: readonly Item[] = [
    { kind: "words", words: Array.from({ length: nopsBefore }, () => encode("ori", {})) },
    ...(code === "toc" ? [MAKE_TOC] : []),
    ...items,
  ];
  const { words, labels } = placed(whole, ZERO, maker);
  const start = 4 * nopsBefore;
  const relocations: TextRelocation[] = code === "toc" ? tocRelocations(kernel, start) : [];
  if (calls !== undefined)
    relocations.push({
      offset: labels.get("site_0") ?? 0,
      type: code === "toc" ? REL24 : REL24_NOTOC,
      symbol: calls,
    });
  const bytes = 4 * words.length - start;
  const file = moduleObject({
    endian: kernel.endian,
    words,
    relocations,
    functions: [{ name, offset: start, bytes, usesToc: code === "toc" }],
  });
  const module = kernel.modules.load(file, { name: `lab_${name}` });
  module.init();
  return { module, pointer: module.symbols.find((symbol) => symbol.name === name)?.address ?? ZERO };
}

/** Of the two words that make the TOC. */
function tocRelocations({ endian }: Kernel, start: number): TextRelocation[] {
  // The immediate of a word: its low half in memory, the second one in big-endian.
  const half = endian === "le" ? 0 : 2;
  return [REL16_HA, REL16_LO].map((type, i) => ({
    offset: start + 4 * i + half,
    type,
    symbol: ".TOC.",
    addend: 4 * i + half,
  }));
}
