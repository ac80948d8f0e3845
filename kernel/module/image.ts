// A module's memory while it is put together: the contents of each part beside the address it will have in the guest.
// What is written here is relocations.ts's and the stubs' work.
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import type { Endian } from "../../cpu/state.ts";
import type { ModuleSection } from "./file.ts";
import { MEMORY_TYPES, type MemoryType, type ModuleLayout } from "./layout.ts";

/** A section in its place. */
export interface PlacedSection {
  readonly name: string;
  readonly memory: MemoryType;
  readonly address: U64;
  readonly size: number;
  /** Its contents, which may be changed. */
  readonly view: DataView;
}

export class ModuleImage {
  readonly little: boolean;
  /** By index; sections that are not in memory have none. */
  readonly sections: ReadonlyMap<number, PlacedSection>;
  readonly #parts: readonly {
    readonly memory: MemoryType;
    readonly start: U64;
    readonly bytes: Uint8Array;
  }[];

  /** @param bases address of each memory that has a size */
  constructor(
    sections: readonly ModuleSection[],
    layout: ModuleLayout,
    bases: ReadonlyMap<MemoryType, U64>,
    endian: Endian,
  ) {
    this.little = endian === "le";
    this.#parts = MEMORY_TYPES.flatMap((memory) => {
      const start = bases.get(memory);
      return start === undefined ? [] : [{ memory, start, bytes: new Uint8Array(layout.sizes[memory]) }];
    });
    const placed = new Map<number, PlacedSection>();
    for (const { index, name, size, data } of sections) {
      const place = layout.places.get(index);
      const part = this.#parts.find(({ memory }) => memory === place?.memory);
      if (place === undefined || part === undefined) continue;
      part.bytes.set(data, place.offset);
      const view = new DataView(part.bytes.buffer, place.offset, size);
      placed.set(index, { name, memory: part.memory, address: part.start.add(place.offset), size, view });
    }
    this.sections = placed;
  }

  /** The finished contents of each part, with its address. */
  get parts(): readonly { readonly memory: MemoryType; readonly start: U64; readonly bytes: Uint8Array }[] {
    return this.#parts;
  }

  /** The doubleword at an address in the module; undefined where it has none. */
  load64(address: U64): U64 | undefined {
    for (const { start, bytes } of this.#parts) {
      const offset = address.sub(start);
      if (bytes.length < 8 || offset.gt(u64(bytes.length - 8))) continue;
      return load64(new DataView(bytes.buffer), offset.toNumber(), this.little);
    }
    return undefined;
  }
}

/** A doubleword of a view. */
export function load64(view: DataView, offset: number, little: boolean): U64 {
  const [first, second] = [view.getInt32(offset, little), view.getInt32(offset + 4, little)];
  return little ? fromHalves(second, first) : fromHalves(first, second);
}

export function store64(view: DataView, offset: number, value: U64, little: boolean): void {
  view.setInt32(offset, little ? value.low : value.high, little);
  view.setInt32(offset + 4, little ? value.high : value.low, little);
}
