// BPF_MAP_TYPE_ARRAY: struct bpf_array with all values behind it, present from the start. Global data are arrays too.
import type { U64 } from "../../word/long.ts";
import type { MapDefinition } from "../elf/types.ts";
import { BpfLoadError } from "../load-error.ts";
import { updateFlags, type BpfMap, type MapItem, type MapResult, type MapSurroundings } from "./map.ts";
import { bpfMap, mapFlags, MapMemory, roundUp8 } from "./memory.ts";

/** Byte offsets in struct bpf_array. @linux include/linux/bpf.h struct bpf_array */
export const bpfArray = {
  elemSize: bpfMap.bytes,
  indexMask: bpfMap.bytes + 4,
  /** First value; of a prog_array the pointers. */
  value: 272,
} as const;

/** @linux kernel/bpf/arraymap.c array_map_alloc_check */
function checkDefinition({ name, keySize, valueSize, maxEntries, flags }: MapDefinition): void {
  const f = mapFlags;
  const known = f.numaNode | f.rdonly | f.wronly | f.rdonlyProg | f.wronlyProg | f.mmapable | f.innerMap;
  const refuse = (what: string, errno: string): never => {
    throw new BpfLoadError(`map "${name}": ${what}`, errno);
  };
  if (maxEntries === 0) refuse("an array of no elements", "EINVAL");
  if (keySize !== 4) refuse(`an array has keys of 4 bytes, not ${keySize}`, "EINVAL");
  if (valueSize === 0) refuse("values of 0 bytes", "EINVAL");
  if ((flags & ~known) !== 0) refuse(`flags 0x${flags.toString(16)} do not fit an array`, "EINVAL");
  if (valueSize >= 0x7fff_ffff) refuse(`values of ${valueSize} bytes`, "E2BIG");
}

/**
 * DIVERGES(array_map_alloc): with BPF_F_MMAPABLE, which libbpf gives global data, Linux takes whole pages of vmalloc; here small ones are kmalloc's.
 * @linux kernel/bpf/arraymap.c
 */
export class ArrayMap implements BpfMap {
  readonly id: number;
  readonly definition: MapDefinition;
  readonly address: U64;
  readonly #memory: MapMemory;
  /** Bytes from one value to the next. */
  readonly #stride: number;

  /** @throws BpfLoadError EINVAL or E2BIG for a definition that Linux refuses, ENOMEM. */
  constructor(id: number, definition: MapDefinition, { memory, ops }: MapSurroundings) {
    checkDefinition(definition);
    this.id = id;
    this.definition = definition;
    this.#memory = new MapMemory(memory);
    this.#stride = roundUp8(definition.valueSize);
    const bytes = bpfArray.value + this.#stride * definition.maxEntries;
    this.address = this.#memory.allocateArea(bytes, definition, "array_map_alloc");
    this.#memory.writeHeader(this.address, definition, ops);
    this.#memory.store(this.address.add(bpfArray.elemSize), 4, this.#stride);
    this.#memory.store(this.address.add(bpfArray.indexMask), 4, indexMask(definition.maxEntries));
    if (definition.initial !== undefined) this.#memory.write(this.#value(0), definition.initial);
  }

  get entryCount(): number {
    return this.definition.maxEntries;
  }

  lookup(key: Uint8Array): U64 | undefined {
    const index = this.#index(key);
    return index < this.definition.maxEntries ? this.#value(index) : undefined;
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): MapResult {
    if (flags > updateFlags.exist) return "EINVAL";
    const index = this.#index(key);
    if (index >= this.definition.maxEntries) return "E2BIG";
    if (flags === updateFlags.noExist) return "EEXIST";
    this.#memory.write(this.#value(index), value);
    return undefined;
  }

  delete(): MapResult {
    return "EINVAL";
  }

  entries(): readonly MapItem[] {
    return Array.from({ length: this.definition.maxEntries }, (_, index) => {
      const key = new Uint8Array(4);
      new DataView(key.buffer).setUint32(0, index, this.#memory.endian === "le");
      return { key, value: this.#memory.read(this.#value(index), this.definition.valueSize) };
    });
  }

  directValue(offset: number): U64 | undefined {
    const { maxEntries, valueSize } = this.definition;
    return maxEntries === 1 && offset >= 0 && offset < valueSize ? this.#value(0).add(offset) : undefined;
  }

  free(): void {
    this.#memory.free(this.address);
  }

  #index(key: Uint8Array): number {
    return new DataView(key.buffer, key.byteOffset).getUint32(0, this.#memory.endian === "le");
  }

  #value(index: number): U64 {
    return this.address.add(bpfArray.value + index * this.#stride);
  }
}

/** The mask that keeps a mispredicted index in bounds: ones up to the highest bit of the largest index. */
function indexMask(maxEntries: number): number {
  return maxEntries <= 1 ? 0 : 0xffff_ffff >>> Math.clz32(maxEntries - 1);
}
