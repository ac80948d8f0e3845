// From a source of kernel text to a unit. Build and tests do this; a kernel that boots has the words already.
import { ZERO, u64 } from "../../word/long.ts";
import { assemble, AssembleError, type Assembled } from "../../cpu/isa/assemble.ts";
import { textSymbols, type TextMachine } from "./offsets.ts";
import { packUnit, textMachines, type PackedUnit, type TextSymbol, type TextUnit } from "./unit.ts";

/** Where `.TOC.` is for a unit at 0; a kernel puts its own distance in. */
export const UNIT_TOC = 0x10_0000;
/** `.set __ksymtab_NAME,NAME` exports NAME. @linux include/linux/export.h EXPORT_SYMBOL */
const EXPORT_PREFIX = "__ksymtab_";

/** A source that does not assemble: the message begins with its name and the line. */
export class TextSourceError extends Error {
  override readonly name = "TextSourceError";
}

function assembled(source: string, text: string, machine: TextMachine): Assembled {
  const given = new Map([...textSymbols(machine), [".TOC.", u64(UNIT_TOC)]]);
  try {
    return assemble(text, { base: ZERO, endian: machine.endian, symbols: given });
  } catch (error) {
    if (error instanceof AssembleError) throw new TextSourceError(`${source}: ${error.message}`);
    throw error;
  }
}

/** Symbols of a unit are those that have a size. @throws TextSourceError */
export function assembleUnit(source: string, text: string, machine: TextMachine): TextUnit {
  const { words, symbols, marks } = assembled(source, text, machine);
  const named = [...marks].flatMap(
    ([name, { isFunction, isGlobal, sizeBytes, localEntryBytes }]): TextSymbol[] => {
      const address = symbols.get(name);
      if (address === undefined || sizeBytes === 0) return [];
      const isExported = symbols.has(`${EXPORT_PREFIX}${name}`);
      const offset = address.toNumber();
      return [
        { name, offset, size: sizeBytes, isFunction, isGlobal, isExported, localEntry: localEntryBytes },
      ];
    },
  );
  return { source, words, symbols: named.sort((a, b) => a.offset - b.offset) };
}

/** Sources by file name for all machines, each unit once where several machines have the same. */
export function packSources(sources: ReadonlyMap<string, string>): readonly PackedUnit[] {
  return [...sources].flatMap(([source, text]) => {
    const alike = new Map<string, { readonly unit: TextUnit; readonly machines: TextMachine[] }>();
    for (const machine of textMachines) {
      const unit = assembleUnit(source, text, machine);
      const key = JSON.stringify(unit);
      const same = alike.get(key);
      if (same === undefined) alike.set(key, { unit, machines: [machine] });
      else same.machines.push(machine);
    }
    return [...alike.values()].map(({ unit, machines }) => packUnit(unit, machines));
  });
}

/** The module that holds the units, as TypeScript. */
export function unitsModule(packed: readonly PackedUnit[]): string {
  const list = (items: readonly string[]): string =>
    items.map((item) => `      ${JSON.stringify(item)},\n`).join("");
  const units = packed.map(
    ({ source, machines, symbols, code }) =>
      `  {\n    source: ${JSON.stringify(source)},\n    machines: ${JSON.stringify(machines)},\n` +
      `    symbols: [\n${list(symbols)}    ],\n    code: [\n${list(code)}    ],\n  },\n`,
  );
  return (
    "// Kernel text in words: what the .s files beside this one assemble to. Made by `npm run kernel-text`, not to be edited.\n" +
    "// The build makes it afresh; a test compares.\n" +
    'import type { PackedUnit } from "./unit.ts";\n\n' +
    `export const packedUnits: readonly PackedUnit[] = [\n${units.join("")}];\n`
  );
}
