// BPF_MAP_TYPE_HASH: buckets and elements in guest memory, chained as Linux chains them.
// Which elements are free is known to this side alone; one CPU, no locks.
import type { U64 } from "../../word/long.ts";
import type { MapDefinition } from "../elf/types.ts";
import type { Endian } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import { MemoryFault } from "../memory.ts";
import { MAX_BPF_STACK } from "../opcodes.ts";
import { jhash } from "./jhash.ts";
import { updateFlags, type BpfMap, type MapItem, type MapResult, type MapSurroundings } from "./map.ts";
import { bpfMap, mapFlags, MapMemory, MapMemoryError, roundUp8 } from "./memory.ts";

/** Byte offsets in struct htab_elem. @linux kernel/bpf/hashtab.c struct htab_elem */
const elem = { next: 0, pprev: 8, hash: 40, key: 48 } as const;
/**
 * Bytes of the largest block, on ppc64 with 4K and with 64K pages: 2^(MAX_PAGE_ORDER + PAGE_SHIFT).
 * @linux include/linux/slab.h KMALLOC_MAX_SIZE, arch/powerpc/Kconfig ARCH_FORCE_MAX_ORDER
 */
const KMALLOC_MAX_SIZE = 0x100_0000;
/** Bytes of a struct bucket: head of the chain and its lock. */
const BUCKET_BYTES = 16;
/** Byte offset of the pointer to the buckets behind struct bpf_map; ours, since nothing in the guest follows it. */
const BUCKETS_POINTER = bpfMap.bytes;

/** @linux kernel/bpf/hashtab.c htab_map_alloc_check */
function checkDefinition({ name, keySize, valueSize, maxEntries, flags }: MapDefinition): void {
  const f = mapFlags;
  const known = f.noPrealloc | f.numaNode | f.rdonly | f.wronly | f.zeroSeed | f.rdonlyProg | f.wronlyProg;
  const refuse = (what: string, errno: string): never => {
    throw new BpfLoadError(`map "${name}": ${what}`, errno);
  };
  if (maxEntries === 0) refuse("a hash of no elements", "EINVAL");
  if (keySize === 0) refuse("keys of 0 bytes", "EINVAL");
  if (valueSize === 0) refuse("values of 0 bytes", "EINVAL");
  if ((flags & ~known) !== 0) refuse(`flags 0x${flags.toString(16)} do not fit a hash`, "EINVAL");
  if (keySize > MAX_BPF_STACK) refuse(`keys of ${keySize} bytes: more than ${MAX_BPF_STACK}`, "E2BIG");
  if (keySize + valueSize >= KMALLOC_MAX_SIZE - elem.key)
    refuse(`elements of ${keySize + valueSize} bytes`, "E2BIG");
  if (maxEntries > 0x8000_0000) refuse(`${maxEntries} elements`, "E2BIG");
}

/** @linux kernel/bpf/hashtab.c */
export class HashMap implements BpfMap {
  readonly id: number;
  readonly definition: MapDefinition;
  readonly address: U64;
  readonly #memory: MapMemory;
  readonly #seed: number;
  readonly #bucketCount: number;
  readonly #buckets: U64;
  readonly #elementBytes: number;
  /** The one allocation of all elements, unless BPF_F_NO_PREALLOC. */
  readonly #block: U64 | undefined;
  readonly #unused: U64[] = [];
  /** With BPF_F_NO_PREALLOC the elements, by the low half of their addresses: what is linked may have been overwritten. */
  readonly #single = new Map<number, U64>();
  /** Takes the new value of a key that is there, so that an update works in a full map. */
  #spare: U64 | undefined;
  #count = 0;

  /** @throws BpfLoadError EINVAL or E2BIG for a definition that Linux refuses, ENOMEM. */
  constructor(id: number, definition: MapDefinition, { memory, random, ops }: MapSurroundings) {
    checkDefinition(definition);
    this.id = id;
    this.definition = definition;
    this.#memory = new MapMemory(memory);
    this.#seed = (definition.flags & mapFlags.zeroSeed) === 0 ? random() : 0;
    this.#bucketCount = 2 ** Math.ceil(Math.log2(definition.maxEntries));
    this.#elementBytes = elem.key + roundUp8(definition.keySize) + roundUp8(definition.valueSize);
    const taken: U64[] = [];
    const allocate = (bytes: number): U64 => {
      const at = this.#memory.allocateArea(bytes, definition, "htab_map_alloc");
      taken.push(at);
      return at;
    };
    try {
      this.address = allocate(BUCKETS_POINTER + 8);
      this.#buckets = allocate(this.#bucketCount * BUCKET_BYTES);
      this.#block = this.#preallocate(allocate);
    } catch (error) {
      for (const at of taken) this.#memory.free(at);
      throw error;
    }
    this.#memory.writeHeader(this.address, definition, ops);
    this.#memory.store(this.address.add(BUCKETS_POINTER), 8, this.#buckets);
    this.#memory.write(this.#buckets, emptyBuckets(this.#bucketCount, memory.endian));
  }

  get entryCount(): number {
    return this.#count;
  }

