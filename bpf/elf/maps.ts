// Maps of an object: BTF definitions in .maps, structures in "maps", and one array for each section of data.
import { BpfLoadError } from "../load-error.ts";
import { Btf } from "./btf.ts";
import {
  Reader,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHN_LORESERVE,
  STT_FUNC,
  type Elf,
  type Section,
} from "./reader.ts";
import { mapTypes, type MapDefinition } from "./types.ts";

/** Programs may not write to the values [Linux include/uapi/linux/bpf.h]. */
const BPF_F_RDONLY_PROG = 1 << 7;
const ARRAY = mapTypes.indexOf("array");
/** Largest data section that becomes a map: beyond it a file with a wrong size is likelier than a program. */
const MAX_DATA_BYTES = 64 * 2 ** 20;
/** Maps that one object may define; the kernel takes 64 in one program. */
const MAX_MAPS = 1024;

/** A map, and where its symbol lies. */
export interface PlacedMap {
  readonly definition: MapDefinition;
  readonly section: number;
  /** Bytes from the section's start. */
  readonly offset: number;
  /** Whether it holds the whole section: addresses in the section are then places in its value. */
  readonly isData: boolean;
}

/** All maps in the order libbpf makes them: legacy, BTF, data. */
export function readMaps(elf: Elf): readonly PlacedMap[] {
  const stated = ["maps", ".maps"]
    .map((name) => elf.section(name))
    .flatMap((s) => (s === undefined ? [] : elf.symbolsIn(s)));
  if (stated.length > MAX_MAPS)
    throw new BpfLoadError(`${stated.length} maps: more than ${MAX_MAPS}`, "E2BIG");
  return [...legacyMaps(elf), ...btfMaps(elf), ...dataMaps(elf)];
}

const typeName = (n: number): string => mapTypes[n] ?? `type ${n}`;

// struct bpf_map_def, and iproute2's bpf_elf_map, which goes on after the same five words.
function legacyMaps(elf: Elf): readonly PlacedMap[] {
  const section = elf.section("maps");
  if (section === undefined) return [];
  const symbols = elf.symbolsIn(section).filter((s) => s.type !== STT_FUNC);
  if (symbols.length === 0) return [];
  const bytes = section.data.length / symbols.length;
  if (bytes < 16 || bytes % 4 !== 0)
    throw new BpfLoadError(
      `section maps: ${section.data.length} bytes cannot be ${symbols.length} map definitions`,
    );
  const reader = new Reader(section.data, elf.endian, "section maps");
  return symbols.map(({ name, value: at }) => {
    const [typeNumber, keySize, valueSize, maxEntries] = [
      reader.u32(at),
      reader.u32(at + 4),
      reader.u32(at + 8),
      reader.u32(at + 12),
    ];
    const flags = bytes >= 20 ? reader.u32(at + 16) : 0;
    const definition = {
      name,
      type: typeName(typeNumber),
      typeNumber,
      keySize,
      valueSize,
      maxEntries,
      flags,
    };
    return { definition, section: section.index, offset: at, isData: false };
  });
}

function btfMaps(elf: Elf): readonly PlacedMap[] {
  const section = elf.section(".maps");
  if (section === undefined) return [];
  const btfSection = elf.section(".BTF");
  if (btfSection === undefined)
    throw new BpfLoadError("section .maps needs section .BTF to say what its maps are: compile with -g");
  const btf = new Btf(btfSection.data, elf.endian);
  const types = new Map(btf.variables(".maps").map((v) => [v.name, v.type]));
  return elf.symbolsIn(section).map((symbol) => {
    const type = types.get(symbol.name);
    if (type === undefined) throw new BpfLoadError(`map ${symbol.name}: section .BTF does not describe it`);
    const { definition, valuesOffset } = btfMap(btf, symbol.name, type);
    const programs =
      valuesOffset === undefined
        ? []
        : programSlots(elf, section, symbol.value + valuesOffset, symbol.value + symbol.size);
    return {
      definition: programs.length === 0 ? definition : { ...definition, programs },
      section: section.index,
      offset: symbol.value,
      isData: false,
    };
  });
}

type Sizes = Record<"type" | "key_size" | "value_size" | "max_entries" | "map_flags", number>;

