// What the symbols of a module stand for once it has its place: its own sections, the kernel, modules that were loaded before.
// Who exports what is the caller's business.
import { ZERO, type U64 } from "../../word/long.ts";
import { ModuleError, noExec } from "./error.ts";
import { routineName } from "./crtsavres.ts";
import { SHN_ABS, SHN_COMMON, SHN_UNDEF, STB_WEAK, type ModuleFile } from "./file.ts";
import type { Glue } from "./glue.ts";
import type { ModuleImage } from "./image.ts";

/** A symbol with its value. */
export interface ResolvedSymbol {
  readonly name: string;
  readonly value: U64;
  /** st_other. */
  readonly other: number;
  /** Whether it is the kernel's or another module's: calls go by a stub. */
  readonly isExternal: boolean;
  /** Index of its section, where it has one in memory. */
  readonly section: number | undefined;
}

/** What an undefined symbol was found to be. */
export type Lookup =
  | { readonly kind: "found"; readonly value: U64 }
  /** Of a module whose init has not returned. */
  | { readonly kind: "busy" }
  | { readonly kind: "unknown" };

export interface SymbolSurroundings {
  readonly name: string;
  readonly image: ModuleImage;
  readonly glue: Glue;
  /** r2 in the module. */
  readonly toc: U64;
  readonly find: (symbol: string) => Lookup;
  /** A line of the kernel log. */
  readonly warn: (line: string) => void;
}

/** Unknown names that a message has; the log has all. */
const MOST_NAMES = 8;
const ERRNO = { busy: -16, unknown: -2 } as const;

/**
 * In the file's order.
 * @throws ModuleError ENOENT for symbols that nobody has, EBUSY for those of a module that is not ready, ENOEXEC
 * @linux kernel/module/main.c simplify_symbols
 */
export function resolveSymbols(file: ModuleFile, around: SymbolSurroundings): readonly ResolvedSymbol[] {
  const missing: { readonly name: string; readonly why: "busy" | "unknown" }[] = [];
  const symbols = file.symbols.map((symbol, index): ResolvedSymbol => {
    const { other, section, value } = symbol;
    const own = { name: symbol.name, other, isExternal: false, section: undefined };
    if (index === 0) return { ...own, value: ZERO };
    if (section === SHN_ABS) return { ...own, value };
    if (section === SHN_UNDEF) {
      const name = dedotted(symbol.name);
      if (name === "TOC.") return { ...own, name, value: around.toc };
      const routine = routineIn(around, name);
      if (routine !== undefined) return { ...own, name, ...routine };
      const found = around.find(name);
      // A weak symbol may be nobody's; one that somebody has not ready is waited for in vain.
      const isMissing = found.kind === "busy" || (found.kind === "unknown" && symbol.bind !== STB_WEAK);
      if (isMissing) missing.push({ name, why: found.kind });
      return { ...own, name, isExternal: true, value: found.kind === "found" ? found.value : ZERO };
    }
    if (section === SHN_COMMON) throw noExec(`${around.name}: please compile with -fno-common`);
    if (section >= file.sections.length)
      throw noExec(`${around.name}: Symbol ${symbol.name} has an invalid section index ${section}`);
    const placed = around.image.sections.get(section);
    if (placed === undefined) return { ...own, value };
    return { ...own, section, value: placed.address.add(value) };
  });
  if (missing.length > 0) throw unknownSymbols(missing, around);
  return symbols;
}

/** Old compilers call `.function`, and the TOC is `.TOC.`. @linux arch/powerpc/kernel/module_64.c dedotify */
function dedotted(name: string): string {
  return name.startsWith(".") ? name.slice(1) : name;
}

function routineIn(
  { glue, image }: SymbolSurroundings,
  name: string,
): { readonly value: U64; readonly section: number } | undefined {
  const { section, offsets } = glue.routines;
  const offset = offsets.get(routineName(name) ?? "");
  const address = image.sections.get(section)?.address;
  return offset === undefined || address === undefined ? undefined : { value: address.add(offset), section };
}

function unknownSymbols(
  missing: readonly { readonly name: string; readonly why: "busy" | "unknown" }[],
  { name, warn }: SymbolSurroundings,
): ModuleError {
  const lines = missing.map((symbol) => `${name}: Unknown symbol ${symbol.name} (err ${ERRNO[symbol.why]})`);
  lines.forEach(warn);
  const others = missing.slice(1, MOST_NAMES).map((symbol) => symbol.name);
  const rest = missing.length - 1 - others.length;
  const more = others.length === 0 ? "" : `, nor ${others.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  const last = missing.at(-1)?.why;
  return new ModuleError(last === "busy" ? "EBUSY" : "ENOENT", `${lines[0] ?? ""}${more}`);
}
