// The symbols of a module as kallsyms has them: with addresses in memory and sizes that end where the next begins at the latest.
import { u64, type U64 } from "../../word/long.ts";
import { STB_LOCAL, STT_FILE, STT_SECTION, type ModuleFile, type ModuleSymbol } from "./file.ts";
import type { ModuleImage, PlacedSection } from "./image.ts";
import type { LoadedSymbol } from "./module.ts";
import type { ResolvedSymbol } from "./symbols.ts";

const DESCRIPTOR_BYTES = 24;

interface Named {
  readonly symbol: ModuleSymbol;
  readonly place: PlacedSection;
  /** Bytes from the section's start. */
  readonly offset: number;
}

/**
 * Named symbols in memory, in the file's order; a function on ELFv1 has two lines, its descriptor and, with a dot, its code.
 * @linux kernel/module/kallsyms.c add_kallsyms
 */
export function namedSymbols(
  file: ModuleFile,
  symbols: readonly ResolvedSymbol[],
  image: ModuleImage,
): readonly LoadedSymbol[] {
  const named = file.symbols.flatMap((symbol, index): readonly Named[] => {
    const { value, section } = symbols[index] ?? { value: u64(0), section: undefined };
    const place = section === undefined ? undefined : image.sections.get(section);
    if (place === undefined || symbol.name === "") return [];
    if (symbol.type === STT_SECTION || symbol.type === STT_FILE) return [];
    const distance = value.sub(place.address);
    return distance.lt(u64(place.size)) ? [{ symbol, place, offset: distance.toNumber() }] : [];
  });
  const starts = startsBySection(named);
  return named.flatMap((one) => lines(one, image, starts.get(one.place) ?? []));
}

/** Offsets at which symbols begin, ascending. */
function startsBySection(named: readonly Named[]): ReadonlyMap<PlacedSection, readonly number[]> {
  const starts = new Map<PlacedSection, number[]>();
  for (const { place, offset } of named) {
    const list = starts.get(place);
    if (list === undefined) starts.set(place, [offset]);
    else list.push(offset);
  }
  for (const list of starts.values()) list.sort((a, b) => a - b);
  return starts;
}

function lines(
  { symbol, place, offset }: Named,
  image: ModuleImage,
  starts: readonly number[],
): readonly LoadedSymbol[] {
  const { name } = symbol;
  const isGlobal = symbol.bind !== STB_LOCAL;
  const address = place.address.add(offset);
  if (place.name === ".opd") {
    const descriptor: LoadedSymbol = { name, address, size: DESCRIPTOR_BYTES, type: isGlobal ? "D" : "d" };
    const code = image.load64(address);
    const size = symbol.size.high === 0 ? symbol.size.low >>> 0 : 0;
    if (code === undefined || size === 0 || !isInText(image, code, size)) return [descriptor];
    return [descriptor, { name: `.${name}`, address: code, size, type: isGlobal ? "T" : "t" }];
  }
  const end = symbol.size.isZero() ? (firstAbove(starts, offset) ?? place.size) : place.size;
  const room = end - offset;
  const size = symbol.size.isZero() || symbol.size.gt(u64(room)) ? room : symbol.size.toNumber();
  const letter = place.memory === "text" ? "t" : "d";
  return [{ name, address, size, type: isGlobal ? (letter === "t" ? "T" : "D") : letter }];
}

function isInText(image: ModuleImage, code: U64, size: number): boolean {
  const text = image.parts.find(({ memory }) => memory === "text");
  if (text === undefined) return false;
  const offset = code.sub(text.start);
  return offset.lt(u64(text.bytes.length)) && offset.toNumber() + size <= text.bytes.length;
}

/** Of ascending numbers. */
function firstAbove(numbers: readonly number[], limit: number): number | undefined {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return numbers[low];
}