function btfMap(
  btf: Btf,
  name: string,
  type: number,
  isInner = false,
): { definition: MapDefinition; valuesOffset: number | undefined } {
  const members = btf.members(type);
  if (members === undefined) throw new BpfLoadError(`map ${name}: its type is no structure`);
  const sizes: Sizes = { type: 0, key_size: 0, value_size: 0, max_entries: 0, map_flags: 0 };
  let valuesOffset: number | undefined;
  let inner: MapDefinition | undefined;
  const set = (field: keyof Sizes, value: number | undefined): void => {
    if (value === undefined) throw new BpfLoadError(`map ${name}: the type of ${field} has no size`);
    if (field !== "type" && sizes[field] !== 0 && sizes[field] !== value)
      throw new BpfLoadError(`map ${name}: ${field} is ${sizes[field]} and ${value}`);
    sizes[field] = value;
  };
  for (const member of members) {
    const target = btf.pointee(member.type);
    switch (member.name) {
      // __uint(NAME, N) declares a pointer to an array of N.
      case "type":
      case "key_size":
      case "value_size":
      case "max_entries":
      case "map_flags":
        set(member.name, target === undefined ? undefined : btf.array(target)?.elements);
        break;
      case "numa_node":
      case "pinning":
      case "map_extra":
        break;
      // __type(NAME, T) declares a pointer to T.
      case "key":
        set("key_size", target === undefined ? undefined : btf.sizeOf(target));
        break;
      case "value":
        set("value_size", target === undefined ? undefined : btf.sizeOf(target));
        break;
      // __array(values, T): programs, or maps of a definition that stands there.
      case "values": {
        const element = btf.pointee(btf.array(member.type)?.type ?? 0);
        if (element === undefined) throw new BpfLoadError(`map ${name}: values is no array of pointers`);
        if (isInner) throw new BpfLoadError(`map ${name}: maps in maps in maps`);
        if (!btf.isFunction(element)) inner = btfMap(btf, `${name}.inner`, element, true).definition;
        set("value_size", 4);
        valuesOffset = member.offsetBits / 8;
        break;
      }
      default:
        throw new BpfLoadError(`map ${name}: unknown field ${member.name}`);
    }
  }
  const definition = {
    name,
    type: typeName(sizes.type),
    typeNumber: sizes.type,
    keySize: sizes.key_size,
    valueSize: sizes.value_size,
    maxEntries: sizes.max_entries,
    flags: sizes.map_flags,
    ...(inner === undefined ? {} : { inner }),
  };
  return { definition, valuesOffset };
}

// Pointers that `values` starts with: relocations between its start and the map's end.
function programSlots(
  elf: Elf,
  section: Section,
  start: number,
  end: number,
): { index: number; name: string }[] {
  return elf
    .relocations(section)
    .filter((r) => r.offset >= start && r.offset < end)
    .map((r) => ({ index: Math.floor((r.offset - start) / 8), name: r.symbol.name }));
}

const isDataName = (name: string): boolean => /^\.(data|rodata|bss)(\.|$)/.test(name);

function dataMaps(elf: Elf): readonly PlacedMap[] {
  const kept = elf.sections.filter(
    (s) =>
      isDataName(s.name) &&
      (s.flags & SHF_ALLOC) !== 0 &&
      (s.flags & SHF_EXECINSTR) === 0 &&
      s.size > 0 &&
      s.index < SHN_LORESERVE,
  );
  let total = 0;
  return kept.map((section) => {
    total += section.size;
    if (total > MAX_DATA_BYTES)
      throw new BpfLoadError(
        `section ${section.name}: ${section.size} bytes of data are more than ${MAX_DATA_BYTES}`,
        "E2BIG",
      );
    const isReadonly = section.name.startsWith(".rodata");
    const definition: MapDefinition = {
      name: section.name,
      type: typeName(ARRAY),
      typeNumber: ARRAY,
      keySize: 4,
      valueSize: section.size,
      maxEntries: 1,
      flags: isReadonly ? BPF_F_RDONLY_PROG : 0,
      ...(section.data.length === section.size ? { initial: Uint8Array.from(section.data) } : {}),
      readonly: isReadonly,
    };
    return { definition, section: section.index, offset: 0, isData: true };
  });
}
