// Applies the relocations of a module to its image, in the order in which Linux does it.
// Types are relocation.ts's rows, places in memory fields.ts's, calls calls.ts's.
import type { U64 } from "../../word/long.ts";
import { branchTarget, NOP, type CallContext } from "./calls.ts";
import { ModuleError, noExec } from "./error.ts";
import { FIELD_BYTES, putField, WORD_ALIGNED } from "./fields.ts";
import type { ModuleRelocation, RelocationTable } from "./file.ts";
import type { Got } from "./got.ts";
import type { PlacedSection } from "./image.ts";
import { fitsSigned } from "./immediate.ts";
import { PCREL_TYPES, relocationType, type RelocationType } from "./relocation.ts";
import type { ResolvedSymbol } from "./symbols.ts";

export interface RelocationContext extends CallContext {
  readonly symbols: readonly ResolvedSymbol[];
  readonly got: Got;
  /** r2 in the module. */
  readonly toc: U64;
  /** Whether the processor has the prefixed instructions that pc-relative code is made of. */
  readonly hasPrefixed: boolean;
}

/** The profiling call of -mprofile-kernel, which ftrace turns into a nop when the module comes. */
const PROFILING_CALL = "_mcount";

/** @throws ModuleError ENOEXEC, ENOENT @linux arch/powerpc/kernel/module_64.c apply_relocate_add */
export function applyRelocations(context: RelocationContext, tables: readonly RelocationTable[]): void {
  const { sections } = context.image;
  const isDescriptors = ({ target }: RelocationTable): boolean => sections.get(target)?.name === ".opd";
  // Descriptors first: calls look into them.
  for (const table of [...tables.filter(isDescriptors), ...tables.filter((t) => !isDescriptors(t))]) {
    const section = sections.get(table.target);
    if (section === undefined) continue;
    for (const relocation of [...table.relocations].sort(byTarget)) apply(context, section, relocation);
  }
}

/** Linux sorts, to count stubs, and so makes them in this order: higher symbols first. @linux relacmp */
function byTarget(a: ModuleRelocation, b: ModuleRelocation): number {
  return b.symbol - a.symbol || b.type - a.type || b.addend.toSigned().comp(a.addend.toSigned());
}

function apply(context: RelocationContext, section: PlacedSection, relocation: ModuleRelocation): void {
  const { name, image, toc, got } = context;
  const { offset, addend } = relocation;
  const type = relocationType(relocation.type);
  const symbol = context.symbols[relocation.symbol];
  if (type === undefined) throw noExec(`${name}: Unknown ADD relocation: ${relocation.type}`);
  if (PCREL_TYPES.has(relocation.type) && !context.hasPrefixed)
    throw noExec(
      `${name}: Unknown ADD relocation: ${relocation.type} (${type.name}: the code is for power10)`,
    );
  if (symbol === undefined || offset + FIELD_BYTES[type.field] > section.size)
    throw noExec(`${name}: ${type.name} at ${section.name}+0x${offset.toString(16)}: outside its section`);
  const place = section.address.add(offset);
  const target = symbol.value.add(addend);
  if (type.field === "low24" && symbol.isExternal && symbol.name === PROFILING_CALL) {
    section.view.setUint32(offset, NOP, image.little);
    return;
  }
  const value = type.value({
    target,
    place,
    toc,
    got: () => {
      const entry = got.entryFor(target);
      if (entry === undefined)
        throw new ModuleError("ENOENT", `${name}: no room in the GOT for ${symbol.name}`);
      return entry;
    },
    call: (caller) =>
      branchTarget(context, symbol, target, { view: section.view, offset, address: place, caller }),
  });
  checkRange(name, type, value);
  putField(type.field, section.view, offset, value, image.little);
}

/** What Linux calls the types whose names are others in the ABI. */
const LINUX_NAMES: Readonly<Record<string, string>> = { REL24_NOTOC: "REL24", PCREL34: "REL34" };

/** In Linux's words. */
function checkRange(module: string, { name, field, bits }: RelocationType, value: U64): void {
  const isAligned = !WORD_ALIGNED.has(field) || (value.low & 3) === 0;
  if ((bits === 0 || fitsSigned(value, bits)) && isAligned) return;
  throw noExec(
    name.startsWith("TOC")
      ? `${module}: bad ${name} relocation (0x${value.toString(16)})`
      : `${module}: ${LINUX_NAMES[name] ?? name} ${value.toSigned().toString()} out of range!`,
  );
}