  lookup(key: Uint8Array): U64 | undefined {
    return this.#find(key, this.#hash(key))?.add(this.#valueOffset);
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): MapResult {
    if (flags > updateFlags.exist) return "EINVAL";
    const hash = this.#hash(key);
    const old = this.#find(key, hash);
    if (old !== undefined && flags === updateFlags.noExist) return "EEXIST";
    if (old === undefined && flags === updateFlags.exist) return "ENOENT";
    const fresh = this.#take(old);
    if (typeof fresh === "string") return fresh;
    this.#memory.store(fresh.add(elem.hash), 4, hash);
    this.#memory.write(fresh.add(elem.key), key);
    this.#memory.write(fresh.add(this.#valueOffset), value);
    this.#link(fresh, this.#bucket(hash & (this.#bucketCount - 1)));
    if (old === undefined) this.#count++;
    else this.#replace(old);
    return undefined;
  }

  delete(key: Uint8Array): MapResult {
    const found = this.#find(key, this.#hash(key));
    if (found === undefined) return "ENOENT";
    this.#unlink(found);
    this.#count--;
    if (this.#block === undefined) this.#freeSingle(found);
    else this.#unused.push(found);
    return undefined;
  }

  entries(): readonly MapItem[] {
    const items: MapItem[] = [];
    for (let i = 0; i < this.#bucketCount; i++)
      for (const at of this.#chain(i))
        items.push({
          key: this.#memory.read(at.add(elem.key), this.definition.keySize),
          value: this.#memory.read(at.add(this.#valueOffset), this.definition.valueSize),
        });
    return items;
  }

  directValue(): undefined {
    return undefined;
  }

  free(): void {
    if (this.#block !== undefined) this.#memory.free(this.#block);
    else for (const at of this.#single.values()) this.#memory.free(at);
    this.#memory.free(this.#buckets);
    this.#memory.free(this.address);
  }

  get #valueOffset(): number {
    return elem.key + roundUp8(this.definition.keySize);
  }

  /** All elements and one more, as Linux has one more for each CPU. */
  #preallocate(allocate: (bytes: number) => U64): U64 | undefined {
    const { flags, maxEntries } = this.definition;
    if ((flags & mapFlags.noPrealloc) !== 0) return undefined;
    const block = allocate((maxEntries + 1) * this.#elementBytes);
    for (let i = maxEntries; i > 0; i--) this.#unused.push(block.add(i * this.#elementBytes));
    this.#spare = block;
    return block;
  }

  #hash(key: Uint8Array): number {
    return jhash(key, this.#seed, this.#memory.endian);
  }

  #bucket(index: number): U64 {
    return this.#buckets.add(index * BUCKET_BYTES);
  }

  /** Addresses of a bucket's elements; throws MapMemoryError when there are more than the map has. */
  *#chain(index: number): Generator<U64> {
    let at = this.#memory.load(this.#bucket(index), 8);
    for (let left = this.#count + 1; (at.low & 1) === 0; left--) {
      if (left < 0) throw new MapMemoryError(new MemoryFault(at, "load", 8));
      yield at;
      at = this.#memory.load(at, 8);
    }
  }

  #find(key: Uint8Array, hash: number): U64 | undefined {
    for (const at of this.#chain(hash & (this.#bucketCount - 1))) {
      if (this.#memory.load(at.add(elem.hash), 4).low >>> 0 !== hash) continue;
      const there = this.#memory.read(at.add(elem.key), key.length);
      if (there.every((byte, i) => byte === key[i])) return at;
    }
    return undefined;
  }

  /** Memory for one more element, or for the new value of `old`. */
  #take(old: U64 | undefined): U64 | "E2BIG" | "ENOMEM" {
    if (this.#block === undefined) {
      if (old === undefined && this.#count >= this.definition.maxEntries) return "E2BIG";
      try {
        const at = this.#memory.allocate(this.#elementBytes, this.definition);
        this.#single.set(at.low, at);
        return at;
      } catch {
        return "ENOMEM";
      }
    }
    if (old !== undefined && this.#spare !== undefined) return this.#spare;
    return this.#unused.pop() ?? "E2BIG";
  }

  /** @throws MapMemoryError for what is no element of the map */
  #freeSingle(at: U64): void {
    if (this.#single.get(at.low)?.eq(at) !== true) throw new MapMemoryError(new MemoryFault(at, "store", 8));
    this.#single.delete(at.low);
    this.#memory.free(at);
  }

  #replace(old: U64): void {
    this.#unlink(old);
    if (this.#block === undefined) this.#freeSingle(old);
    else this.#spare = old;
  }

  #link(at: U64, bucket: U64): void {
    const first = this.#memory.load(bucket, 8);
    this.#memory.store(at.add(elem.next), 8, first);
    this.#memory.store(at.add(elem.pprev), 8, bucket);
    this.#memory.store(bucket, 8, at);
    if ((first.low & 1) === 0) this.#memory.store(first.add(elem.pprev), 8, at.add(elem.next));
  }

  #unlink(at: U64): void {
    const next = this.#memory.load(at.add(elem.next), 8);
    const pprev = this.#memory.load(at.add(elem.pprev), 8);
    this.#memory.store(pprev, 8, next);
    if ((next.low & 1) === 0) this.#memory.store(next.add(elem.pprev), 8, pprev);
  }
}

/** Buckets whose chains end at once; what ends chain `i` is the odd number 2i + 1, so that it says which chain it is. */
function emptyBuckets(count: number, endian: Endian): Uint8Array {
  const bytes = new Uint8Array(count * BUCKET_BYTES);
  const view = new DataView(bytes.buffer);
  const little = endian === "le";
  for (let i = 0; i < count; i++) {
    view.setUint32(i * BUCKET_BYTES + (little ? 0 : 4), i * 2 + 1, little);
    view.setUint32(i * BUCKET_BYTES + (little ? 4 : 0), Math.floor(i / 2 ** 31), little);
  }
  return bytes;
}
